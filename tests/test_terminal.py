"""Answers as terminal text: layout, width, hostile characters, JSON; progress."""

import io
import json
import sys
import unicodedata
from dataclasses import replace
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import terminal
from rag.terminal import Meter, as_json, render, safe, table, wrap
from rag.types import Answer, Article, Citation, Passage, Position

QUOTE = "Ali Adeeb headed the Iraqi delegation to Qom."
ARTICLES = {"qom.md": Article("qom.md", "The talks", "qom.md", QUOTE, "Reuters", "2008-04-07")}
HOSTILE = "a\x1b[2Jb\x9b31mc\x07d\re\u202ef\udc80g\x7fh\ti"


def cite(number: int, quote: str = QUOTE, **given: str) -> Citation:
    names = {"article_id": "qom.md", "title": "The talks", "path": "qom.md"} | given
    return Citation(number, 0, 9, passage_id="p", quote=quote, start=0, end=9, support=0.9, **names)


def answer(text: str, *citations: Citation) -> Answer:
    return Answer("Who?", "Who?", text, False, "", 0.9, citations, ())


def refusal(*passages: Passage) -> Answer:
    return Answer("Who?", "Who?", "The articles do not say.", True, "not_stated", 0, (), passages)


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


def test_footnotes_stand_below_the_answer_wrapped_under_their_numbers() -> None:
    assert render(answer("Ali Adeeb led the delegation. [1]", cite(1)), ARTICLES) == (
        "Ali Adeeb led the delegation. [1]\n"
        "\n"
        '[1] "Ali Adeeb headed the Iraqi\n'
        '    delegation to Qom."\n'
        "    The talks, Reuters, 2008-04-07"
    )


def test_a_quote_that_bears_two_sentences_is_one_footnote() -> None:
    shown = render(answer("One. [1] Two. [1] [2]", cite(1), cite(1), cite(2, "Else.")), ARTICLES)
    assert shown.count('[1] "') == 1
    assert shown.count('[2] "Else."') == 1


def test_a_source_that_states_nothing_is_named_by_its_path() -> None:
    bare = Article("a.txt", "", "notes/a.txt", "Text.")
    told = cite(1, article_id="a.txt", title="", path="notes/a.txt")
    assert render(answer("So. [1]", told), {"a.txt": bare}).endswith("    notes/a.txt")
    assert render(answer("So. [1]", told), {}).endswith("    notes/a.txt")


def test_a_refusal_shows_where_the_nearest_passages_begin() -> None:
    text = f"{QUOTE} " * 9
    near = Passage("p", "qom.md", "The talks", "qom.md", text, 0, len(text))
    assert render(refusal(near), ARTICLES) == (
        "The articles do not say.\n"
        "\n"
        "Nearest passages:\n"
        "  The talks, Reuters, 2008-04-07\n"
        "      Ali Adeeb headed the Iraqi\n"
        "      delegation to Qom. Ali Adeeb …"
    )
    assert render(refusal(), ARTICLES) == "The articles do not say."


def test_a_rewritten_question_and_a_disagreement_are_told() -> None:
    shown = render(
        replace(
            answer("Ten. [1]", cite(1)),
            standalone_question="How many rockets?",
            disagreement=(Position("Ten fell.", (1,)), Position("Nine fell.", (2, 3))),
        ),
        ARTICLES,
    )
    assert "\n\nasked as: How many rockets?\n\n" in shown
    assert "The articles disagree:\n- Ten fell. [1]\n- Nine fell. [2] [3]\n\n" in shown


def test_what_nothing_bears_out_is_told_where_it_is_asked_for() -> None:
    given = replace(answer("Ten. [1]", cite(1)), unsupported=("It rained.", "So."))
    told = "Not found in the articles:\n- ~~It rained.~~\n- ~~So.~~"
    assert f"\n\n{told}\n\n[1] " in render(given, ARTICLES)
    assert told in render(replace(refusal(), unsupported=given.unsupported), ARTICLES)


def test_nothing_that_a_terminal_obeys_is_printed() -> None:
    article = Article("x", HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    near = Passage("p", "x", HOSTILE, HOSTILE, HOSTILE, 0, 9)
    cited = cite(1, HOSTILE, article_id="x", title=HOSTILE, path=HOSTILE)
    for shown in (
        render(
            replace(answer(HOSTILE, cited), standalone_question=HOSTILE, query=f"{HOSTILE}!"),
            {"x": article},
        ),
        render(replace(refusal(near), text=HOSTILE), {"x": article}),
        as_json(replace(answer(HOSTILE, cited), passages=(near,)).to_dict()),
    ):
        assert {unicodedata.category(c) for c in shown.replace("\n", "")} & {"Cc", "Cs"} == set()
        assert "\u202e" not in shown
    assert safe(HOSTILE) == "a\ufffd[2Jb\ufffd31mc\ufffdd e\ufffdf\ufffdg\ufffdh i"


@given(st.text())
def test_json_reads_back_as_it_was(text: str) -> None:
    given = replace(answer(text, cite(1, text)), passages=refusal().passages)
    assert json.loads(as_json(given.to_dict())) == json.loads(json.dumps(given.to_dict()))


@given(st.lists(st.text(st.sampled_from("ab- é\n"), max_size=60), max_size=5), st.integers(8, 60))
def test_what_is_printed_already_stays_when_more_is_appended(parts: list[str], width: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        text = ""
        for part in parts:
            longer = f"{text} {part}".strip()
            assert wrap(longer).startswith(wrap(text))
            text = longer


def test_tables_are_aligned() -> None:
    assert list(table([("NAME", "SIZE"), ("b", "1,117 MB")], " ")) == [
        " NAME  SIZE",
        " b     1,117 MB",
    ]


class Screen(io.StringIO):
    """A terminal; call `attach` in the test, for pytest sets stderr anew before it."""

    def isatty(self) -> bool:
        return True

    def attach(self, monkeypatch: pytest.MonkeyPatch) -> Self:
        monkeypatch.setattr(sys, "stderr", self)
        monkeypatch.setenv("TERM", "xterm")
        return self


REBUILT = "building the index again: the articles have changed"
WAITING = "waiting for another process that fetches all-minilm-l6-v2"


def test_a_log_has_the_steps_worth_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Meter() as meter:
        for stage in ("reading articles", REBUILT, "saving the index", "loading the model"):
            meter(stage, 0, 0)
        for done in range(300):
            meter("embedding", done, 300)
        meter(WAITING, 0, 0)
    assert capsys.readouterr().err.splitlines() == [REBUILT, "loading the model", WAITING]


def test_a_log_has_counts_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(100))
    monkeypatch.setattr("time.monotonic", lambda: float(next(seconds)))
    meter = Meter()
    for done in range(1, 10):
        meter("checking a.gguf", done * 1_000_000, 9_000_000)
    assert capsys.readouterr().err.splitlines() == [
        "checking a.gguf: 2 of 9 MB",
        "checking a.gguf: 7 of 9 MB",
        "checking a.gguf: 9 of 9 MB",
    ]


def test_on_a_terminal_short_steps_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen().attach(monkeypatch)
    with Meter() as meter:
        meter("reading articles", 0, 0)
        for done in range(1, 4):
            meter("reading articles", done, 3)
        meter(REBUILT, 0, 0)
        meter("loading the model", 0, 0)
    assert screen.getvalue() == (
        f"reading articles …\r\x1b[K{REBUILT}\nloading the model …\r\x1b[K"
    )


def test_on_a_terminal_long_steps_have_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen().attach(monkeypatch)
    monkeypatch.setattr(terminal, "WAIT_S", 0.0)
    meter = Meter()
    meter("downloading all-minilm-l6-v2", 50_000_000, 100_000_000)
    assert "downloading all-minilm-l6-v2:  50%" in screen.getvalue()
    assert "50.0M/100M" in screen.getvalue()
    meter("checking model.safetensors", 1, 2)
    meter.clear()
    assert screen.getvalue().endswith("\r")
    assert screen.getvalue().count("\n") == 0


@pytest.mark.parametrize("stage", [REBUILT, "loading the model", "embedding"])
def test_quiet_shows_nothing(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen().attach(monkeypatch)
    with Meter(quiet=True) as meter:
        meter(stage, 0, 0)
        meter(stage, 1, 2)
    assert screen.getvalue() == ""


def test_progress_takes_no_orders_from_names(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen().attach(monkeypatch)
    Meter()(f"checking {HOSTILE}: it", 0, 0)
    assert "\x1b[2J" not in screen.getvalue()
