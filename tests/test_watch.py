"""`footnote index --watch`: changes are seen when they have settled, and Ctrl-C ends it."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import CORPUS, Opening, ScriptedGenerator, open_assistant

from index import watch as watching
from index.watch import watch
from rag.assistant import Assistant
from rag.cli import main
from rag.settings import Settings
from rag.types import Progress


class Clock:
    """Does the next step each time that the watcher sleeps; ends it when there is none."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.steps = list(steps)

    def sleep(self, seconds: float) -> None:
        if not self.steps:
            raise KeyboardInterrupt
        self.steps.pop(0)()


def nothing() -> None:
    pass


@pytest.fixture
def changes(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Counts what `watch` sees of the little corpus while a clock's steps are done."""

    def count(*steps: Callable[[], object]) -> int:
        monkeypatch.setattr(watching, "time", Clock(*steps))
        seen = watch({opening.corpus: opening.folder})
        next(seen)  # at once
        with pytest.raises(KeyboardInterrupt):
            for number in itertools.count():  # noqa: B007
                next(seen)
        return number

    return count


@pytest.mark.parametrize("kind", ["added", "changed", "renamed", "deleted"])
def test_each_change_is_seen_once(opening: Opening, changes: Callable[..., int], kind: str) -> None:
    file = opening.corpus / "qom.md"
    steps: dict[str, Callable[[], object]] = {
        "added": lambda: (opening.corpus / "new.md").write_text("New."),
        "changed": lambda: os.utime(file, (1, 1)),
        "renamed": lambda: file.rename(opening.corpus / "later.md"),
        "deleted": file.unlink,
    }
    assert changes(nothing, nothing, steps[kind], nothing, nothing, nothing) == 1


def test_a_file_that_grows_is_waited_for(opening: Opening, changes: Callable[..., int]) -> None:
    def grow() -> None:
        with (opening.corpus / "new.txt").open("a") as file:
            file.write("More words. ")

    assert changes(grow, grow, grow, nothing, nothing) == 1


def test_what_is_not_read_wakes_nobody(opening: Opening, changes: Callable[..., int]) -> None:
    def clutter() -> None:
        (opening.corpus / ".hidden.md").write_text("x")
        (opening.corpus / "picture.png").write_bytes(b"x")

    assert changes(clutter, nothing) == 0


def test_the_command_tells_each_update_and_ends_cleanly(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def opened(*, settings: Settings, progress: Progress) -> Assistant:
        return open_assistant(settings.corpus, ScriptedGenerator())

    def empty() -> None:
        for name in CORPUS:
            (corpus / name).unlink()

    def back() -> None:
        (corpus / "new.md").write_text("New words.")

    monkeypatch.setattr(Assistant, "open", opened)
    clock = Clock(nothing, empty, nothing, back, nothing, nothing)
    monkeypatch.setattr(watching, "time", clock)
    assert main(["index", "--watch", str(corpus)]) == 0
    shown = capsys.readouterr()
    assert [text.split(": ")[-1] for text in shown.out.splitlines()] == [
        "3 articles, 3 passages, 0 files skipped",
        "watching for changes; Ctrl-C ends it",
        "1 article, 1 passage, 0 files skipped",
    ]
    assert "holds no article that Footnote can read" in shown.err
