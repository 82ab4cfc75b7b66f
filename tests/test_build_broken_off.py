"""A build that is interrupted, killed or run twice leaves a whole index or none."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fakes import HashEmbedder, Opening

from index import store
from index.build import open_index
from index.errors import IndexStoreError

ROOT = Path(__file__).resolve().parents[1]


def test_an_interrupt_while_embedding_leaves_the_old_index(opening: Opening) -> None:
    before = opening()
    (opening.corpus / "new.txt").write_text("New words.")

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "embedding":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_index(opening.corpus, opening.root, HashEmbedder(), 800, interrupt)
    manifest = store.read_manifest(opening.folder)
    assert manifest is not None
    assert store.load(opening.folder, manifest).version == before.version
    (opening.corpus / "new.txt").unlink()
    opening()
    assert opening.embedder.encoded == 0


def test_an_interrupt_while_saving_leaves_no_half_index(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(store, "_write_durably", interrupt)
        opening()
    assert [entry.name for entry in opening.folder.iterdir() if entry.is_dir()] == []
    assert opening().sentences


def test_a_killed_process_leaves_nothing_that_is_believed(opening: Opening) -> None:
    dying = (
        "import os, signal, sys; from pathlib import Path; sys.path.insert(0, 'tests')\n"
        "from fakes import HashEmbedder; from index import build, store\n"
        "store._write_durably = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "build.open_index(Path(sys.argv[1]), Path(sys.argv[2]), HashEmbedder(), 800)"
    )
    command = [sys.executable, "-c", dying, str(opening.corpus), str(opening.root)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    stray = opening.generation()
    assert store.read_manifest(opening.folder) is None
    assert opening().sentences
    assert opening.again == ""
    assert not stray.exists()
    assert opening.generation().is_dir()


def test_a_second_writer_is_refused_and_changes_nothing(opening: Opening) -> None:
    opening()
    (opening.corpus / "new.txt").write_text("New words.")
    before = opening.generation()
    with store.writing(opening.folder):
        with pytest.raises(IndexStoreError, match="Another Footnote process"):
            opening()
        with pytest.raises(IndexStoreError, match="Another Footnote process"):
            opening.change(lambda selection: selection.removing(["qom.md"]))
    assert opening.generation() == before
    assert "qom.md" in opening().articles
