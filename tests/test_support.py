"""How well sentences bear a claim out: what is told apart, and what never breaks it."""

import pytest
from fakes import LED, HashEmbedder
from hypothesis import given
from hypothesis import strategies as st

from rag.support import Support, probability

TEXTS = [
    "Three delegates travelled on Friday.",
    LED,
    "He is close to Nuri al-Maliki.",
    "Militiamen fired 3,400 rockets at two villages.",
]


def test_a_sentence_bears_itself_out() -> None:
    assert Support(TEXTS, HashEmbedder()).signals(LED) == pytest.approx((1, 1, 0), abs=1e-5)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (LED, "Ali Adeeb headed the Iraqi delegation to Najaf with his brother."),
        (LED, "Ryan Crocker doubted the rockets."),
        ("3400 rockets were fired at two villages.", "3500 rockets were fired at two villages."),
        ("Ali Adeeb headed it.", "Ali Adeeb paid it."),
    ],
)
def test_what_is_told_is_supported_better_than_what_is_not(better: str, worse: str) -> None:
    support = Support(TEXTS, HashEmbedder())
    assert support.of(better) > support.of(worse)


def test_a_claim_may_be_made_up_of_sentences_beside_each_other() -> None:
    claim = "Ali Adeeb, who is close to Nuri al-Maliki, headed the delegation to Qom."
    both, one = (Support(texts, HashEmbedder()).signals(claim) for texts in (TEXTS, TEXTS[1:2]))
    assert both.words > one.words


def test_a_number_counts_unless_it_was_given() -> None:
    support = Support(TEXTS, HashEmbedder())
    claim = "Militiamen fired 3,400 rockets at 40 villages."
    assert support.signals(claim).numbers == 0.5
    assert support.signals(claim, given="Who fired at 40 villages?").numbers == 0.0
    assert support.of(claim, given="Who fired at 40 villages?") > support.of(claim)


def test_a_number_of_the_sentence_beside_is_borne_out() -> None:
    texts = ["The fire lasted 6 hours.", "Nobody was hurt in the fire at the mill."]
    assert Support(texts, HashEmbedder()).signals("Nobody was hurt in 6 hours.").numbers == 0.0


@pytest.mark.parametrize(("texts", "claim"), [([], LED), (TEXTS, ""), (TEXTS, "…"), ([""], LED)])
def test_where_there_is_nothing_to_compare_nothing_speaks_for_it(
    texts: list[str], claim: str
) -> None:
    support = Support(texts, HashEmbedder())
    assert support.signals(claim).words == 0.0
    assert support.of(claim) < 0.1


@given(st.lists(st.text(), max_size=4), st.text())
def test_it_is_a_probability_of_any_text(texts: list[str], claim: str) -> None:
    found = Support(texts, HashEmbedder()).signals(claim)
    assert all(0 <= signal <= 1 + 1e-5 for signal in found)
    assert 0 <= probability(found) <= 1
