"""Intervals and paired tests, against published or hand-made figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.stats import wilson


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
