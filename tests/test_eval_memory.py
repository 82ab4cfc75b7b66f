"""Runs that go on after an interruption, and answers that need not be made again."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eval_fakes import Launch, Scripted, answer, case, outcomes, refusal

from eval.configuration import answer_context, configuration
from eval.memory import JOURNAL, Memory
from eval.report.figures import figures
from eval.runner import Rules, run
from rag.errors import ConfigError
from rag.settings import PROJECT, Settings
from rag.types import Answer, Position, Token, Turn

Captured = pytest.CaptureFixture[str]


def remember(folder: Path, context: str = "c1", **given: Any) -> Memory:
    return Memory(context, folder / JOURNAL, folder / "answers", **given)


def test_an_answer_survives_its_record() -> None:
    whole = replace(answer(), disagreement=(Position("He was.", (1,)), Position("Not.", ())))
    assert Answer.from_dict(json.loads(json.dumps(whole.to_dict()))) == whole
    for bad in ({}, None, whole.to_dict() | {"citations": [{}]}):
        with pytest.raises(ValueError):
            Answer.from_dict(bad)


def test_an_answer_of_before_the_prompts_were_kept_is_still_read() -> None:
    record = replace(answer(), judge_prompt="asked", answer_prompt="told").to_dict()
    assert Answer.from_dict(record | {"of_a_later_version": 1}).answer_prompt == "told"
    for name in ("judge_prompt", "answer_prompt"):
        del record[name]
    assert Answer.from_dict(record) == answer()


def test_an_interrupted_run_asks_only_what_is_left(tmp_path: Path) -> None:
    cases = [case("a"), case("b"), case("c")]
    broken = Scripted({"c?": KeyboardInterrupt()})
    assert len(run(broken, cases, rules=Rules(remember(tmp_path)))) == 2
    memory = remember(tmp_path)
    assert memory.resumed == 2
    again = Scripted({})
    results = run(again, cases, rules=Rules(memory))
    assert [question for question, _ in again.asked] == ["c?"]
    assert outcomes(results) == ["right"] * 3
    assert [(r.resumed, r.cached) for r in results] == [(True, False)] * 2 + [(False, False)]
    assert results[0].hit is not None  # judged and searched for anew


def test_a_finished_run_leaves_a_cache_that_is_marked(tmp_path: Path) -> None:
    cases = [case("a"), case("b", history=(Turn("x?", "y."),))]
    memory = remember(tmp_path)
    run(Scripted({}), cases, rules=Rules(memory))
    memory.finish()
    again = Scripted({})
    changed = [*cases, case("b"), case("d")]  # without its history b is another question
    results = run(again, changed, rules=Rules(remember(tmp_path)))
    assert [question for question, _ in again.asked] == ["b?", "d?"]
    assert [result.cached for result in results] == [True, True, False, False]
    counted = figures(results)
    assert counted["cached"] == 2
    assert figures(results[:2])["total_s"]["median"] is None  # nobody waited for these
    assert counted["total_s"]["median"] == 2.0


def test_another_context_or_no_context_recalls_nothing(tmp_path: Path) -> None:
    for context, asked in (("c1", 1), ("c1", 0), ("c2", 1), ("", 1), ("", 1)):
        assistant = Scripted({})
        run(assistant, [case("a")], rules=Rules(remember(tmp_path, context)))
        assert len(assistant.asked) == asked, context


def test_without_the_cache_an_interrupted_run_goes_on_all_the_same(tmp_path: Path) -> None:
    run(Scripted({"b?": KeyboardInterrupt()}), [case("a"), case("b")],
        rules=Rules(remember(tmp_path)))  # fmt: skip
    memory = remember(tmp_path, read=False)
    assert memory.resumed == 1
    memory.finish()
    assistant = Scripted({})
    run(assistant, [case("a")], rules=Rules(remember(tmp_path, read=False)))
    assert len(assistant.asked) == 1


@pytest.mark.parametrize(
    "damage", ['{"key": "x', "[1]\n", '{"key": "k", "answer": {}}\n', "\x00\n"]
)
def test_a_damaged_line_loses_that_line_alone(tmp_path: Path, damage: str) -> None:
    run(Scripted({}), [case("a")], rules=Rules(remember(tmp_path)))
    with (tmp_path / JOURNAL).open("a", encoding="utf-8") as journal:
        journal.write(damage)
    memory = remember(tmp_path)
    assert memory.resumed == 1
    memory.keep(case("b"), answer(), 1.0)
    assert remember(tmp_path).resumed == 2


@pytest.mark.parametrize("head", ["", "not JSON\n", "[]\n"])
def test_a_journal_without_its_head_is_begun_anew(tmp_path: Path, head: str) -> None:
    (tmp_path / JOURNAL).write_text(head)
    assert remember(tmp_path).resumed == 0


def test_a_damaged_cache_is_asked_again(tmp_path: Path) -> None:
    memory = remember(tmp_path)
    memory.keep(case("a"), answer(), 1.0)
    memory.finish()
    (file,) = (tmp_path / "answers").rglob("*.json")
    file.write_text("{")
    assert remember(tmp_path).recall(case("a")) is None


def test_a_crash_is_not_remembered(tmp_path: Path) -> None:
    run(Scripted({"a?": ValueError("once")}), [case("a")], rules=Rules(remember(tmp_path)))
    results = run(Scripted({}), [case("a")], rules=Rules(remember(tmp_path)))
    assert outcomes(results) == ["right"]


def test_a_journal_that_cannot_be_written_is_an_error_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--out"):
        remember(tmp_path / "none")


# Time-outs


class Slow(Scripted):
    """Writes a token every few milliseconds for the question `slow?`, without end."""

    closed = False

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[Token | Answer]:
        if question != "slow?":
            yield from super().stream(question, history)
            return
        try:
            while True:
                time.sleep(0.002)
                yield Token("A")
        finally:
            self.closed = True


def test_a_time_out_is_counted_apart_and_frees_the_model() -> None:
    assistant = Slow({})
    results = run(assistant, [case("slow"), case("b")], rules=Rules(timeout=0.01))
    assert assistant.closed
    assert outcomes(results) == ["timeout", "right"]
    assert (results[0].error, results[0].timed_out) == ("It took longer than 0.01 s.", True)
    counted = figures(results)
    assert (counted["errors"], counted["timeouts"]) == (1, 1)
    crashed = figures(run(Scripted({"a?": ValueError()}), [case("a")]))
    assert (crashed["errors"], crashed["timeouts"]) == (1, 0)


# What an answer depends on


def context(tmp_path: Path, **given: Any) -> str:
    cases = tmp_path / "cases.jsonl"
    cases.write_text("{}")
    settings = Settings(**given)
    return answer_context(configuration(Scripted({}), settings, cases, PROJECT / "prompts"))


def test_the_context_holds_what_an_answer_depends_on_and_no_more(tmp_path: Path) -> None:
    plain = context(tmp_path)
    assert context(tmp_path, home=tmp_path, port=9, corpus=tmp_path) == plain
    assert context(tmp_path, evidence_windows=1) != plain
    assert context(tmp_path, min_support=0.1) != plain
    assert context(tmp_path, model="smollm2-135m-instruct") != plain
    assert context(tmp_path, model="unknown") == ""


def test_a_model_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    seen = set()
    for tail in (b"1", b"2"):
        file.write_bytes(b"GGUF" + (3).to_bytes(4, "little") + bytes(64) + tail)
        seen.add(context(tmp_path, model=str(file)))
    assert len(seen - {""}) == 2


# The command


def test_a_run_resumes_and_a_fresh_one_does_not(
    launch: Launch, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> list[bool]:
        (file,) = tmp_path.glob("reports/*/report.json")
        return [record["cached"] for record in json.loads(file.read_text())["results"]]

    assert launch(script={"b?": KeyboardInterrupt()}) == 130
    assert "Run the same command again" in capsys.readouterr().out
    assert launch(script={"a?": ValueError("asked again")}) == 0
    assert "Going on with the interrupted run: 1 answers" in capsys.readouterr().out
    assert not list(tmp_path.glob(f"reports/*/{JOURNAL}"))

    assert launch() == 0
    assert asked() == [True, True]
    out = capsys.readouterr().out
    assert "whole answer (s) of 0 not cached" in out
    assert launch("--no-cache") == 0
    assert asked() == [False, False]
    assert (
        launch(
            "--fresh",
            script={"b?": answer()},
        )
        == 0
    )
    assert asked() == [False, False]
    assert "unanswerable, answered" in capsys.readouterr().out
    monkeypatch.setenv("FOOTNOTE_MIN_SUPPORT", "0.7")
    assert launch(script={"b?": refusal()}) == 0
    assert asked() == [False, False]


def test_a_fresh_run_forgets_an_interrupted_one(launch: Launch, capsys: Captured) -> None:
    assert launch(script={"b?": KeyboardInterrupt()}) == 130
    assert launch("--fresh", script={"a?": ValueError("asked again")}) == 1
    assert "a: ValueError: asked again" in capsys.readouterr().out
