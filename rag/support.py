"""How well quotes bear a claim out, as a probability, from signals that need no language model.

Joined by logistic regression, fitted to whether a claim is supported on the tuning half of WiCE
(Kamoi et al. 2023); `python -m benchmarks.support` fits them and reports on the other half. Late
interaction of the tokens adds nothing that chance would not (docs/experiments.md).
"""

import math
from typing import NamedTuple


class Signals(NamedTuple):
    """What speaks for a claim, each 0 to 1 but `numbers`, which speaks against it."""

    words: float  # share of its words, by their idf, in one quote with those beside it
    cosine: float  # likeness of its vector to the nearest quote's
    numbers: float  # share of its numbers that stand in no quote, nor beside it


_WEIGHTS, _CONSTANT = Signals(3.82, 5.78, -1.33), -5.96  # of the log odds of support


def support(found: Signals) -> float:
    """The probability (0 to 1) that a claim with these signals is supported."""
    odds = _CONSTANT + sum(w * signal for w, signal in zip(_WEIGHTS, found, strict=True))
    return 1.0 / (1.0 + math.exp(-odds))
