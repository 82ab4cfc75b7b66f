"""The numbers behind the plots, from the results in a report's document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval import calibration
from eval.metrics import GOOD
from eval.stats import wilson

Records = Sequence[Mapping[str, Any]]
Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Share:
    """k of n with its 95 % Wilson interval."""

    label: str
    k: int
    n: int

    @property
    def rate(self) -> float:
        """k of n; n is never 0 here."""
        return self.k / self.n

    @property
    def bounds(self) -> tuple[float, float]:
        """The interval."""
        return wilson(self.k, self.n)


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about one confidence: its mean, and how many of them were right."""

    confidence: float
    right: Share


def coverage(records: Records) -> Points:
    """(share of all cases answered, share of these right) as the least sure are refused.

    The curve of `eval.calibration.accuracy_coverage`, over all cases instead of those answered.
    """
    answered = _answered(records)
    scale = len(answered) / len(records) if records else 0.0
    points = calibration.accuracy_coverage(*_two(answered))
    return [(point.coverage * scale, point.accuracy) for point in points]


def reliability(records: Records) -> list[Bin]:
    """Answers in bins of confidence, each 0.1 wide; empty bins are left out.

    The reliability diagram of `eval.calibration`.
    """
    return [
        Bin(
            one.confidence,
            Share(f"{one.low:.1f} to {one.high:.1f}", round(one.accuracy * one.count), one.count),
        )
        for one in calibration.reliability(*_two(_answered(records)))
        if one.confidence is not None and one.accuracy is not None
    ]


def latencies(records: Records) -> list[float]:
    """Seconds of the answers that this run has made, in order."""
    return sorted(
        record["answer"]["timings"]["total_s"]
        for record in records
        if record["answer"] and not record["cached"]
    )


def recall(records: Records) -> Points:
    """(k, share of the expected facts that the first k evidence sentences hold), k from 1 to 10.

    Recall at k (Manning, Raghavan and Schuetze 2008, chapter 8), counted over facts.
    """
    ranks = [rank for record in records if record["hit"] for rank in record["fact_ranks"]]
    if not ranks:
        return []
    return [
        (k, sum(rank is not None and rank <= k for rank in ranks) / len(ranks))
        for k in range(1, 11)
    ]


def kinds(records: Records) -> list[Share]:
    """For each kind the cases that went well: right, or refused rightly."""
    return _went_well((record["case"]["kind"], record) for record in records)


def tags(records: Records) -> list[Share]:
    """For each tag the cases that went well; a case counts under each of its tags."""
    return _went_well((tag, record) for record in records for tag in record["case"].get("tags", ()))


def _went_well(named: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Share]:
    groups: dict[str, list[bool]] = {}
    for name, record in named:
        groups.setdefault(name, []).append(record["outcome"] in GOOD)
    shares = [Share(kind, sum(group), len(group)) for kind, group in groups.items()]
    return sorted(shares, key=lambda share: (-share.rate, share.label))


def _two(pairs: Sequence[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    return [confidence for confidence, _ in pairs], [right for _, right in pairs]


def _answered(records: Records) -> list[tuple[float, bool]]:
    return [
        (record["answer"]["confidence"], record["outcome"] == "right")
        for record in records
        if record["answer"] and not record["answer"]["abstained"]
    ]
