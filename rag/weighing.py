"""Which place is read: each is judged by itself, and the one that states the answer is chosen.

A place is a window of sentences, or a few of them where the articles are short: one note or
snippet alone is less than a model should read at a time, and the answer is seldom in the first.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from rag.compose import checking, compose
from rag.errors import QuestionError
from rag.generate import Generator, Prompt
from rag.judge import Calibration, weigh
from rag.types import Evidence, Passage, Weighed

_ENOUGH = 0.7  # probability at which no other place is looked at
_SURELY = 0.999  # as much as can be asked of a margin
_WORTH = 0.25  # probability from which an answer is tried
SHORT = 200  # characters of an article up to which it is read together with others

Place = tuple[Evidence, ...]


class Asked(NamedTuple):
    """A place, and what the model is asked behind it."""

    windows: Place
    judging: Prompt
    answering: Prompt
    length: int  # of `answering`, in tokens; 0 where nobody asks


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
    near: bool  # it is one of those that the judge weighs for the answer, and was not read
    margin: float | None  # None while it has not been weighed


def places(
    found: Sequence[Evidence], limit: int, together: int, short: Callable[[Evidence], bool]
) -> list[Place]:
    """The windows `found` as at most `limit` places, in their order.

    Those of `short` articles are one place, up to `together` characters in all, where the best of
    them stands; those that share a sentence are not.
    """
    gathered: list[Place] = []
    room: dict[int, int] = {}  # characters that a place of short articles has left
    for window in found:
        size = len(window.text)
        beside = room.items() if short(window) else ()
        fitting_in = (
            at
            for at, left in beside
            if size <= left and not any(overlap(window, one) for one in gathered[at])
        )
        at = next(fitting_in, None)
        if at is not None:
            gathered[at] += (window,)
            room[at] -= size
        else:
            if short(window):
                room[len(gathered)] = together - size
            gathered.append((window,))
    return gathered[:limit]


def overlap(one: Evidence | Passage, other: Evidence) -> bool:
    """Whether two stretches of articles share something."""
    same = one.article_id == other.article_id
    return same and other.start < one.end and one.start < other.end


def fitting(
    question: str,
    found: Sequence[Place],
    generator: Generator,
    answer_tokens: int,
    *,
    transient: bool,
) -> list[Asked]:
    """Each place with its two prompts, but for those that the model cannot hold.

    Of one that it cannot hold whole its first windows are taken. Raises QuestionError when that
    leaves none.
    """
    asked, check = [], 0
    for place in found:
        for count in range(len(place), 0, -1):
            # what stands together does so for this question alone
            once = transient or count > 1
            judging, answering = compose(question, place[:count], transient=once)
            length = generator.length(answering)
            if generator.checks and not check:  # as long behind every place
                check = generator.length(checking(answering, "")) - length
            if length + answer_tokens + check <= generator.context_tokens:
                asked.append(Asked(place[:count], judging, answering, length))
                break
    if found and not asked:
        raise QuestionError(
            "The question and what it is asked about are longer than the model can read. "
            "Shorten the question or raise FOOTNOTE_CONTEXT_TOKENS."
        )
    return asked


def choose(
    asked: Sequence[Asked],
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
    margins = weigh([place.judging for place in asked[:limit]], generator, enough)
    row = max(range(len(margins)), key=margins.__getitem__)
    others = [
        Other(place, at < limit, margins[at] if at < len(margins) else None)
        if at != row
        else Other(place, near=False, margin=None)
        for at, place in enumerate(asked)
        if at != row or len(place.windows) > 1
    ]
    probabilities = [calibrated.probability(margin) for margin in margins]
    worth = probabilities[row] >= min(_WORTH, strictness)
    weighed = tuple(
        _weighed(window, margins[at], probabilities[at], read=worth and at == row)
        for at in range(len(margins))
        for window in asked[at].windows
    )
    return Reading(
        chosen=asked[row],
        calibrated=calibrated,
        margin=margins[row],
        confidence=probabilities[row],
        worth=worth,
        enough=enough,
        others=others,
        weighed=weighed,
    )


def singly(question: str, other: Other) -> list[Other]:
    """The windows of a place, each by itself; as good as the place, where that was weighed."""
    if len(other.asked.windows) == 1:
        return [other]
    found = []
    for window in other.asked.windows:
        judging, answering = compose(question, [window], transient=True)
        found.append(other._replace(asked=Asked((window,), judging, answering, 0)))
    return found


def also_read(
    reading: Reading,
    heard: Sequence[tuple[Evidence, float]],
    cited: Callable[[Evidence | Weighed], bool],
) -> tuple[Weighed, ...]:
    """What was weighed, where the windows `heard` were read as well; their margins are given.

    Of windows that were read together, the answer is from those that are `cited`.
    """
    since = {
        (window.article_id, window.start): _weighed(
            window, margin, reading.calibrated.probability(margin), read=True
        )
        for window, margin in heard
    }
    before = [
        since.pop((one.article_id, one.start), replace(one, read=one.read and cited(one)))
        for one in reading.weighed
    ]
    return (*before, *since.values())


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
