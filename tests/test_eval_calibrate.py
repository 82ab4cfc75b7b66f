"""`footnote eval calibrate`: a threshold and a slope from cases, and where they are kept."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eval_fakes import case
from fakes import CORPUS, ScriptedGenerator, open_assistant, write_corpus

from eval import calibrate as command
from eval.__main__ import main
from eval.calibrate import fit, judge
from eval.ticker import Ticker
from rag.errors import ConfigError, ModelError, QuestionError
from rag.judge import SAFE_DEFAULT, calibration
from rag.settings import Settings
from rag.types import Turn

Captured = pytest.CaptureFixture[str]


def drawn(threshold: float, slope: float, count: int, seed: int) -> tuple[list[float], list[bool]]:
    """Margins of a model that is calibrated just so, half of its questions with an answer."""
    random = np.random.default_rng(seed)
    margins = random.uniform(threshold - 6 / slope, threshold + 6 / slope, count)
    chances = 1 / (1 + np.exp(-slope * (margins - threshold)))
    return list(map(float, margins)), [bool(x) for x in random.random(count) < chances]


@pytest.mark.parametrize(("threshold", "slope"), [(0.0, 1.0), (-2.0, 0.5), (5.0, 3.0)])
def test_what_margins_were_drawn_from_is_found_again(threshold: float, slope: float) -> None:
    found = fit(*drawn(threshold, slope, 4000, seed=1)).calibration
    assert found.slope == pytest.approx(slope, rel=0.15)
    assert found.threshold == pytest.approx(threshold, abs=0.3 / slope)
    assert found.known


def test_the_mix_of_cases_does_not_move_the_threshold() -> None:
    margins, stated = drawn(1.0, 1.0, 2000, seed=2)
    many = [(m, s) for m, s in zip(margins, stated, strict=True) for _ in range(9 if s else 1)]
    found = fit([m for m, _ in many], [s for _, s in many]).calibration
    even = fit(margins, stated).calibration
    assert found.threshold == pytest.approx(even.threshold, abs=0.05)


def test_margins_that_part_perfectly_give_a_threshold_between() -> None:
    fitted = fit([-3.0, -2.0, -2.5, 4.0, 5.0, 6.0], [False] * 3 + [True] * 3)
    assert -2.0 < fitted.calibration.threshold < 4.0
    assert math.isfinite(fitted.calibration.slope)
    assert (fitted.passed, fitted.stated, fitted.refused, fitted.silent) == (3, 3, 3, 3)
    assert fitted.auroc == 1.0


@pytest.mark.parametrize("stated", [[True] * 4, [False] * 4, []])
def test_one_kind_of_question_alone_cannot_be_fitted(stated: list[bool]) -> None:
    with pytest.raises(ConfigError, match="Questions with an answer and without are needed"):
        fit([1.0] * len(stated), stated)


def test_margins_that_say_the_contrary_are_told() -> None:
    margins, stated = drawn(0.0, 1.0, 400, seed=3)
    with pytest.raises(ConfigError, match="do not tell questions"):
        fit(margins, [not one for one in stated])


class Judged:
    """An assistant whose judge has these margins, one for each question."""

    def __init__(self, *margins: float | Exception | None) -> None:
        self.margins = iter(margins)

    def margin(self, question: str, history: Sequence[Turn] = ()) -> float | None:
        found = next(self.margins)
        if isinstance(found, Exception):
            raise found
        return found


def test_cases_that_crash_and_those_for_which_nothing_is_found_are_left_out(
    capsys: Captured,
) -> None:
    crashes = QuestionError("It is too long. Shorten it."), RuntimeError("llama_decode")
    assistant = Judged(2.5, None, *crashes, -1.0)
    cases = [case("a"), case("b"), case("c"), case("e"), case("d", answerable=False)]
    assert judge(assistant, cases, Ticker(verbose=True)) == [(2.5, True), (-1.0, False)]
    told = capsys.readouterr()
    assert told.out.splitlines() == ["a: 2.50", "b: nothing found", "d: -1.00"]
    assert "c: It is too long. Shorten it." in told.err
    assert "e: RuntimeError: llama_decode" in told.err


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Twelve questions that the little corpus answers, and twelve that it does not."""
    lines = [
        {
            "id": f"{kind}{number}",
            "question": f"Who headed the {kind} delegation {number}?",
            "answerable": kind == "known",
            "expected": [["Adeeb"]] if kind == "known" else [],
            "split": "tune",
        }
        for kind in ("known", "unknown")
        for number in range(12)
    ]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    return file


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus whose model says yes at 3 and no at -7, give or take."""
    folder = write_corpus(tmp_path / "articles", CORPUS)

    def margin(user: str) -> float:
        return (-7.0 if "unknown" in user else 3.0) + len(user) % 7 / 10

    def opened(corpus: Path, *, settings: Settings, progress: Any) -> Any:
        if not corpus.exists():
            raise ModelError("no such thing")
        found = open_assistant(corpus, ScriptedGenerator("Adeeb.", margin=margin))
        found.settings = replace(settings, corpus=corpus)
        return found

    monkeypatch.setattr(command.Assistant, "open", opened)
    return folder


def test_a_model_is_calibrated_and_read_so_from_then_on(
    corpus: Path, cases: Path, home: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_STRICTNESS", "1")
    given = ["calibrate", "--cases", str(cases), "--corpus", str(corpus)]
    assert main(given) == 0
    out = capsys.readouterr().out
    assert "(before: the safe default), AUROC 1.000" in out
    assert "12 of 12 questions with an answer have one half or more, 12 of 12" in out
    own = home / "calibration.json"
    assert f"Written: {own}" in out
    found = calibration("scripted", own=own)
    assert found.known
    assert -6.0 < found.threshold < 3.0
    # a second time nothing but what it was before differs
    assert main([*given, "--corpus", str(corpus)]) == 0
    assert f"(before: {found.threshold:.2f}" in capsys.readouterr().out


def test_a_dry_run_keeps_nothing(corpus: Path, cases: Path, home: Path, capsys: Captured) -> None:
    given = ["calibrate", "--dry-run", "--cases", str(cases), "--corpus", str(corpus)]
    assert main(given) == 0
    assert "Nothing was written" in capsys.readouterr().out
    assert calibration("scripted", own=home / "calibration.json") == SAFE_DEFAULT


def test_it_can_be_kept_elsewhere(corpus: Path, cases: Path, tmp_path: Path) -> None:
    out = tmp_path / "kept.json"
    assert (
        main(["calibrate", "--cases", str(cases), "--corpus", str(corpus), "--out", str(out)]) == 0
    )
    assert calibration("scripted", own=out).known


def test_a_corpus_that_the_cases_are_not_about_is_refused(
    corpus: Path, cases: Path, home: Path, capsys: Captured
) -> None:
    lines = [json.loads(line) | {"articles": ["qom.md"]} for line in cases.read_text().splitlines()]
    cases.write_text("\n".join(map(json.dumps, lines)))
    given = ["calibrate", "--cases", str(cases), "--corpus", str(corpus)]
    assert main(given) == 0
    (home / "calibration.json").unlink()
    (corpus / "qom.md").unlink()
    assert main(given) == 2
    assert "does not hold qom.md, which the cases are about" in capsys.readouterr().err
    assert not (home / "calibration.json").exists()


def test_too_few_cases_are_told_before_anything_is_asked(
    cases: Path, capsys: Captured, tmp_path: Path
) -> None:
    given = ["calibrate", "--cases", str(cases), "--corpus", str(tmp_path / "nowhere")]
    assert main([*given, "--limit", "15"]) == 2
    assert re.search(r"There are \d cases with(out)? an answer in the s", capsys.readouterr().err)
    assert main([*given, "--split", "report"]) == 2
    assert "There are 0 cases with an answer in the split report" in capsys.readouterr().err
