"""Which place is read: each is judged by itself, and the one that states the answer is chosen.

A place is a window of sentences, or a few short ones: where articles are notes or snippets, one of
them alone is less than a model should read at a time, and the answer is seldom in the first.
"""

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
_SHORT = 200  # characters up to which a window is read together with others

Place = tuple[Evidence, ...]


class Asked(NamedTuple):
    """A place, and what the model is asked behind it."""

    windows: Place
    judging: Prompt
    answering: Prompt
    length: int  # of `answering`, in tokens


class Reading(NamedTuple):
    """The place that the answer is written from."""

    chosen: Asked
    calibrated: Calibration
    margin: float
    confidence: float  # the margin as a probability
    worth: bool  # it is enough to try an answer
    enough: float  # margin at which a place states an answer well enough
    others: list["Other"]  # places that it is not written from, in their order
    weighed: tuple[Weighed, ...]


class Other(NamedTuple):
    """A place that the answer is not written from, or not all of it."""

    asked: Asked
    near: bool  # it is one of those that the judge weighs for the answer
    margin: float | None  # None while it has not been weighed


def places(found: Sequence[Evidence], limit: int, together: int) -> list[Place]:
    """The windows `found` as at most `limit` places, in their order.

    Short ones of up to `together` characters in all are one place, where the best of them stands.
    """
    gathered: list[Place] = []
    room: dict[int, int] = {}  # characters that a place of short windows has left
    for window in found:
        size = len(window.text)
        at = next((at for at, left in room.items() if size <= min(left, _SHORT)), None)
        if at is not None:
            gathered[at] += (window,)
            room[at] -= size
        else:
            if size <= _SHORT:
                room[len(gathered)] = together - size
            gathered.append((window,))
    return gathered[:limit]


def fitting(
    question: str,
    found: Sequence[Place],
    generator: Generator,
    answer_tokens: int,
    *,
    transient: bool,
) -> list[Asked]:
    """Each place with its two prompts, but for those that the model cannot hold.

    Raises QuestionError when that leaves none.
    """
    asked, check = [], 0
    for place in found:
        # what stands together does so for this question alone
        once = transient or len(place) > 1
        judging, answering = compose(question, place, transient=once)
        length = generator.length(answering)
        if generator.checks and not check:  # as long behind every place
            check = generator.length(checking(answering, "")) - length
        if length + answer_tokens + check <= generator.context_tokens:
            asked.append(Asked(place, judging, answering, length))
    if found and not asked:
        raise QuestionError(
            "The question and what it is asked about are longer than the model can read. "
            "Shorten the question or raise FOOTNOTE_CONTEXT_TOKENS."
        )
    return asked


def choose(
    places: Sequence[Asked],
    limit: int,
    generator: Generator,
    calibrated: Calibration,
    strictness: float,
) -> Reading:
    """The place to read, of at least one; at most `limit` are weighed.

    They are weighed one after another, up to the first that states the answer well enough: of
    several that do, the one that stands first is the better choice.
    """
    # what is stated well enough is not better stated by asking for less
    enough = calibrated.margin(max(_ENOUGH, min(strictness, _SURELY)))
    margins = weigh([place.judging for place in places[:limit]], generator, enough)
    row = max(range(len(margins)), key=margins.__getitem__)
    others = [
        Other(place, row != at < limit, margins[at] if at < len(margins) else None)
        for at, place in enumerate(places)
        if at != row or len(place.windows) > 1
    ]
    probabilities = [calibrated.probability(margin) for margin in margins]
    worth = probabilities[row] >= min(_WORTH, strictness)
    weighed = tuple(
        _weighed(window, margins[at], probabilities[at], read=worth and at == row)
        for at in range(len(margins))
        for window in places[at].windows
    )
    return Reading(
        chosen=places[row],
        calibrated=calibrated,
        margin=margins[row],
        confidence=probabilities[row],
        worth=worth,
        enough=enough,
        others=others,
        weighed=weighed,
    )


def apart(question: str, other: Other) -> list[Other]:
    """The windows of a place, each by itself."""
    if len(other.asked.windows) == 1:
        return [other]
    return [
        Other(Asked((window,), *compose(question, [window], transient=True), 0), other.near, None)
        for window in other.asked.windows
    ]


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
