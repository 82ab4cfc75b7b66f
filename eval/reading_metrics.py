"""What counts as right where the passages are given, and the figures of a reading set."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.adapters.types import ReadingCase
from eval.answer_metrics import token_f1
from eval.calibration import auroc, ece
from eval.dataset import Case
from eval.matching import contains, holds
from eval.metrics import interval, mean, plain, share, spread, verdict
from eval.stats import Interval, wilson
from rag.types import Answer

LONG_WORDS = 15
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """One case read and judged; `outcome` is one of `eval.metrics.OUTCOMES`, `answered` for an
    answer whose reference is long, or `error`, and `reason` says why.

    `f1` is None for an unanswerable case. `within_gold` has an entry for each citation of a case
    with gold sentences. `planted` says whether a planted wrong answer is stated, None where there
    is none; `corrected` whether a right one is stated too.
    """

    case: ReadingCase
    outcome: str
    reason: str
    answer: Answer | None = None
    seconds: float = 0.0
    cached: bool = False
    resumed: bool = False
    f1: float | None = None
    within_gold: tuple[bool, ...] = ()
    planted: bool | None = None
    corrected: bool = False


def is_long(case: ReadingCase) -> bool:
    """Whether the reference is a text of its own, which no other text contains word for word.

    Then no answer is right or wrong by its words: there is token F1, and where the quotes stand.
    """
    long = all(len(answer.split()) > LONG_WORDS for answer in case.answers)
    return bool(case.answers) and (bool(case.gold_sentences) or long)


def judged(case: ReadingCase, answer: Answer, seconds: float) -> Reading:
    """The case with what became of it; right and wrong are those of `eval.metrics.verdict`."""
    asked = Case(case.id, case.question, answerable=case.answerable, expected=case.facts)
    found = verdict(asked, answer)
    outcome, reason = str(found.outcome), found.reason
    text = "" if answer.abstained else plain(answer)
    f1 = token_f1(text, case.answers) if case.answerable else None
    if is_long(case) and not answer.abstained:
        outcome = "answered"
        reason = f"It answered; token F1 {f1:.2f} against the nearest of the long references."
    quotes = [citation.quote for citation in answer.citations] if case.gold_sentences else []
    return Reading(
        case,
        outcome,
        reason,
        answer,
        seconds,
        f1=f1,
        within_gold=tuple(_within(quote, case.gold_sentences) for quote in quotes),
        planted=any(holds(text, [case.wrong_answers])) if case.wrong_answers else None,
        corrected=any(holds(text, case.facts)),
    )


def _within(quote: str, gold: Sequence[str]) -> bool:
    """Whether the quote is in a gold sentence or holds one whole: two may cut sentences apart."""
    return any(contains(sentence, quote) or contains(quote, sentence) for sentence in gold)


def reading_figures(readings: Sequence[Reading]) -> Figures:
    """The figures of a set; those that crashed count in `errors` and in nothing else.

    Shares are of `eval.metrics.share` (Wilson 95 %); of the answerable with a short reference
    `right` and `wrong`, of all the answerable `refused_wrongly`, of the unanswerable
    `refused_rightly`. Balanced accuracy is the mean of right and refused rightly; balanced
    answering that of answered and refused rightly, whatever the answer. `auroc` and `ece` are of
    the confidence that the answer is right, against whether the passages answer the question.
    """
    done = [reading for reading in readings if reading.answer]
    answerable = [r for r in done if r.case.answerable]
    short = [r for r in answerable if not is_long(r.case)]
    silent = [r for r in done if not r.case.answerable]
    planted = [r for r in done if r.planted is not None]
    gold = [ok for r in done for ok in r.within_gold]
    confidences = [r.answer.confidence for r in done if r.answer]
    stated = [r.case.answerable for r in done]
    fresh = [r.seconds for r in done if not r.cached]
    right = _share(short, "right")
    refused = _share(silent, "refused_rightly")
    answered = share(sum(r.outcome != "refused_wrongly" for r in answerable), len(answerable))
    return {
        "cases": len(readings),
        "errors": len(readings) - len(done),
        "answerable": len(answerable),
        "unanswerable": len(silent),
        "right": right,
        "wrong": _share(short, "wrong"),
        "refused_wrongly": _share(answerable, "refused_wrongly"),
        "refused_rightly": refused,
        "balanced_accuracy": interval(balanced(right, refused)),
        "balanced_answering": interval(balanced(answered, refused)),
        "token_f1": mean([r.f1 for r in answerable if r.f1 is not None]),
        "within_gold": share(sum(gold), len(gold)),
        "planted_stated": share(sum(bool(r.planted) for r in planted), len(planted)),
        "planted_alone": share(
            sum(bool(r.planted) and not r.corrected for r in planted), len(planted)
        ),
        "disagreement_reported": share(
            sum(bool(r.answer and r.answer.disagreement) for r in planted), len(planted)
        ),
        "auroc": interval(auroc_interval(confidences, stated)),
        "ece": ece(confidences, stated),
        "seconds": spread(fresh),
    }


def balanced(one: Figures, other: Figures) -> Interval | None:
    """The mean of two independent shares with its 95 % interval; None where either is of 0.

    From the Wilson intervals of both by variance recovery (Newcombe 1998, method 10, for a
    difference; Zou and Donner 2008 for a sum).
    """
    if not one["of"] or not other["of"]:
        return None
    low = math.hypot(one["rate"] - one["low"], other["rate"] - other["low"])
    high = math.hypot(one["high"] - one["rate"], other["high"] - other["rate"])
    middle = (one["rate"] + other["rate"]) / 2
    return Interval(middle, middle - low / 2, middle + high / 2)


def auroc_interval(confidences: Sequence[float], positive: Sequence[bool]) -> Interval | None:
    """AUROC with its 95 % interval (Hanley and McNeil 1982); None without both kinds.

    Their standard error is 0 at an area of 0 and 1, however few the cases; there the bound is
    that of a share of as many cases as there are of the rarer kind.
    """
    area = auroc(confidences, positive)
    if area is None:
        return None
    yes = sum(positive)
    no = len(positive) - yes
    if area in (0.0, 1.0):
        few = min(yes, no)
        return Interval(area, *wilson(round(area) * few, few))
    of_yes, of_no = area / (2 - area), 2 * area * area / (1 + area)
    spread = area * (1 - area) + (yes - 1) * (of_yes - area**2) + (no - 1) * (of_no - area**2)
    margin = 1.96 * math.sqrt(spread / (yes * no))
    return Interval(area, max(0.0, area - margin), min(1.0, area + margin))


def _share(readings: Sequence[Reading], outcome: str) -> Figures:
    return share(sum(reading.outcome == outcome for reading in readings), len(readings))
