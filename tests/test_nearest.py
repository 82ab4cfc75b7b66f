"""Which sentences of a window are shown as the article has them."""

from collections.abc import Sequence

import pytest
from fakes import HashEmbedder

from index.bert import TokenVectors
from rag.nearest import needed, passed_over
from rag.types import Evidence, SourceSentence

EMBEDDER = HashEmbedder()
RULE = "The rule was meant to help."
RATIONS = "Scarcity was addressed by rationing, as in many countries."
LINES = "Motorists faced long lines at gas stations in 1972."
SCARCITY = "How was scarcity managed in many countries?"


def window(*texts: str, between: str = " ", start: int = 40) -> Evidence:
    sentences, at = [], start
    for text in texts:
        sentences.append(SourceSentence("a", "p", text, at, at + len(text)))
        at += len(text) + len(between)
    whole, end = between.join(texts), sentences[-1].end
    return Evidence("a", "p", "T", "a.md", "", "", tuple(sentences), whole, start, end, 1.0)


def shown(
    question: str, run: Evidence, *cited: str, embedder: HashEmbedder = EMBEDDER
) -> list[str]:
    of = {sentence for sentence in run.sentences if sentence.text in cited}
    return [sentence.text for sentence in passed_over(question, run, of, embedder)]


def test_the_sentence_that_is_nearest_to_the_question_is_shown_beside_another() -> None:
    run = window(RULE, RATIONS, LINES)
    assert shown(SCARCITY, run, LINES) == [RATIONS]
    assert shown(SCARCITY, run, RATIONS) == []
    assert shown(SCARCITY, run, LINES, RATIONS) == []


def test_a_sentence_that_is_hardly_nearer_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = "Scarcity was managed by rations.", "Scarcity was managed by prices."
    question = "How was scarcity managed in the north?"
    assert shown(question, window(one, other), one) == []
    monkeypatch.setattr("rag.nearest._AHEAD", 0.01)
    assert shown(question, window(one, other), one) == [other], "it is nearer"


@pytest.mark.parametrize(
    "silent",
    [
        "How Spain's scarcity was managed in many countries",
        "How was scarcity managed in many poor countries?",
        "“How was scarcity managed in many poor countries?”",
    ],
)
def test_a_heading_or_a_question_is_not_shown_and_hides_nothing(silent: str) -> None:
    assert shown(SCARCITY, window(silent, LINES), LINES) == []
    assert shown(SCARCITY, window(silent, LINES, RATIONS), LINES) == [RATIONS]
    assert shown(SCARCITY, window(f"{silent[:-1]} now.", LINES), LINES) != [], "it would be nearer"


def test_what_gives_no_answer_is_not_shown() -> None:
    many = "How many countries managed scarcity?"
    assert shown(many, window(RATIONS.replace("many", "poor"), LINES), LINES) == []
    assert shown(many, window(RATIONS.replace("many", "31"), LINES), LINES) != []


def test_who_wrote_a_comment_and_when_is_not_what_it_says() -> None:
    said = "Peace it is.\n\nscarcity_countries on March 31, 2008 at 12:34 PM"
    assert shown("What did scarcity_countries say of March?", window(said, LINES), LINES) == []


@pytest.mark.parametrize(
    ("behind", "goes_on"),
    [
        ("Those weapons could have come at any time.", True),
        ("This phenomenon is called confinement.", True),
        ("Such was the plan.", True),
        ("That halted the operation.", True),
        ("“These figures are old,” he said.", True),
        ("That is why they came.", True),
        ("This week nobody came.", False),
        ("This Monday the harbour reopened.", False),
        ("That Friday it rained.", False),
        ("This past Sunday it rained.", False),
        ("These very days it rained.", False),
        ("Those who left came back.", False),
        ("That said, nobody came.", False),
        ("That he left is known.", False),
        ("Such as it is, it stays.", False),
        ("This article was written in Qom.", False),
        ("That same night it rained.", False),
        ("This fall's vote comes next.", False),
        ("Thistles grew there.", False),
        ("This will ...", False),
        ("They could have come at any time.", False),
    ],
)
def test_what_goes_on_about_what_was_cited_is_shown(behind: str, goes_on: bool) -> None:
    first = "Caches of weapons were found."
    question = "Why are the caches hard to judge?"
    assert shown(question, window(first, behind), first) == [behind] * goes_on
    assert shown(question, window(first, behind, between="\n\n"), first) == []
    assert shown(question, window("It rained.", first, behind), "It rained.", first) == (
        [behind] * goes_on
    )
    assert shown(question, window(first, "It rained.", behind), first) == []


def test_both_are_shown_as_they_stand() -> None:
    run = window(RATIONS, LINES, "Those lines were long.")
    assert shown(SCARCITY, run, LINES) == [RATIONS, "Those lines were long."]


def test_an_encoder_without_vectors_of_tokens_names_none_nearest() -> None:
    class Without(HashEmbedder):
        def tokens(self, texts: Sequence[str]) -> list[TokenVectors] | None:  # type: ignore[override]
            return None

    assert shown(SCARCITY, window(RATIONS, LINES), LINES, embedder=Without()) == []


def test_where_nothing_is_cited_nothing_is_passed_over() -> None:
    assert shown(SCARCITY, window(RATIONS, LINES)) == []


def spoken(question: str, run: Evidence, embedder: HashEmbedder = EMBEDDER) -> list[str]:
    return [each.text for each in needed(question, run, run.sentences[:2], embedder)]


def test_of_two_sentences_one_speaks_alone_where_the_other_is_further_off() -> None:
    assert spoken(SCARCITY, window(RATIONS, LINES, RULE)) == [RATIONS]
    assert spoken(SCARCITY, window(LINES, RATIONS, RULE)) == [RATIONS]
    assert spoken(SCARCITY, window(RULE, LINES, RATIONS)) == [RULE, LINES]
    assert spoken(SCARCITY, window(RATIONS)) == [RATIONS]


def test_one_that_lacks_what_was_asked_for_does_not_speak_alone() -> None:
    run = window(RATIONS, "There were 31 of them.", RULE)
    assert spoken("How many countries managed scarcity?", run) == [
        "Scarcity was addressed by rationing, as in many countries.",
        "There were 31 of them.",
    ]
