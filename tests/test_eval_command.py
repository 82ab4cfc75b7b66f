"""`footnote eval run`, end to end with a scripted assistant."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from eval_fakes import Launch, answer, case

from eval import evaluate as command
from eval.__main__ import main
from eval.gate import NAMES
from eval.runner import Result
from eval.ticker import Ticker
from rag.errors import CorpusError


def test_two_corpora_of_one_name_keep_two_reports(tmp_path: Path) -> None:
    bundled = command.report_folder(command.PROJECT / "seeds")
    assert bundled == Path("reports/eval-seeds")
    assert command.report_folder(tmp_path / "seeds") != bundled
    assert command.report_folder(tmp_path / "a" / "seeds") != command.report_folder(
        tmp_path / "seeds"
    )


Captured = pytest.CaptureFixture[str]


def test_a_run_above_the_bar_passes(launch: Launch, tmp_path: Path, capsys: Captured) -> None:
    assert launch() == 0
    out, err = capsys.readouterr()
    assert "Every threshold is met." in out
    assert "2/2 questions, 0 s left" in err
    folder = tmp_path / command.report_folder(tmp_path / "articles")
    assert sorted(file.name for file in folder.iterdir()) == [
        "junit.xml", "report.html", "report.json", "report.md",
    ]  # fmt: skip
    data = json.loads((folder / "report.json").read_text())
    assert data["configuration"]["split"] == "report"
    assert data["configuration"]["settings"]["corpus"] == "articles"
    assert {check["threshold"]: check["passed"] for check in data["gate"]} == dict.fromkeys(
        [*NAMES, "stale_articles_max"], True
    )


def test_a_run_below_the_bar_fails_and_says_why(launch: Launch, capsys: Captured) -> None:
    assert launch("--strict", script={"b?": answer()}) == 1
    assert "Below the bar: refused_rightly_min." in capsys.readouterr().out


def test_one_crash_fails_the_gate(launch: Launch, capsys: Captured) -> None:
    assert launch("--split", "tune", script={"c?": OSError("disk")}) == 1
    out = capsys.readouterr().out
    assert "c: OSError: disk" in out
    assert "Below the bar: errors_max." in out


def test_no_gate_reports_and_passes(launch: Launch, capsys: Captured) -> None:
    assert launch("--no-gate", script={"b?": answer()}) == 0
    out = capsys.readouterr().out
    assert "The gate is skipped (--no-gate)." in out
    assert "FAIL" not in out


def test_limit_asks_the_first_cases_and_says_that_the_gate_is_skipped(
    launch: Launch, capsys: Captured
) -> None:
    assert launch("--limit", "1", "--split", "all", script={"a?": answer("No idea.")}) == 0
    out, err = capsys.readouterr()
    assert "Asked only 1 of the cases (--limit): the gate is skipped." in out
    assert "1/1 questions" in err


@pytest.mark.parametrize(("split", "asked"), [("report", "2/2"), ("tune", "1/1"), ("all", "3/3")])
def test_the_split_chooses_the_cases(
    launch: Launch, capsys: Captured, split: str, asked: str
) -> None:
    assert launch("--split", split) == 0
    assert f"{asked} questions" in capsys.readouterr().err


def test_model_out_and_verbose(launch: Launch, tmp_path: Path, capsys: Captured) -> None:
    assert launch("--model", "other", "--out", "here/now", "--verbose") == 0
    data = json.loads((tmp_path / "here" / "now" / "report.json").read_text())
    assert data["configuration"]["model"] == "other"
    out = capsys.readouterr().out
    assert "right                  a: The answer states: Adeeb." in out
    assert "refused_rightly        b: " in out


def test_answers_are_exported_for_the_judges_that_are_named(
    launch: Launch, tmp_path: Path, capsys: Captured
) -> None:
    assert launch("--out", "out", "--export", "ragas", "--export", "deepeval") == 0
    line = json.loads((tmp_path / "out" / "ragas.jsonl").read_text().splitlines()[0])
    assert (line["response"], line["reference"]) == ("Adeeb led it.", "Adeeb")
    assert len(json.loads((tmp_path / "out" / "deepeval.json").read_text())) == 2
    assert "Written: out/ragas.jsonl" in capsys.readouterr().out


def test_ctrl_c_reports_what_there_is(launch: Launch, tmp_path: Path, capsys: Captured) -> None:
    assert launch(script={"b?": KeyboardInterrupt()}) == 130
    out = capsys.readouterr().out
    assert "Interrupted after 1 of 2 cases: the gate is skipped." in out
    assert "Run the same command again to go on from here." in out
    assert (tmp_path / command.report_folder(tmp_path / "articles") / "report.json").is_file()


def test_a_fresh_run_that_was_interrupted_goes_on_as_it_says(
    launch: Launch, capsys: Captured
) -> None:
    assert launch("--fresh", script={"b?": KeyboardInterrupt()}) == 130
    assert "with --no-cache in the place of --fresh" in capsys.readouterr().out
    assert launch("--no-cache") == 0
    assert "Going on with the interrupted run: 1 answers" in capsys.readouterr().out


def test_ctrl_c_before_any_answer_writes_no_report(
    launch: Launch, tmp_path: Path, capsys: Captured
) -> None:
    assert launch(script={"a?": KeyboardInterrupt()}) == 130
    assert launch(error=KeyboardInterrupt()) == 130
    assert "before the first question" in capsys.readouterr().err
    assert list((tmp_path / command.report_folder(tmp_path / "articles")).iterdir()) == []


def test_what_cannot_be_used_exits_with_2_and_a_message(
    launch: Launch, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "taken").write_text("a file")
    no_tune = (tmp_path / "cases.jsonl").read_text().splitlines()[0]
    (tmp_path / "one.jsonl").write_text(no_tune)
    for argv, error, message in [
        (["--cases", "none.jsonl"], None, "There is no case file none.jsonl."),
        (["--cases", "one.jsonl", "--split", "tune"], None, "has no cases of the split tune"),
        (["--out", "taken"], None, "cannot be written to taken"),
        (
            ["--corpus", "typo"],
            CorpusError("There is no folder articles."),
            "There is no folder articles.",
        ),
    ]:
        assert launch(*argv, error=error) == 2
        out, err = capsys.readouterr()
        assert message in err
        assert "Traceback" not in err
        assert out == ""
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    "argv", [["--limit", "0"], ["--limit", "x"], ["--split", "dev"], ["--nope"]]
)
def test_unknown_options_are_usage_errors(argv: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert "usage: footnote eval" in capsys.readouterr().err


def test_a_terminal_gets_one_line_that_is_rewritten(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    ticker = Ticker(verbose=False)
    ticker.stage("embed", 3, 4)
    ticker.case(Result(case("a"), seconds=60.0), 1, 3)
    ticker.clear()
    err = capsys.readouterr().err
    assert "\n" not in err
    assert "\r\x1b[Kembed 3/4" in err
    assert "1/3 questions, 2 min 00 s left" in err
    assert err.endswith("\r\x1b[K")


def test_a_log_gets_ten_lines_at_most(capsys: Captured) -> None:
    ticker = Ticker(verbose=False)
    for done in range(1, 85):
        ticker.case(Result(case("a")), done, 84)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("84/84 questions")


@pytest.mark.parametrize(("command", "module"), [("lint", "eval.lint"), ("new", "eval.starter")])
def test_the_commands_for_cases_get_their_own_options(
    monkeypatch: pytest.MonkeyPatch, command: str, module: str
) -> None:
    given: list[list[str]] = []

    def fake(argv: list[str]) -> int:
        given.append(argv)
        return 1

    monkeypatch.setitem(sys.modules, module, SimpleNamespace(main=fake))
    assert main([command, "mine.jsonl", "--help"]) == 1
    assert given == [["mine.jsonl", "--help"]]


def test_help_lists_the_commands_and_each_has_its_own(capsys: Captured) -> None:
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    for name in ("run", "compare", "report", "new", "lint"):
        assert f"\n  {name} " in told
    for name in ("run", "compare", "report"):
        with pytest.raises(SystemExit) as caught:
            main([name, "--help"])
        assert caught.value.code == 0
        assert f"usage: footnote eval {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv", [["--timeout", "0"], ["--timeout", "nan"], ["--fresh", "--resume"]]
)
def test_options_that_make_no_sense_are_usage_errors(argv: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", *argv])
    assert caught.value.code == 2
    assert "usage: footnote eval run" in capsys.readouterr().err
