"""The stored index: complete or absent, checked before it is believed, one writer at a time."""

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import CORPUS, HashEmbedder

from index import store
from index.build import build
from index.errors import IndexStoreError
from index.load import Skipped
from index.selection import Selection
from index.store import Index
from index.types import Article

ROOT = Path(__file__).resolve().parents[1]
FILES = ["articles.jsonl", "passages.npy", "sentences.npy", "passages.faiss", "sentences.faiss"]


def made(*texts: str) -> Index:
    articles = [Article(f"{i}.md", f"T{i}", f"{i}.md", t, sha256=t) for i, t in enumerate(texts)]
    index = build(articles, HashEmbedder(), 800)
    return replace(index, skipped=(Skipped("a.pdf", "not read"),))


def stored(folder: Path) -> Index:
    manifest = store.read_manifest(folder)
    assert manifest is not None
    return store.load(folder, manifest)


def generation(folder: Path) -> Path:
    return folder / str(json.loads((folder / "manifest.json").read_text())["generation"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "indexes" / "one"


@contextmanager
def full_disk(free: int) -> Iterator[None]:
    """No file may grow beyond `free` bytes, as on a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_index_comes_back_as_it_was(folder: Path) -> None:
    index = made("One came. “Two” left\u2014🙂.\n\nThree stayed.", "Four.")
    store.save(index, folder)
    back = stored(folder)
    for name in ("articles", "passages", "sentences", "identity", "skipped", "version"):
        assert getattr(back, name) == getattr(index, name)
    rows = np.arange(len(index.sentences))
    assert np.array_equal(back.dense_sentences.vectors(rows), index.dense_sentences.vectors(rows))
    for query in ("three", "nothing known", ""):
        for ours, theirs in (
            (index.lexical_passages, back.lexical_passages),
            (index.lexical_sentences, back.lexical_sentences),
        ):
            assert np.array_equal(ours.scores(query), theirs.scores(query))


def test_the_version_follows_the_content() -> None:
    one = made("One.", "Two.")
    turned = replace(one, articles=dict(reversed(one.articles.items())))
    assert one.version == made("One.", "Two.").version == turned.version
    assert one.version != made("One.", "Three.").version
    assert one.version != replace(one, identity=one.identity | {"passage_chars": 1}).version


def test_an_index_of_stop_words_only_can_be_kept(folder: Path) -> None:
    store.save(made("The of and."), folder)
    assert stored(folder).lexical_sentences.scores("the of").tolist() == [0.0]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["cut", "emptied", "removed", "one byte", "of another index"])
def test_an_altered_file_is_not_believed(folder: Path, name: str, harm: str) -> None:
    store.save(made("One came. Two left."), folder)
    store.save(made("Eleven came. Two left."), folder.parent / "other")
    file = generation(folder) / name
    data = file.read_bytes()
    if harm == "removed":
        file.unlink()
    elif harm == "of another index":
        shutil.copy(generation(folder.parent / "other") / name, file)
    else:
        harmed = {"cut": data[:-1], "emptied": b"", "one byte": data[:-1] + bytes([data[-1] ^ 1])}
        file.write_bytes(harmed[harm])
    with pytest.raises(IndexStoreError, match=f"{name.split('.', maxsplit=1)[0]}"):
        stored(folder)


def test_every_file_is_in_the_manifest(folder: Path) -> None:
    store.save(made("One came."), folder)
    data = generation(folder)
    for file in (f for f in data.rglob("*") if f.is_file()):
        content = file.read_bytes()
        file.write_bytes(content + b" ")
        with pytest.raises(IndexStoreError):
            stored(folder)
        file.write_bytes(content)
    assert stored(folder).sentences


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": 0}', "\udcff", "{}", '{"format": 1}']
)
def test_a_manifest_that_is_none_is_refused(folder: Path, text: str) -> None:
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(IndexStoreError):
        store.read_manifest(folder)


def test_no_manifest_is_no_index(folder: Path) -> None:
    assert store.read_manifest(folder) is None


def test_saving_again_leaves_one_generation(folder: Path) -> None:
    store.save(made("One."), folder)
    first = generation(folder)
    store.save(made("Two."), folder)
    assert not first.exists()
    assert {f.name for f in folder.iterdir()} == {"manifest.json", generation(folder).name}
    assert stored(folder).articles["0.md"].text == "Two."


@pytest.mark.parametrize("free", [0, 100])
def test_a_full_disk_leaves_the_old_index(folder: Path, free: int) -> None:
    store.save(made("Old."), folder)
    with full_disk(free), pytest.raises(IndexStoreError, match=r"Free some space.*untouched"):
        store.save(made("New. " * 50), folder)
    assert stored(folder).articles["0.md"].text == "Old."
    assert len([f for f in folder.iterdir() if f.is_dir()]) == 1


def test_a_disk_that_fills_up_in_the_vectors_is_told_as_well(folder: Path) -> None:
    store.save(made("Old."), folder)
    with full_disk(2000), pytest.raises(IndexStoreError, match="Free some space"):
        store.save(made("New words here. " * 20), folder)


def test_a_selection_that_cannot_be_written_is_told(folder: Path) -> None:
    folder.mkdir(parents=True)
    with full_disk(0), pytest.raises(IndexStoreError):
        store.save_selection(Selection(("/a",), ()), folder)


def test_a_selection_comes_back(folder: Path) -> None:
    folder.mkdir(parents=True)
    assert Selection.read(folder) == Selection()
    kept = Selection(("/tmp/ü.md",), ("a.md", "b.md"))
    store.save_selection(kept, folder)
    assert Selection.read(folder) == kept


@pytest.mark.parametrize("text", ["", "[]", '{"added": []}', '{"added": 3, "removed": []}'])
def test_a_damaged_selection_is_told(folder: Path, text: str) -> None:
    folder.mkdir(parents=True)
    (folder / "selection.json").write_text(text)
    with pytest.raises(IndexStoreError, match=r"selection.json cannot be read.*mend or delete it"):
        Selection.read(folder)


def test_a_second_process_is_told_to_wait(folder: Path) -> None:
    holding = (
        "import sys; from pathlib import Path; from index.store import writing\n"
        "with writing(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holding, str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(IndexStoreError, match=r"Another Footnote process.*nothing was changed"):
            store.writing(folder).__enter__()
        other.communicate("")
    with store.writing(folder):
        pass


def test_an_error_while_writing_lets_the_next_one_write(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt), store.writing(folder):
        raise KeyboardInterrupt
    with store.writing(folder), pytest.raises(IndexStoreError, match="Another Footnote process"):
        store.writing(folder).__enter__()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(CORPUS["qom.md"])
    with pytest.raises(IndexStoreError, match="Set FOOTNOTE_HOME to a folder that can"):
        store.writing(tmp_path / "file" / "index").__enter__()
