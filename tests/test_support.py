"""How well quotes bear a claim out: what is told apart, and what never breaks it."""

import pytest
from fakes import LED, HashEmbedder
from hypothesis import given
from hypothesis import strategies as st
from test_cite import QUESTION, TEXTS, run_of

from rag.cite import Citer
from rag.support import Signals, support


def signals(claim: str, *texts: str, question: str = "") -> Signals:
    return Citer(question, [run_of(texts or TEXTS)], HashEmbedder()).signals(claim)


def test_a_sentence_bears_itself_out() -> None:
    assert signals(LED) == pytest.approx((1, 1, 0), abs=1e-5)
    assert support(signals(LED)) > 0.95


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (LED, "Ali Adeeb headed the Iraqi delegation to Najaf with his brother."),
        (LED, "The manager of the harbour bought cranes."),
        ("3400 rockets were fired at two villages.", "3500 rockets were fired at two villages."),
        ("Ali Adeeb headed it.", "Ali Adeeb paid it."),
    ],
)
def test_what_is_told_is_supported_better_than_what_is_not(better: str, worse: str) -> None:
    assert support(signals(better)) > support(signals(worse))


def test_a_claim_may_be_made_up_of_sentences_beside_each_other() -> None:
    claim = "Ali Adeeb, who is close to Nuri al-Maliki, headed the delegation to Qom."
    assert signals(claim).words > signals(claim, LED).words


def test_a_number_counts_unless_the_question_gave_it() -> None:
    claim = "Militiamen fired 3,400 rockets at 40 villages."
    assert signals(claim).numbers == 0.5
    assert signals(claim, question="Who fired at 40 villages?").numbers == 0.0


def test_one_is_no_number_that_has_to_be_borne_out() -> None:
    assert signals("One of the delegates headed it.").numbers == 0.0


def test_a_number_of_the_sentence_beside_is_borne_out() -> None:
    texts = ["The fire lasted 6 hours.", "Nobody was hurt in the fire at the mill."]
    assert signals("Nobody was hurt in 6 hours.", *texts).numbers == 0.0


def test_what_is_gathered_from_several_articles_is_not_held_by_one() -> None:
    runs = [run_of(["Ali Adeeb headed it."], "a.md"), run_of(["Najaf is a city."], "b.md")]
    found = Citer("", runs, HashEmbedder()).signals("Ali Adeeb headed it to Najaf.")
    assert found.words < 1.0


def test_the_support_of_a_citation_is_that_of_its_quotes() -> None:
    texts = [LED, "Snow fell.", "Rain fell.", "Hail fell.", "Militiamen fired rockets in Basra."]
    citer = Citer(QUESTION, [run_of(texts)], HashEmbedder())
    (quote,) = citer.cite("Ali Adeeb headed the delegation.")
    assert quote.sentence.text == LED
    assert quote.support == pytest.approx(
        support(citer.signals("Ali Adeeb headed the delegation."))
    )


@pytest.mark.parametrize("claim", ["", "…", " "])
def test_where_there_is_nothing_to_compare_nothing_speaks_for_it(claim: str) -> None:
    assert support(signals(claim)) < 0.1
    assert support(Citer("", [], HashEmbedder()).signals(LED)) < 0.1


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4), st.text())
def test_it_is_a_probability_of_any_text(texts: list[str], claim: str) -> None:
    found = signals(claim, *texts)
    assert all(0 <= signal <= 1 + 1e-5 for signal in found)
    assert 0 <= support(found) <= 1
