"""Answers and conversations as text, Markdown and JSON."""

import json

import pytest
from markdown_it import MarkdownIt
from page_html import ARTICLES, QUOTE, answer, citation, done, refusal

from rag.page import export
from rag.page.exchange import Exchange, fail, stop
from rag.types import Position, Sentence

CITED = citation(1, (0, 10))
LED = done(answer("He led it. [1]", CITED))
HOSTILE = "# a\n1. <img src=x onerror=alert(1)> [x](http://evil.example) *b* `c` &amp; | ![i](u)"


def test_a_text_carries_its_footnotes() -> None:
    assert export.answer(LED, ARTICLES, "text") == (
        f"He led it. [1]\n\n[1] “{QUOTE}” — The talks in Qom, Reuters, 7 April 2008\n"
    )


def test_markdown_carries_footnotes_of_its_own() -> None:
    assert export.answer(LED, ARTICLES, "markdown") == (
        f"He led it.[^1]\n\n[^1]: “{QUOTE}” — The talks in Qom, Reuters, 7 April 2008\n"
    )


def test_an_article_that_is_gone_leaves_its_title() -> None:
    assert export.answer(LED, {}, "text").endswith("— The talks in Qom\n")


def test_brackets_that_are_no_markers_stay_text() -> None:
    given = done(answer("He led it [7]. [1]", CITED))
    said = export.answer(given, {}, "markdown")
    assert said.startswith("He led it \\[7\\].[^1]")


def test_markdown_keeps_hostile_text_as_text() -> None:
    given = done(answer(HOSTILE))
    page = MarkdownIt().render(export.markdown((given, fail(Exchange(HOSTILE), HOSTILE)), {}))
    for tag in ("<img", "<a ", "<em", "<code", "<ol", "<h1"):
        assert tag not in page
    assert page.count("<h2>") == 2
    assert "&lt;img src=x onerror=alert(1)&gt; [x](http://evil.example)" in page


def test_a_stopped_answer_gives_its_checked_sentences() -> None:
    sentences = (Sentence("He led it.", (CITED,), True), Sentence("Not so.", (), False))
    said = export.answer(stop(Exchange("Who?", sentences=sentences)), ARTICLES, "text")
    assert said.startswith("He led it. [1]\n\n[1] “")
    assert "Not so" not in said


def test_a_disagreement_and_an_error_are_in_it() -> None:
    given = answer("Two. [1]", CITED, disagreement=(Position("Some say three.", (1,)),))
    assert "- Some say three. [1]" in export.answer(done(given), {}, "text")
    assert "It broke." in export.answer(fail(Exchange("Who?"), "It broke."), {}, "text")


def test_what_nothing_bears_out_is_marked_in_it() -> None:
    given = done(answer("Two. [1]", CITED, unsupported=("It *rained*.",)))
    assert "Not found in the articles: It *rained*.\n" in export.answer(given, {}, "text")
    struck = MarkdownIt().enable("strikethrough").render(export.answer(given, {}, "markdown"))
    assert "Not found in the articles: <s>It *rained*.</s>" in struck


def test_json_holds_every_exchange() -> None:
    turns = (LED, done(refusal()), fail(Exchange("What?"), "It broke."))
    rows = json.loads(export.as_json(turns))["conversation"]
    assert [row["stage"] for row in rows] == ["done", "done", "failed"]
    assert rows[0]["answer"]["citations"][0]["quote"] == QUOTE
    assert rows[2] | {"answer": None} == rows[2]
    assert rows[2]["error"] == "It broke."


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("/home/anna/models/x.gguf", "x.gguf"),
        ("~/models/x.gguf", "x.gguf"),
        ("../models/x.gguf", "x.gguf"),
        ("owner/repo/x.gguf", "owner/repo/x.gguf"),
        ("qwen2.5-coder-1.5b-instruct", "qwen2.5-coder-1.5b-instruct"),
    ],
)
def test_what_is_saved_names_no_place_of_this_machine(model: str, told: str) -> None:
    turn = done(answer("He led it. [1]", CITED, model=model))
    saved = export.as_json((turn,))
    assert json.loads(saved)["conversation"][0]["answer"]["model"] == told
    assert "anna" not in saved + export.markdown((turn,), {})


def test_a_saved_conversation_gives_each_footnote_a_name_of_its_own() -> None:
    text = export.markdown((LED, LED), {})
    assert text.count("[^1-1]: ") == text.count("[^2-1]: ") == 1
    assert text.count("led it.[^1-1]") == text.count("led it.[^2-1]") == 1
