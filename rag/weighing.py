"""Which window is read: each is judged by itself, and the one that states the answer is chosen."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from rag.compose import checking, compose
from rag.errors import QuestionError
from rag.generate import Generator, Prompt
from rag.judge import Calibration, weigh
from rag.types import Evidence, Weighed

_ENOUGH = 0.7  # probability at which no other window is looked at
_SURELY = 0.999  # as much as can be asked of a margin
_WORTH = 0.25  # probability from which an answer is tried


class Asked(NamedTuple):
    """A window, and what the model is asked behind it."""

    window: Evidence
    judging: Prompt
    answering: Prompt
    length: int  # of `answering`, in tokens


class Reading(NamedTuple):
    """The window that the answer is written from."""

    chosen: Asked
    calibrated: Calibration
    margin: float
    confidence: float  # the margin as a probability
    worth: bool  # it is enough to try an answer
    others: list["Other"]  # windows that it is not written from, in their order
    weighed: tuple[Weighed, ...]


class Other(NamedTuple):
    """A window that the answer is not written from."""

    asked: Asked
    near: bool  # it is one of those that the judge weighs for the answer
    margin: float | None  # None while it has not been weighed


def fitting(
    question: str,
    found: Sequence[Evidence],
    generator: Generator,
    answer_tokens: int,
    *,
    transient: bool,
) -> list[Asked]:
    """Each window with its two prompts, but for those that the model cannot hold.

    Raises QuestionError when that leaves none.
    """
    asked, check = [], 0
    for window in found:
        judging, answering = compose(question, [window], transient=transient)
        length = generator.length(answering)
        if generator.checks and not check:  # as long behind every window
            check = generator.length(checking(answering, "")) - length
        if length + answer_tokens + check <= generator.context_tokens:
            asked.append(Asked(window, judging, answering, length))
    if found and not asked:
        raise QuestionError(
            "The question and what it is asked about are longer than the model can read. "
            "Shorten the question or raise FOOTNOTE_CONTEXT_TOKENS."
        )
    return asked


def choose(
    windows: Sequence[Asked],
    limit: int,
    generator: Generator,
    calibrated: Calibration,
    strictness: float,
) -> Reading:
    """The window to read, of at least one; at most `limit` are weighed.

    They are weighed one after another, up to the first that states the answer well enough: of
    several that do, the one that stands first is the better choice.
    """
    # what is stated well enough is not better stated by asking for less
    enough = calibrated.margin(max(_ENOUGH, min(strictness, _SURELY)))
    judging = [window.judging for window in windows[:limit]]
    margins = weigh(judging, generator, enough)
    row = max(range(len(margins)), key=margins.__getitem__)
    others = [
        Other(window, at < limit, margins[at] if at < len(margins) else None)
        for at, window in enumerate(windows)
        if at != row
    ]
    probabilities = [calibrated.probability(margin) for margin in margins]
    worth = probabilities[row] >= min(_WORTH, strictness)
    weighed = tuple(
        _weighed(windows[at].window, margins[at], probabilities[at], read=worth and at == row)
        for at in range(len(margins))
    )
    return Reading(
        chosen=windows[row],
        calibrated=calibrated,
        margin=margins[row],
        confidence=probabilities[row],
        worth=worth,
        others=others,
        weighed=weighed,
    )


def also_read(reading: Reading, heard: Sequence[tuple[Evidence, float]]) -> tuple[Weighed, ...]:
    """What was weighed, where the windows `heard` were read as well; their margins are given."""
    places = {(window.article_id, window.start) for window, _ in heard}
    before = [
        replace(place, read=place.read or (place.article_id, place.start) in places)
        for place in reading.weighed
    ]
    known = {(place.article_id, place.start) for place in before}
    since = [
        _weighed(window, margin, reading.calibrated.probability(margin), read=True)
        for window, margin in heard
        if (window.article_id, window.start) not in known
    ]
    return (*before, *since)


def _weighed(window: Evidence, margin: float, probability: float, *, read: bool) -> Weighed:
    return Weighed(
        article_id=window.article_id,
        title=window.title,
        text=window.text,
        start=window.start,
        end=window.end,
        margin=round(margin, 3),
        probability=round(probability, 3),
        read=read,
    )
