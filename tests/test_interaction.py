"""The order in which windows are looked at: word for word, rare words first."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from fakes import LED, HashEmbedder
from hypothesis import given
from hypothesis import strategies as st

from index.bert import TokenVectors
from rag.interaction import by_interaction
from rag.types import Evidence

EMBEDDER = HashEmbedder()


def window(text: str, score: float = 0.5) -> Evidence:
    return Evidence("a", "p", "Title", "a.md", "", "", (), text, 0, len(text), score)


def order(question: str, *texts: str) -> list[str]:
    return [each.text for each in by_interaction(question, [window(t) for t in texts], EMBEDDER)]


def test_who_speaks_of_all_that_is_asked_comes_before_who_speaks_of_a_part() -> None:
    some, most = "Crocker left. Crocker came. Crocker left.", "Crocker doubted the truce."
    assert order("Did Crocker doubt the truce?", some, most) == [most, some]


def test_a_word_that_all_hold_counts_for_little() -> None:
    """Talks, talks of the delegation and Basra, and talks of Qom alone: Qom is what is asked."""
    both = "The delegation held talks about Basra."
    others = ["The delegation held talks.", "A delegation held its talks in Baghdad."]
    rare = "Talks went on near Qom."
    question = "Which delegation held talks of Qom?"
    assert order(question, both, *others, rare)[0] == rare
    assert order(question, both, rare)[0] == both, "among two, no word is common"


def test_the_search_decides_between_equals_and_equals_stay() -> None:
    one, two, three = window(LED, 0.4), window(f"{LED} ", 0.9), window(f" {LED}", 0.4)
    found = by_interaction("Who headed it?", [one, two, three], EMBEDDER)
    assert [each.text for each in found] == [two.text, one.text, three.text]
    assert found[0].score > found[1].score == found[2].score


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=6))
def test_no_window_is_lost_whatever_it_says(question: str, texts: list[str]) -> None:
    found = [replace(window(text, 1 / (at + 1)), start=at) for at, text in enumerate(texts)]
    ordered = by_interaction(question, found, EMBEDDER)
    assert sorted(each.start for each in ordered) == list(range(len(texts)))
    if not any(character.isalnum() for character in question):
        assert [each.start for each in ordered] == [each.start for each in found]


class Synonyms(HashEmbedder):
    """An encoder to which a tram is a streetcar."""

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        told = super().tokens([text.replace("streetcar", "tram") for text in texts])
        own = super().tokens(texts)
        return [TokenVectors(o.ids, t.vectors) for o, t in zip(own, told, strict=True)]


def test_one_window_is_not_looked_at() -> None:
    class Unused(HashEmbedder):
        def tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
            raise AssertionError(texts)

    found = [window("A bus came at noon.")]
    assert by_interaction("When did the bus come?", found, Unused()) == found


def test_likeness_is_the_vectors_and_not_the_letters() -> None:
    found = [window("A bus came at noon."), window("A streetcar came at noon.")]
    (first, _) = by_interaction("When did the tram come?", found, Synonyms())
    assert "streetcar" in first.text
    (first, _) = by_interaction("When did the tram come?", found, EMBEDDER)
    assert "bus" in first.text


@pytest.mark.parametrize("question", ["", "?!", "誰"])
def test_nothing_to_compare_leaves_the_search_s_order(question: str) -> None:
    found = [window("?", 0.1), window("!", 0.7)]
    ordered = by_interaction(question, found, EMBEDDER)
    assert [each.text for each in ordered] == ["!", "?"]
    assert np.isfinite([each.score for each in ordered]).all()
    assert by_interaction(question, [], EMBEDDER) == []
