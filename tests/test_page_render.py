"""The conversation as HTML: answers, what is on its way, refusals, errors."""

from dataclasses import replace

import pytest
from page_html import (
    QUOTE,
    TEXT,
    Page,
    answer,
    citation,
    done,
    passage,
    refusal,
    shown,
)

from rag.page import render
from rag.page.exchange import Exchange, Stage, absorb, fail, stop
from rag.types import Position, Sentence, Token

# An answer


def test_markers_stand_where_the_answer_has_them() -> None:
    text = "Ali Adeeb led it. [1] Crocker was unsure. [2] [3]"
    page = shown(
        done(
            answer(
                text,
                citation(1, (0, 17)),
                citation(2, (22, 41), "Crocker was unsure."),
                citation(3, (22, 41), "Three delegates went to Qom."),
            )
        )
    )
    assert page.texts("p", "words") == ["Ali Adeeb led it.[1] Crocker was unsure.[2][3]"]
    assert page.texts("a", "marker") == ["[1]", "[2]", "[3]"]
    assert page.texts("span", "said") == ["Ali Adeeb led it.", "Crocker was unsure."]


def test_a_marker_carries_the_place_of_its_quote_and_says_what_it_is() -> None:
    page = shown(done(answer("He led it. [1]", citation(1, (0, 10)))))
    marker = page.attrs("a", "marker")[0]
    start, end = int(marker["data-start"]), int(marker["data-end"])
    assert TEXT[start:end] == QUOTE
    assert marker["data-article"] == "qom.md"
    assert marker["aria-label"] == f"Footnote 1: {QUOTE}"
    assert marker["href"] == "#note-1-1"
    assert page.attrs("li")[0]["id"] == "note-1-1"


def test_a_marker_previews_the_quote_with_where_it_stands() -> None:
    paged = replace(citation(1, (0, 10)), page=7)
    (first,) = shown(done(answer("He led it. [1]", paged))).attrs("a", "marker")
    told = f"“{QUOTE}”\nThe talks in Qom, Reuters, 7 April 2008"
    assert first["data-preview"] == f"{told}, page 7"
    (bare,) = shown(done(answer("He led it. [1]", citation(1, (0, 10))))).attrs("a", "marker")
    assert bare["data-preview"] == told


def test_brackets_that_are_not_markers_stay_text() -> None:
    page = shown(done(answer("Rule [7] holds. [1] As [1] says.", citation(1, (0, 15)))))
    assert page.texts("a", "marker") == ["[1]"]
    assert page.texts("p", "words") == ["Rule [7] holds.[1] As [1] says."]


def test_footnotes_show_quote_title_publisher_date_and_support() -> None:
    page = shown(
        done(
            answer(
                "He led it. [1] All went. [2]",
                citation(1, (0, 10), support=0.9),
                citation(2, (15, 24), "Three delegates went to Qom.", support=0.6),
            )
        )
    )
    first, second = page.texts("a", "note")
    assert first.startswith(f"“{QUOTE}”")
    for part in ("The talks in Qom", "Reuters", "7 April 2008", "support: strong"):
        assert part in first
    assert "support: fair" in second


def test_a_quote_used_twice_is_one_footnote() -> None:
    text = "He led it. [1] He was the head. [1]"
    page = shown(done(answer(text, citation(1, (0, 10)), citation(1, (15, 31)))))
    assert page.texts("a", "marker") == ["[1]", "[1]"]
    assert len(page.texts("a", "note")) == 1


def test_a_footnote_to_an_article_no_longer_in_use_keeps_its_title() -> None:
    exchange = done(answer("He led it. [1]", citation(1, (0, 10))))
    note = Page(render.conversation((exchange,), {}, ())).texts("a", "note")[0]
    assert "The talks in Qom" in note
    assert "Reuters" not in note


def test_the_line_below_tells_seconds_rewording_and_what_was_left_out() -> None:
    given = answer(
        "He led it. [1]", citation(1, (0, 10)), standalone_question="Who led the delegation?"
    )
    left_out = Sentence("It rained.", (), shown=False)
    page = shown(done(given, Sentence("He led it.", given.citations, shown=True), left_out))
    aside = page.texts("p", "aside")[0]
    assert "asked as: Who led the delegation?" in aside
    assert "1 unsupported sentence left out" in aside
    assert "4.9 s" in aside
    assert "It rained." not in page.texts("article")[0]


def test_it_is_told_what_a_question_in_another_language_was_searched_by() -> None:
    asked = {"question": "Wer?", "standalone_question": "Wer?"}
    given = replace(
        answer("He led it. [1]", citation(1, (0, 10))), **asked, query="Who <b>led</b>?"
    )
    (aside,) = shown(done(given)).texts("p", "aside")
    assert "searched for: Who <b>led</b>?" in aside  # as text
    assert "asked as" not in aside
    same = replace(given, query="Wer?")
    assert "searched for" not in shown(done(same)).texts("p", "aside")[0]


def test_an_unchanged_question_is_not_told_twice() -> None:
    page = shown(done(answer("He led it. [1]", citation(1, (0, 10)))))
    assert page.texts("p", "aside") == ["4.9 s"]


def test_a_disagreement_names_both_sides_with_their_footnotes() -> None:
    sides = (Position("He led it", (1,)), Position("Nobody did", (2, 9)))
    given = answer(
        "He led it. [1] Unsure. [2]",
        citation(1, (0, 10)),
        citation(2, (15, 22), "Crocker was unsure."),
        disagreement=sides,
    )
    box = shown(done(given)).texts("div", "disagreement")[0]
    assert box == "The articles disagreeThe talks in QomHe led it[1]The talks in QomNobody did[2]"


@pytest.mark.parametrize("abstained", [False, True])
def test_what_nothing_bears_out_is_struck_through_where_it_is_asked_for(abstained: bool) -> None:
    given = answer(
        "He led it. [1]", citation(1, (0, 10)), unsupported=("It <b>rained</b>.", "So it did.")
    )
    page = shown(done(replace(given, abstained=abstained)))
    assert page.texts("del") == ["It <b>rained</b>.", "So it did."]
    (box,) = page.texts("div", "unsupported")
    assert box.startswith("Written by the model, not found in the articles")
    assert not shown(done(answer("He led it."))).texts("div", "unsupported")


def test_sentences_that_are_shown_struck_through_are_not_left_out() -> None:
    given = answer("He led it. [1]", citation(1, (0, 10)), unsupported=("It rained.",))
    told = Sentence("He led it.", given.citations, shown=True)
    page = shown(done(given, told, Sentence("It rained.", (), shown=False)))
    assert page.texts("p", "aside") == ["4.9 s"]


# While it arrives


def test_unchecked_text_is_set_apart_from_checked_sentences() -> None:
    exchange = Exchange("Who?")
    for event in (
        Token("Ali Adeeb led it."),
        Token(" Then"),
        Sentence("Ali Adeeb led it.", (citation(1, (0, 17)),), shown=True),
        Token(" he"),
    ):
        exchange = absorb(exchange, event)
    page = shown(exchange)
    assert page.texts("span", "said") == ["Ali Adeeb led it."]
    assert page.texts("a", "marker") == ["[1]"]
    assert page.texts("span", "draft") == ["Then he"]
    assert page.attrs("div", "reply")[0]["aria-busy"] == "true"


def test_an_unsupported_sentence_never_gets_in() -> None:
    exchange = absorb(Exchange("Who?"), Token("It rained. He"))
    exchange = absorb(exchange, Sentence("It rained.", (), shown=False))
    page = shown(exchange)
    assert "It rained." not in page.texts("article")[0]
    assert page.texts("span", "draft") == ["He"]


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (0, "Something else is being done first. Your question is next."),
        (1, "One question comes before yours."),
        (2, "2 questions come before yours."),
    ],
)
def test_a_waiting_question_is_told_its_place(ahead: int, words: str) -> None:
    waiting = Exchange("Who?", Stage.WAITING, ahead=ahead)
    assert words in shown(waiting).texts("p", "status")[0]


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (Stage.SEARCHING, "Reading the articles"),
        (Stage.WRITING, "Checking each sentence"),
    ],
)
def test_the_status_says_what_is_going_on(stage: Stage, words: str) -> None:
    assert words in shown(Exchange("Who?", stage)).texts("p", "status")[0]


def test_stopping_keeps_what_is_checked_and_drops_the_rest() -> None:
    exchange = absorb(Exchange("Who?"), Token("He led it. And th"))
    exchange = absorb(exchange, Sentence("He led it.", (citation(1, (0, 10)),), shown=True))
    page = shown(stop(exchange))
    assert page.texts("p", "words") == ["He led it.[1]"]
    assert page.texts("p", "aside") == ["Stopped."]


def test_an_error_is_told_in_the_conversation() -> None:
    page = shown(fail(absorb(Exchange("Who?"), Token("He l")), "The model file is <missing>."))
    box = page.texts("div", "failure")[0]
    assert "The model file is <missing>." in box
    assert "He l" not in page.texts("article")[0]


# A refusal and an empty conversation


def test_a_refusal_looks_unlike_an_answer_and_leads_to_the_nearest_passages() -> None:
    page = shown(done(refusal(passage(TEXT[30:90], 30), passage("x" * 1000))))
    box = page.texts("div", "refusal")[0]
    assert box.startswith("Not found in the articles")
    assert "none of them states an answer" in box
    assert page.texts("p", "words") == []
    first, second, *_ = (each for each in page.attrs("button") if "data-article" in each)
    assert (first["data-start"], first["data-end"]) == ("30", "90")
    assert first["data-kind"] == second["data-kind"] == "passage"
    assert len(page.texts("span", "clip")[1]) <= render.CLIP


@pytest.mark.parametrize(
    "reason",
    ["no_evidence", "not_stated", "off_premise", "off_point", "declined", "unsupported"],
)
def test_every_reason_is_explained(reason: str) -> None:
    assert render.REASONS[reason] in shown(done(refusal(reason=reason))).texts("div", "refusal")[0]


def test_a_refusal_with_an_unknown_reason_and_no_passages_still_reads_well() -> None:
    box = shown(done(refusal(reason="other"))).texts("div", "refusal")[0]
    assert box == "Not found in the articlesThe articles do not say."


def test_an_empty_conversation_offers_the_examples() -> None:
    page = Page(render.conversation((), {}, ('Who "led" it?', "Why?")))
    assert page.texts("button") == ['Who "led" it?', "Why?"]
    assert [a["data-question"] for a in page.attrs("button")] == ['Who "led" it?', "Why?"]
