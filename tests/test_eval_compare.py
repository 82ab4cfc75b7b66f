"""Two runs on the same cases: baselines, regressions, and what is said of them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from eval_fakes import Launch, Scripted, a_document, answer, case, refusal

from eval.__main__ import main
from eval.compare import compare
from eval.outcomes import CaseOutcome, Run, load_run, run_of, save_baseline
from eval.report.change import comparison_text
from eval.report.document import comparison_record
from eval.report.files import write
from eval.runner import run
from rag.errors import ConfigError

Captured = pytest.CaptureFixture[str]


def a_run(name: str, *right: bool, refused: tuple[bool, ...] = ()) -> Run:
    """Cases a0, a1 ... answered right or wrong, u0, u1 ... refused or answered."""
    cases = {f"a{n}": CaseOutcome("x", True, "right" if good else "wrong", True, good)
             for n, good in enumerate(right)}  # fmt: skip
    cases |= {
        f"u{n}": CaseOutcome("x", False, "refused_rightly" if good else "answered_unanswerable")
        for n, good in enumerate(refused)
    }
    return Run(name, "m", cases, dict.fromkeys(cases, 1.0))


def test_equal_runs_show_no_change() -> None:
    one = a_run("one", True, False, refused=(True,))
    found = compare(one, one)
    assert found.changes == ()
    assert found.left_out == ()
    assert found.regressions == ()
    assert {difference.p for difference in found.differences} == {1.0}


def test_a_regression_is_named_with_its_cases() -> None:
    found = compare(a_run("one", *[True] * 12), a_run("two", *[False] * 8, *[True] * 4))
    assert [difference.figure for difference in found.regressions] == ["right", "not_wrong"]
    assert found.regressions[0].worse == tuple(f"a{n}" for n in range(8))
    assert (found.regressions[0].before, found.regressions[0].after) == (12, 4)
    text = comparison_text(comparison_record(found))
    assert "Regression: answerable, right: 12 -> 4 of 12 (p = 0.0078); worse: a0, a1," in text
    assert "worse: a0: right -> wrong" in text


def test_a_refusal_that_becomes_a_wrong_answer_is_worse() -> None:
    before, after = a_run("one", *[False] * 12), a_run("two", *[False] * 12)
    refused = {id_: replace(case, outcome="refused_wrongly") for id_, case in before.cases.items()}
    found = compare(replace(before, cases=refused), after)
    assert [difference.figure for difference in found.regressions] == ["not_wrong"]
    assert {change.better for change in found.changes} == {False}
    back = compare(after, replace(before, cases=refused))
    assert (back.regressions, {change.better for change in back.changes}) == ((), {True})


def test_quotes_that_lack_a_fact_are_looked_for_where_both_runs_are_right() -> None:
    before, after = a_run("one", *[True] * 12), a_run("two", *[True] * 8, *[False] * 4)
    bare = {
        id_: replace(case, right_cited=case.right_cited and row > 5)
        for row, (id_, case) in enumerate(after.cases.items())
    }
    found = compare(before, replace(after, cases=bare))
    (cited,) = [d for d in found.differences if d.figure == "right_cited"]
    assert (cited.cases, cited.before, cited.after, cited.regressed) == (8, 8, 2, True)


def test_one_figure_cannot_hide_another_getting_worse() -> None:
    before = a_run("one", *[False] * 10, refused=(True,) * 10)
    after = a_run("two", *[True] * 10, refused=(False,) * 10)
    assert [found.figure for found in compare(before, after).regressions] == ["refused_rightly"]


def test_a_few_changes_either_way_raise_no_alarm() -> None:
    before = a_run("one", True, True, True, False, False, True)
    after = a_run("two", False, True, True, True, True, False)
    found = compare(before, after)
    assert found.regressions == ()
    assert {change.id: change.better for change in found.changes} == {
        "a0": False, "a3": True, "a4": True, "a5": False,
    }  # fmt: skip


def test_new_and_changed_cases_are_left_out_and_named() -> None:
    before, after = a_run("one", True, True), a_run("two", True, True, True)
    changed = {**after.cases, "a0": CaseOutcome("y", True, "wrong")}
    found = compare(before, Run("two", "m", changed, {}))
    assert found.left_out == ("a0", "a2")
    assert found.changes == ()
    assert "2 cases are in one run only" in comparison_text(comparison_record(found))


def test_a_case_is_another_when_it_asks_something_else() -> None:
    asked = [case("a"), case("b"), case("c")]
    filed = [case("a", note="n"), case("b", split="tune"), case("c", expected=(("Ameri",),))]
    (was, now) = (a_document(run(Scripted({}), cases))["results"] for cases in (asked, filed))
    found = compare(run_of("one", "m", was), run_of("two", "m", now))
    assert found.left_out == ("c",)


def test_a_crash_counts_as_worse() -> None:
    after = a_run("two", *[True] * 8)
    crashed = {name: CaseOutcome("x", True, "error") for name in after.cases}
    found = compare(a_run("one", *[True] * 8), Run("two", "m", crashed, {}))
    assert found.regressions[0].figure == "right"
    assert "hit10" not in {difference.figure for difference in found.differences}  # unmeasured


def test_a_baseline_is_read_as_it_was_written_one_case_a_line(tmp_path: Path) -> None:
    cases = dict(a_run("one", True, False, refused=(True,)).cases)
    cases["a0"] = replace(cases["a0"], ranks=(1, None), seconds=1.5, tokens=9)
    file = tmp_path / "new" / "baseline.json"
    save_baseline(file, "the model", cases, {"model": "the model"})
    found = load_run(file)
    assert (found.cases, found.model) == (cases, "the model")
    assert (found.setup, found.seconds) == ({"model": "the model"}, {"a0": 1.5})
    assert sum('"of"' in line for line in file.read_text().splitlines()) == 3
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigError, match="--baseline"):
        save_baseline(tmp_path / "taken" / "baseline.json", "m", cases, {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "does not hold a report"),
        ("{}", "neither a report.json nor a baseline"),
        ('{"results": [{}], "configuration": {"model": "m"}}', "neither"),
        ('{"version": 9}', "of version 9"),
        ('{"version": 2, "model": "m", "cases": {"a": {"colour": 1}}}', "neither"),
    ],
)
def test_what_is_no_run_is_refused(
    tmp_path: Path, capsys: Captured, content: str, message: str
) -> None:
    file = tmp_path / "report.json"
    file.write_text(content)
    assert main(["compare", str(file), str(file)]) == 2
    assert message in capsys.readouterr().err
    assert main(["compare", str(tmp_path / "none"), str(file)]) == 2


def test_compare_reads_report_folders_and_says_what_changed(
    tmp_path: Path, capsys: Captured
) -> None:
    cases = [case("a"), case("b"), case("c", answerable=False)]
    write_to = {"old": Scripted({"c?": refusal()}), "new": Scripted({"a?": answer("No idea.")})}
    for name, assistant in write_to.items():
        folder = tmp_path / name
        folder.mkdir()
        write(a_document(run(assistant, cases)), folder)
    assert main(["compare", str(tmp_path / "old"), str(tmp_path / "new" / "report.json")]) == 0
    out = capsys.readouterr().out
    row = next(line for line in out.splitlines() if line.startswith("answerable, right"))
    assert row.split()[2:5] == ["2/2", "1/2", "-50.0%"]
    assert "worse: a: right -> wrong" in out
    assert "worse: c: refused_rightly -> answered_unanswerable" in out
    assert "median answer time" in out
    many = [case(f"c{n}") for n in range(8)]
    for name, script in (("good", {}), ("bad", {f"c{n}?": answer("No idea.") for n in range(8)})):
        (tmp_path / name).mkdir()
        write(a_document(run(Scripted({**script}), many)), tmp_path / name)
    assert main(["compare", str(tmp_path / "good"), str(tmp_path / "bad")]) == 1
    assert main(["compare", str(tmp_path / "bad"), str(tmp_path / "good")]) == 0
    assert main(["compare", str(tmp_path / "good"), str(tmp_path / "new")]) == 2
    assert "no case in common" in capsys.readouterr().err


# The gate of a run


def cases_file(folder: Path, count: int = 10) -> Path:
    file = folder / "many.jsonl"
    file.write_text("\n".join(
        json.dumps({"id": f"c{n}", "question": f"c{n}?", "kind": "list", "split": "report",
                    "answerable": True, "expected": [["Adeeb"]], "articles": []})
        for n in range(count)
    ))  # fmt: skip
    return file


def test_a_run_is_held_to_its_baseline(launch: Launch, tmp_path: Path, capsys: Captured) -> None:
    cases = str(cases_file(tmp_path))
    baseline = tmp_path / "many.baseline.json"
    assert launch("run", "--cases", cases, "--fresh") == 0
    assert f"No baseline in {baseline}" in capsys.readouterr().out
    assert launch("--cases", cases, "--save-baseline") == 0
    assert len(json.loads(baseline.read_text())["cases"]) == 10
    capsys.readouterr()

    assert launch("--cases", cases, "--fresh") == 0
    assert "No figure got worse beyond chance." in capsys.readouterr().out
    # Eight of ten wrong, yet well above a bar this low: only the comparison can tell.
    low = tmp_path / "low.toml"
    bundled = Path(main.__code__.co_filename).with_name("thresholds.toml").read_text()
    low.write_text(bundled.replace("right_min = 0.50", "right_min = 0.1")
                   .replace("wrong_max = 0.30", "wrong_max = 0.9"))  # fmt: skip
    script = {f"c{n}?": answer("No idea.") for n in range(8)}
    argv = ("--cases", cases, "--fresh", "--thresholds", str(low))
    assert launch(*argv, script=script) == 1
    out = capsys.readouterr().out
    assert "Regression: answerable, right: 10 -> 2 of 10" in out
    assert "worse: c0, c1, c2, c3, c4, c5, c6, c7." in out
    assert launch(*argv, "--no-gate", script=script) == 0


def test_no_baseline_is_made_of_a_part_or_of_crashes(
    launch: Launch, tmp_path: Path, capsys: Captured
) -> None:
    cases = str(cases_file(tmp_path))
    assert launch("--cases", cases, "--limit", "2", "--save-baseline") == 0
    assert launch("--cases", cases, "--save-baseline", "--fresh",
                  script={"c1?": ValueError("broken")}) == 1  # fmt: skip
    assert capsys.readouterr().out.count("No baseline is written") == 2
    assert not (tmp_path / "many.baseline.json").exists()


def test_a_baseline_that_was_named_has_to_be_there(launch: Launch, capsys: Captured) -> None:
    assert launch("--baseline", "none.json") == 2
    assert "none.json cannot be read" in capsys.readouterr().err
