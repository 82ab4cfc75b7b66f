"""Do the passages state the answer? The model's own yes/no margins, read as a probability.

The model is asked twice. Before it writes: does this run of evidence state the answer, one run
after another, best found first, until one clearly does. Small models judge one run far better than
many at once, and what is read then is only what states the answer. After it wrote: with that
answer, is it stated? Both margins, logit(yes) - logit(no), are joined by a logistic regression
(Platt scaling of two scores; Platt 1999) whose weights depend on the model and on the words it was
asked with, and are stored with both in `calibration.json`.
"""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import prompts
from rag.types import Evidence

_FILE = Path(__file__).with_name("calibration.json")
_PROMPTS = ("system", "judge", "verify")
_CLEAR = 1.0  # logits: a run that states the answer this clearly ends the search
_DROP = 1.0  # logits that a run may lie below the best one and still be read
_MOST_RUNS = 3


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a model's margins are read; `known` is false for the safe default.

    `before` holds the bias and the weight of the evidence's margin, `after` the bias and the
    weights of the evidence's margin and the answer's.
    """

    before: tuple[float, float]
    after: tuple[float, float, float]
    known: bool = True

    def expected(self, stated: float) -> float:
        """Probability (0 to 1) that an answer will hold, from the evidence's margin alone."""
        bias, weight = self.before
        return _logistic(bias + weight * stated)

    def probability(self, stated: float, verified: float) -> float:
        """Probability (0 to 1) that the answer holds, from both margins."""
        bias, of_stated, of_verified = self.after
        return _logistic(bias + of_stated * stated + of_verified * verified)


SAFE_DEFAULT = Calibration(before=(-1.0, 1.0), after=(-2.0, 1.0, 1.0), known=False)
"""For a model without a stored calibration: rather too many refusals than an invention."""


def calibration(model: str) -> Calibration:
    """The stored calibration of `model` under today's prompts, else the safe default."""
    entry = _stored().get(model)
    if entry is None or entry["prompts"] != prompts.fingerprint(*_PROMPTS):
        return SAFE_DEFAULT
    return Calibration(tuple(entry["before"]), tuple(entry["after"]))


def choose(
    evidence: Iterable[Evidence], margin: Callable[[Evidence], float]
) -> tuple[list[Evidence], float]:
    """The runs that the answer is to be read from, best first, and the best one's margin.

    Asks `margin` run by run until one is clear, so the runs have to come best found first. A run
    that is clear is read alone but for runs before it that are nearly as good.
    """
    judged: list[tuple[float, Evidence]] = []
    for run in evidence:
        judged.append((margin(run), run))
        if judged[-1][0] >= _CLEAR:
            break
    judged.sort(key=lambda pair: -pair[0])
    best = judged[0][0]
    return [run for stated, run in judged if stated >= best - _DROP][:_MOST_RUNS], best


def _logistic(logit: float) -> float:
    if math.isnan(logit):
        return 0.0  # nothing is known: refuse
    return 1.0 / (1.0 + math.exp(max(-60.0, min(60.0, -logit))))


@cache
def _stored() -> dict[str, dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return entries
