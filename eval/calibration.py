"""Is the confidence worth anything? Calibration, discrimination, and accuracy over coverage.

`confidences` are probabilities, 0 to 1, that an answer is right; `right` says whether it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers with a confidence from `low` to `high`; the means are None of none."""

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """Answering only where the confidence is at least `threshold`: how many, and how right."""

    threshold: float
    coverage: float
    accuracy: float


def reliability(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[Bin]:
    """The reliability diagram: equally wide bins of confidence (Guo et al. 2017).

    A confidence on an edge belongs to the bin below, 0 to the first. Raises ValueError for a
    confidence outside of 0 to 1, or when there are not as many outcomes as confidences.
    """
    values, outcomes = _pairs(confidences, right)
    edges = [number / bins for number in range(bins + 1)]  # exact at 0.1, 0.2, ... and at 1
    rows = np.maximum(np.searchsorted(edges, values, side="left"), 1) - 1
    found = []
    for row in range(bins):
        held = rows == row
        some = bool(held.any())
        confidence = float(values[held].mean()) if some else None
        accuracy = float(outcomes[held].mean()) if some else None
        found.append(Bin(edges[row], edges[row + 1], int(held.sum()), confidence, accuracy))
    return found


def ece(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float | None:
    """Expected calibration error, 0 (calibrated) to 1: the mean gap of the bins, by their counts.

    Naeini et al. 2015, with the equal bins of Guo et al. 2017. None of no answers.
    """
    gaps = [
        one.count * abs(one.confidence - one.accuracy)
        for one in reliability(confidences, right, bins)
        if one.confidence is not None and one.accuracy is not None
    ]
    return sum(gaps) / len(right) if gaps else None


def auroc(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """The chance that a right answer has more confidence than a wrong one; ties count half.

    Area under the ROC curve (Hanley and McNeil 1982), by scikit-learn. None unless there are
    both right and wrong answers.
    """
    values, outcomes = _pairs(confidences, right)
    if outcomes.all() or not outcomes.any():
        return None
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(outcomes, values))


def accuracy_coverage(confidences: Sequence[float], right: Sequence[bool]) -> list[Point]:
    """Accuracy over coverage, from the most confident answers to all of them.

    Selective prediction (El-Yaniv and Wiener 2010). Answers of the same confidence come in
    together, since no threshold tells them apart.
    """
    values, outcomes = _pairs(confidences, right)
    points = []
    for threshold in np.unique(values)[::-1]:
        kept = values >= threshold
        accuracy = float(outcomes[kept].mean())
        points.append(Point(float(threshold), float(kept.mean()), accuracy))
    return points


def _pairs(
    confidences: Sequence[float], right: Sequence[bool]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values, outcomes = np.asarray(confidences, dtype=float), np.asarray(right, dtype=bool)
    if values.shape != outcomes.shape:
        raise ValueError(f"{values.size} confidences, but {outcomes.size} outcomes")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("a confidence is not from 0 to 1")
    return values, outcomes
