"""What the page needs of an evaluation. `eval` has one; this package does not know that."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Turn = Callable[[], AbstractContextManager[bool]]
"""Waits for the model and holds it meanwhile; gives False when nothing more is to be asked."""
Progress = Callable[[int, int, str], None]
"""Called with the questions that are done, all of them, and the time left ("" if not known)."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What cases there are to choose from: how many of each split, their kinds and tags."""

    splits: dict[str, int]
    kinds: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subset:
    """Which cases are asked, at most `most`: of a split, and of a kind or with a tag if named."""

    split: str = "report"
    kind: str = ""
    tag: str = ""
    most: int = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """A share: `count` of `of`, the bounds of its 95 % interval, and both drawn as SVG."""

    label: str
    count: int
    of: int
    low: float
    high: float
    drawing: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing (SVG) with its title, and what it shows."""

    title: str
    caption: str
    drawing: str


@dataclass(frozen=True, slots=True)
class Miss:
    """A case that did not go well; `reason` says why it counts so."""

    outcome: str
    question: str
    expected: str
    answer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What is shown of a report. The texts are plain; the drawings are ready HTML."""

    made: datetime
    on_page: bool  # started on the page, not on the command line
    model: str
    corpus: str
    asked: str  # which cases it is of, in words
    note: str
    figures: tuple[Figure, ...]
    plots: tuple[Plot, ...]
    missed: tuple[Miss, ...]


class Evaluator(Protocol):
    """Asks hand-written questions, judges the answers, and keeps a report of the last run."""

    def choices(self) -> Choices | None:
        """What can be asked; None when there are no cases about these articles."""

    def latest(self) -> Report | None:
        """The newest report about these articles. Raises ConfigError when it cannot be read."""

    def whole(self) -> str | None:
        """The same as a page by itself, without a path of this machine."""

    def run(self, subset: Subset, turn: Turn, progress: Progress) -> None:
        """Ask the cases, each within a `turn`, and write the report.

        What is answered is kept, so that the same subset goes on where it was stopped.
        Raises FootnoteError.
        """
