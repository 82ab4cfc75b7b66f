"""Statistics: intervals for one run, paired tests between two. Each names its source."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

RESAMPLES = 2000
CONFIDENCE = 0.95
_BATCH = 1_000_000  # values drawn at once, 8 bytes each, however many cases there are


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the bounds of its 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Paired:
    """How many cases passed in one run only, and how likely chance alone makes that so uneven.

    `p` is two-sided; `p_worse` is of at least so many cases getting worse.
    """

    better: int
    worse: int
    p: float
    p_worse: float


def wilson(k: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Score interval (low, high) of a share of k in n; z 1.96 for 95 %. Wilson 1927.

    (0, 1) when n is 0. Raises ValueError unless 0 <= k <= n.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is not a share")
    if n == 0:
        return 0.0, 1.0
    share = k / n
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    margin = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    # The bounds at the ends are 0 and 1 exactly; rounding would leave them a hair off.
    low = 0.0 if k == 0 else max(0.0, centre - margin)
    high = 1.0 if k == n else min(1.0, centre + margin)
    return low, high


def bootstrap_mean(values: Sequence[float], seed: int = 0) -> Interval | None:
    """The mean with its percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13).

    None of fewer than two values. The same values and seed give the same interval.
    """
    import numpy as np

    return _bootstrap((values,), np.mean, seed)


def bootstrap_median(values: Sequence[float], seed: int = 0) -> Interval | None:
    """The median with its percentile bootstrap interval; see `bootstrap_mean`."""
    import numpy as np

    return _bootstrap((values,), np.median, seed)


def difference_of_means(
    before: Sequence[float], after: Sequence[float], seed: int = 0
) -> Interval | None:
    """Mean of after less before, over the same cases in the same order.

    The interval is that of the paired bootstrap, which draws cases, both values of a case
    together (Efron and Tibshirani 1993, chapter 8; for two systems on one test set, Koehn 2004).
    None of fewer than two cases. Raises ValueError when the two differ in length.
    """
    import numpy as np

    return _bootstrap((before, after), lambda b, a, axis=-1: np.mean(a - b, axis=axis), seed)


def difference_of_medians(
    before: Sequence[float], after: Sequence[float], seed: int = 0
) -> Interval | None:
    """Median after less median before, by the paired bootstrap; see `difference_of_means`."""
    import numpy as np

    def difference(b: object, a: object, axis: int = -1) -> object:
        return np.median(a, axis=axis) - np.median(b, axis=axis)  # type: ignore[call-overload]

    return _bootstrap((before, after), difference, seed)


def _bootstrap(samples: Sequence[Sequence[float]], statistic: object, seed: int) -> Interval | None:
    import numpy as np
    from scipy.stats import bootstrap

    sizes = {len(sample) for sample in samples}
    if len(sizes) > 1:
        raise ValueError("paired runs have to hold the same cases")
    if min(sizes) < 2:  # one value says nothing of its own spread
        return None
    arrays = tuple(np.asarray(sample, dtype=float) for sample in samples)
    estimate = float(statistic(*arrays))  # type: ignore[operator]
    found = bootstrap(
        arrays,
        statistic,
        paired=len(arrays) > 1,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=max(1, _BATCH // max(sizes)),
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(estimate, float(found.low), float(found.high))


def mcnemar(before: Sequence[bool], after: Sequence[bool]) -> Paired:
    """The exact test of two runs over the same cases in the same order.

    Only cases that differ say anything; were nothing changed, each would be as likely to get
    better as worse. McNemar 1947, in the exact form (binomial of the differing cases; Fagerland,
    Lydersen and Laake 2013). Raises ValueError when the two differ in length.
    """
    from scipy.stats import binomtest

    pairs = list(zip(before, after, strict=True))
    better = sum(now and not then for then, now in pairs)
    worse = sum(then and not now for then, now in pairs)
    if better + worse == 0:
        return Paired(0, 0, 1.0, 1.0)
    p = float(binomtest(worse, better + worse).pvalue)
    p_worse = float(binomtest(worse, better + worse, alternative="greater").pvalue)
    return Paired(better, worse, p, p_worse)


def tarone(p_values: Sequence[float], changed: Sequence[int], alpha: float) -> list[float]:
    """One-sided p-values of `mcnemar` as they are when several figures are tested at once.

    `changed` counts the cases that differ, figure by figure. Those that could not be significant
    even if all of them had got worse take nothing from the others (Tarone 1990); the rest is
    Bonferroni's correction. Holding each of the result against `alpha` raises a false alarm over
    any of them in at most that share of runs.
    """
    least = [0.5**count for count in changed]  # the p-value if all had got worse
    tests = next(
        (k for k in range(1, len(least) + 1) if sum(p <= alpha / k for p in least) <= k), 1
    )
    return [
        min(1.0, p * tests) if reachable <= alpha / tests else 1.0
        for p, reachable in zip(p_values, least, strict=True)
    ]
