"""Verdicts on answers: kept line by line, the last one counts, nothing that is there is lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from page_html import ARTICLES, Page, answer, citation, done, refusal

from rag.errors import ConfigError
from rag.page import render
from rag.page.exchange import Exchange
from rag.page.feedback import NOTE_CHARS, Feedback, read
from rag.page.verdict import verdict_form

FIRST = done(answer("He led it. [1]", citation(1, (0, 10)), model="m", index_version="v"))
SECOND = done(replace(refusal(), question="And when?", standalone_question="When did he lead it?"))
HOSTILE = '"><img src=x onerror="alert(1)">'


def verdicts(feedback: Feedback, *exchanges: Exchange) -> dict[int, str]:
    return {number: one.verdict for number, one in feedback.of(exchanges).items()}


def test_a_verdict_holds_all_that_a_case_needs_and_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "home" / "feedback.jsonl"
    Feedback(file, "news-1").give((FIRST,), SECOND, "down", "It was in April.")
    (line,) = file.read_text().splitlines()
    kept = json.loads(line)
    assert kept["question"] == "And when?"
    assert kept["standalone_question"] == "When did he lead it?"
    assert kept["history"] == [{"question": "Who led it?", "answer": "He led it. [1]"}]
    assert (kept["verdict"], kept["note"], kept["abstained"]) == ("down", "It was in April.", True)
    again = Feedback(file, "news-1")  # as after a restart
    assert verdicts(again, FIRST, SECOND) == {2: "down"}
    assert verdicts(again, SECOND) == {}  # asked elsewhere, it is another answer
    assert verdicts(Feedback(file, "other-2"), FIRST, SECOND) == {}


def test_a_verdict_on_a_question_that_was_asked_again_has_the_history_it_was_asked_with(
    tmp_path: Path,
) -> None:
    feedback = Feedback(tmp_path / "feedback.jsonl", "news-1")
    again = replace(FIRST, again=1)
    feedback.give((FIRST, SECOND), again, "up")
    assert json.loads(feedback.file.read_text())["history"] == []
    assert verdicts(feedback, SECOND, SECOND, again) == {3: "up"}


def test_the_last_verdict_counts_and_one_can_be_taken_back(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path / "f.jsonl", "c")
    for verdict in ("up", "down"):
        feedback.give((), FIRST, verdict)  # type: ignore[arg-type]
    assert verdicts(feedback, FIRST) == {1: "down"}
    opinions, broken = read(feedback.file)
    assert ([one.verdict for one in opinions], broken) == (["down"], [])
    assert opinions[0].citations == FIRST.answer.citations  # type: ignore[union-attr]
    feedback.give((), FIRST, "none")
    assert verdicts(feedback, FIRST) == {}
    assert len(feedback.file.read_text().splitlines()) == 3


def test_a_line_that_broke_off_costs_no_other(tmp_path: Path) -> None:
    file = tmp_path / "f.jsonl"
    Feedback(file, "c").give((), FIRST, "up")
    whole = file.read_text()
    file.write_text(whole + whole.replace('"format": 1', '"format": 9') + whole[:40])
    Feedback(file, "c").give((), SECOND, "down", HOSTILE + "\n\ud800" + "x" * NOTE_CHARS)
    opinions, broken = read(file)
    assert [one.verdict for one in opinions] == ["up", "down"]
    assert broken == [2, 3]
    assert opinions[1].note.startswith(HOSTILE)
    assert len(opinions[1].note) == NOTE_CHARS


def test_many_at_once_write_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "f.jsonl"
    several = [done(replace(FIRST.answer, question=f"{n}?")) for n in range(20)]  # type: ignore[type-var]
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda one: Feedback(file, "c").give((), one, "up"), several))
    opinions, broken = read(file)
    assert {one.question for one in opinions} == {f"{n}?" for n in range(20)}
    assert broken == []


def test_what_cannot_be_kept_is_told_without_a_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    feedback = Feedback(tmp_path / "file" / "f.jsonl", "c")
    with pytest.raises(ConfigError, match="could not be kept") as raised:
        feedback.give((), FIRST, "up")
    assert str(tmp_path) not in str(raised.value)
    assert verdicts(feedback, FIRST) == {}


def test_the_thumbs_show_what_was_given(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path / "f.jsonl", "c")
    feedback.give((), FIRST, "down", HOSTILE)
    exchanges = (FIRST, SECOND, Exchange("Open?"))
    page = Page(render.conversation(exchanges, ARTICLES, (), "", feedback.of(exchanges)))
    thumbs = page.attrs("button", "thumb")
    assert [each["aria-pressed"] for each in thumbs] == ["false", "true", "false", "false"]
    assert [each["aria-label"] for each in thumbs[:2]] == ["Right answer", "Wrong answer"]
    assert [each["value"] for each in page.attrs("input")] == [HOSTILE, ""]
    assert page.attrs("img") == []
    assert (
        Page(verdict_form(3, None)).attrs("span", "verdict")[0]["aria-label"].endswith("3 right?")
    )
