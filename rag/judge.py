"""Does a window state the answer? The model's yes/no margin on each, read as a probability.

Platt scaling (Platt 1999): probability = 1 / (1 + exp(-slope * (margin - threshold))), so that
the threshold is where the probability is one half. Both numbers depend on the model, its adapter
and the words it was asked with, and are stored with all three in `calibration.json`.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import prompts
from rag.generate import Generator, Prompt

_FILE = Path(__file__).with_name("calibration.json")
_PROMPTS = ("system", "evidence", "judge")


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a model's margin is read; `known` is false for the safe default."""

    threshold: float
    slope: float
    known: bool = True

    def probability(self, margin: float) -> float:
        """Probability (0 to 1) that the passages state the answer."""
        exponent = max(-60.0, min(60.0, -self.slope * (margin - self.threshold)))
        return 1.0 / (1.0 + math.exp(exponent))

    def margin(self, probability: float) -> float:
        """The margin that is read as `probability` (0 to 1, both excluded)."""
        return self.threshold + math.log(probability / (1.0 - probability)) / self.slope


SAFE_DEFAULT = Calibration(threshold=1.0, slope=1.0, known=False)
"""For a model without a stored calibration: rather too many refusals than an invention."""


def weigh(asked: Sequence[Prompt], generator: Generator, enough: float) -> list[float]:
    """The margins of the judge's prompts, in their order, up to the first of at least `enough`."""
    margins: list[float] = []
    for prompt in asked:
        margins.append(generator.margin(prompt))
        if margins[-1] >= enough:
            break
    return margins


def calibration(model: str, adapter: str = "", threshold: float | None = None) -> Calibration:
    """The stored calibration of `model` with `adapter` under today's prompts, else a safe default.

    `threshold` (in logits), when given, replaces the calibrated one.
    """
    key = {"model": model, "adapter": adapter, "prompts": prompts.fingerprint(*_PROMPTS)}
    found = next(
        (
            Calibration(float(entry["threshold"]), float(entry["slope"]))
            for entry in _stored()
            if key.items() <= entry.items()
        ),
        SAFE_DEFAULT,
    )
    if threshold is None:
        return found
    return Calibration(threshold, found.slope, found.known)


@cache
def _stored() -> list[dict[str, float | str]]:
    entries: list[dict[str, float | str]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return entries
