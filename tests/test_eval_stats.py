"""Intervals and paired tests, against published or hand-made figures."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.stats import (
    Interval,
    bootstrap_mean,
    bootstrap_median,
    difference_of_means,
    difference_of_medians,
    mcnemar,
    tarone,
    wilson,
)


def test_wilson_agrees_with_published_intervals() -> None:
    # Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for k, n, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 300), st.integers(0, 300))
def test_wilson_holds_the_share_and_is_symmetric(k: int, more: int) -> None:
    n = k + more
    low, high = wilson(k, n)
    assert 0.0 <= low <= (k / n if n else 0.5) <= high <= 1.0
    assert wilson(more, n) == pytest.approx((1 - high, 1 - low))


def test_wilson_ends_are_exact_and_nothing_measured_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 7)[0] == 0.0
    assert wilson(7, 7)[1] == 1.0


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3), (1, 0)])
def test_wilson_refuses_what_is_no_share(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        wilson(k, n)


def test_a_bootstrap_is_repeatable_and_holds_its_estimate() -> None:
    values = [1.0, 2.0, 2.5, 4.0, 9.0, 3.0]
    mean, middle = bootstrap_mean(values), bootstrap_median(values)
    assert mean is not None
    assert middle is not None
    assert mean.estimate == pytest.approx(21.5 / 6)
    assert middle.estimate == 2.75
    assert mean.low < mean.estimate < mean.high
    assert bootstrap_mean(values) == mean
    assert bootstrap_mean(values, seed=1) != mean


def test_the_bootstrap_of_a_mean_comes_near_to_the_normal_interval() -> None:
    values = [float(x) for x in range(200)]
    found = bootstrap_mean(values)
    assert found is not None
    spread = math.sqrt(sum((x - 99.5) ** 2 for x in values) / 200)
    half = 1.96 * spread / math.sqrt(200)
    assert (found.low, found.high) == pytest.approx((99.5 - half, 99.5 + half), abs=1.0)


@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_values_have_no_interval(values: list[float]) -> None:
    assert bootstrap_mean(values) is None
    assert bootstrap_median(values) is None
    assert difference_of_means(values, values) is None


def test_equal_values_have_no_spread() -> None:
    assert bootstrap_median([2.0] * 5) == Interval(2.0, 2.0, 2.0)


def test_a_paired_difference_sees_what_an_unpaired_one_would_drown() -> None:
    before = [float(x) for x in range(0, 100, 5)]
    after = [x + 1 for x in before]
    assert difference_of_means(before, after) == Interval(1.0, 1.0, 1.0)
    assert difference_of_medians(before, after) == Interval(1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="same cases"):
        difference_of_means(before, after[1:])


def runs(better: int, worse: int, same: int = 3) -> tuple[list[bool], list[bool]]:
    return (
        [False] * better + [True] * worse + [True] * same,
        [True] * better + [False] * worse + [True] * same,
    )


@pytest.mark.parametrize(
    ("better", "worse", "p", "p_worse"),
    [
        (0, 0, 1.0, 1.0),
        (0, 5, 2 / 32, 1 / 32),
        (0, 6, 2 / 64, 1 / 64),
        (5, 0, 2 / 32, 1.0),
        (2, 2, 1.0, 11 / 16),
        (1, 7, 18 / 256, 9 / 256),
    ],
)
def test_mcnemar_is_the_binomial_of_the_cases_that_differ(
    better: int, worse: int, p: float, p_worse: float
) -> None:
    found = mcnemar(*runs(better, worse))
    assert (found.better, found.worse) == (better, worse)
    assert (found.p, found.p_worse) == pytest.approx((p, p_worse))
    assert mcnemar(*runs(better, worse, same=50)) == found


def test_mcnemar_wants_the_same_cases() -> None:
    with pytest.raises(ValueError, match="shorter"):
        mcnemar([True, False], [True])


def test_figures_that_cannot_be_significant_take_nothing_from_the_others() -> None:
    # five of five worse, and a figure in which one case changed: as if tested alone
    assert tarone([0.5**5, 0.5], [5, 1], 0.05) == [0.5**5, 1.0]
    # two figures of five: neither can reach 0.025
    assert tarone([0.5**5, 0.5**5], [5, 5], 0.05) == [1.0, 1.0]
    assert tarone([0.5**6, 0.5**6, 0.5], [6, 6, 1], 0.05) == [0.5**5, 0.5**5, 1.0]
    assert tarone([1.0, 1.0], [0, 0], 0.05) == [1.0, 1.0]
    assert tarone([], [], 0.05) == []


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=6))
def test_no_p_value_falls_and_none_rises_more_than_by_bonferroni(
    changes: list[tuple[int, int]],
) -> None:
    p_values = [mcnemar([True] * w + [False] * b, [False] * w + [True] * b).p_worse
                for b, w in changes]  # fmt: skip
    adjusted = tarone(p_values, [b + w for b, w in changes], 0.05)
    for p, now in zip(p_values, adjusted, strict=True):
        assert p <= now <= 1
        if p * len(changes) < 0.05:
            assert now <= p * len(changes)
