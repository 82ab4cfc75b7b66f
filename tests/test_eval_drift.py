"""What a baseline rests on: the same model, prompts, settings and articles."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from eval_fakes import Launch, case

import prompts
from eval.drift import drift, misfit, setup_of, stale
from eval.gate import gate_text
from eval.outcomes import CaseOutcome, Run
from rag.types import Article

Captured = pytest.CaptureFixture[str]
MADE = {"model": "m", "model_sha256": "1", "cases_sha256": "c", "prompts_sha256": "p"}


def a_setup(**given: Any) -> dict[str, Any]:
    settings = {"passage_chars": 800, "port": 1, "threads": 2} | given.pop("settings", {})
    articles = [Article(name, "", name, "", sha256="1") for name in given.pop("articles", ["a.md"])]
    return dict(setup_of({**MADE, "settings": settings} | given, articles))


def a_run(setup: dict[str, Any], tokens: int = 20, count: int = 6) -> Run:
    cases = {f"c{n}": CaseOutcome("x", True, "right", tokens=tokens + n) for n in range(count)}
    return Run("r", "m", cases, {}, setup)


def failed(before: Run, after: Run) -> dict[str, str]:
    cases = [case("c0", articles=("a.md",))]
    checks = drift(before, after, cases, Path("none"))
    return {check.threshold: check.reason for check in checks if not check.passed}


def test_an_unchanged_system_has_not_drifted() -> None:
    assert failed(a_run(a_setup()), a_run(a_setup())) == {}
    # Neither what no answer depends on nor an article that no case names makes a difference.
    other = a_setup(settings={"port": 2, "threads": 8}, articles=["a.md", "new.md"])
    assert failed(a_run(other), a_run(a_setup())) == {}
    # A setting of a later program was not another one before.
    assert failed(a_run(a_setup()), a_run(a_setup(settings={"new": 1}))) == {}
    assert failed(a_run({}), a_run(a_setup(articles=[]))) == {}  # nothing is known of then


def test_what_changed_is_named() -> None:
    before = a_run(a_setup())
    after = a_run(a_setup(settings={"passage_chars": 3200}, articles=["b.md"]))
    found = failed(before, after)
    assert list(found) == ["missing_articles_max", "changed_settings_max"]
    assert "a.md" in found["missing_articles_max"]
    assert "passage_chars 800 -> 3200" in found["changed_settings_max"]


def test_other_prompts_are_seen_as_they_are_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    before = a_run(a_setup())
    monkeypatch.setattr(prompts, "_template", lambda name: "shorter")
    assert list(failed(before, a_run(a_setup()))) == ["changed_prompts_max"]


def test_answers_cut_short_are_seen_by_what_the_model_wrote() -> None:
    setup = a_setup()
    assert list(failed(a_run(setup), a_run(setup, tokens=4))) == ["answer_length_min"]
    assert failed(a_run(setup), a_run(setup, tokens=14)) == {}
    assert failed(a_run(setup, count=4), a_run(setup, tokens=4, count=4)) == {}  # too few to tell


def test_a_baseline_of_another_model_or_other_cases_does_not_fit() -> None:
    now, fewer = a_run(a_setup()), a_run(a_setup(), count=1)
    assert misfit(now, now) == misfit(a_run({}), now) == misfit(now, fewer) == ""
    assert "of the model m, and this run is of n" in misfit(now, a_run(a_setup(model="n")))
    assert "another than then" in misfit(now, a_run(a_setup(model_sha256="2")))
    assert "none of the cases" in misfit(a_run(a_setup(), count=0), now)


def test_an_article_that_changed_or_went_since_it_was_read_is_stale(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("Adeeb led it.")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    article = Article("a.md", "A", "a.md", "Adeeb led it.", sha256=sha256)
    assert stale([article], {"a.md": file}).passed
    file.write_text("Talabani led it.")
    found = stale([article], {"a.md": file})
    assert not found.passed
    assert "a.md" in gate_text([found])
    file.unlink()
    assert not stale([article], {"a.md": file}).passed
    assert not stale([article], {}).passed


def test_the_gate_says_that_a_baseline_is_of_another_model(
    launch: Launch, capsys: Captured
) -> None:
    assert launch("--model", "one", "--save-baseline", "--no-gate") == 0
    assert launch("--model", "one", "--fresh") == 0
    out = capsys.readouterr().out
    assert "No figure got worse beyond chance." in out
    assert "not compared" not in out
    assert launch("--model", "two", "--fresh") == 0
    out = capsys.readouterr().out
    assert "it is of the model one, and this run is of two." in out
    assert "got worse beyond chance" not in out
    # One that is named was meant to be compared with.
    assert launch("--model", "two", "--fresh", "--baseline", "cases.baseline.json") == 1
    assert "FAIL  misfit_baselines_max" in capsys.readouterr().out


def test_a_case_that_was_deleted_fails_the_gate_until_there_is_a_new_baseline(
    launch: Launch, tmp_path: Path, capsys: Captured
) -> None:
    assert launch("--split", "all", "--save-baseline") == 0
    assert launch("--split", "tune") == 0  # the others are not asked, and are there
    cases = tmp_path / "cases.jsonl"
    cases.write_text("\n".join(cases.read_text().splitlines()[1:]))
    assert launch("--split", "all") == 1
    out = capsys.readouterr().out
    assert "FAIL  deleted_cases_max" in out
    assert "changed: a." in out


def test_a_changed_setting_fails_the_gate_until_there_is_a_new_baseline(
    launch: Launch, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    assert launch("--save-baseline") == 0
    monkeypatch.setenv("FOOTNOTE_MIN_SUPPORT", "0.1")
    assert launch("--fresh") == 1
    assert "min_support 0.4 -> 0.1" in capsys.readouterr().out
    assert launch("--fresh", "--save-baseline") == 0
    assert launch("--fresh") == 0
