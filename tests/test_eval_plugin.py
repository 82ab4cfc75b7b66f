"""The pytest plugin, in a pytest of its own with a scripted assistant."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from eval_fakes import Scripted, answer, refusal

from eval.outcomes import CaseOutcome, save_baseline
from rag import Assistant
from rag.settings import PROJECT

pytest_plugins = ["pytester"]

# Whether or not the entry point is installed, the plugin is loaded once.
PLUGIN = ("-p", "no:footnote", "-p", "eval.pytest_plugin")


def write_cases(folder: Path, *ids: str, **more: Any) -> Path:
    file = folder / "cases.jsonl"
    file.write_text("\n".join(
        json.dumps({"id": id_, "question": f"{id_}?", "kind": "single_fact", "split": "report",
                    "answerable": True, "expected": [["Adeeb"]], "articles": [], **more})
        for id_ in ids
    ))  # fmt: skip
    return file


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    assistant = Scripted({"b?": answer("Talabani did. [1]"), "c?": ValueError("broken")})
    opened: list[str | None] = []

    def open_(corpus: str | None) -> Scripted:
        opened.append(corpus)
        assert len(opened) == 1, "opened twice"
        assistant.model = str(corpus)
        return assistant

    monkeypatch.setattr(Assistant, "open", open_)
    monkeypatch.setattr(Scripted, "close", lambda self: setattr(self, "warmed", False),
                        raising=False)  # fmt: skip
    return assistant


def test_each_case_is_a_test_that_says_why_it_fails(
    pytester: pytest.Pytester, scripted: Scripted
) -> None:
    cases = write_cases(pytester.path, "a", "b", "c")
    result = pytester.runpytest_inprocess(
        *PLUGIN, f"--footnote-cases={cases}", "--footnote-corpus=articles", "-v"
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines([
        "*::a PASSED*",
        "The answer does not state: Adeeb.",
        "question: b?",
        "expected: Adeeb",
        "answer:   Talabani did.",
        "quote 1: *(team.md)",
        "ValueError: broken",
    ])  # fmt: skip
    assert "Traceback" not in result.stdout.str()
    assert scripted.model == "articles"
    assert not scripted.warmed  # closed


def test_what_failed_in_the_baseline_is_expected_to_fail(
    pytester: pytest.Pytester, scripted: Scripted
) -> None:
    cases = write_cases(pytester.path, "a", "b", "c")
    known = {"a": CaseOutcome("x", True, "wrong"), "b": CaseOutcome("x", True, "wrong"),
             "c": CaseOutcome("x", True, "wrong")}  # fmt: skip
    save_baseline(pytester.path / "cases.baseline.json", "m", known, {})
    result = pytester.runpytest_inprocess(*PLUGIN, f"--footnote-cases={cases}")
    result.assert_outcomes(xpassed=1, xfailed=1, failed=1)  # c crashes, which is worse


def test_a_refusal_that_became_wrong_is_no_expected_failure(
    pytester: pytest.Pytester, scripted: Scripted
) -> None:
    cases = write_cases(pytester.path, "b")
    known = {"b": CaseOutcome("x", True, "refused_wrongly")}
    save_baseline(pytester.path / "cases.baseline.json", "m", known, {})
    result = pytester.runpytest_inprocess(*PLUGIN, f"--footnote-cases={cases}")
    result.assert_outcomes(failed=1)


def test_a_baseline_that_is_named_has_to_be_one(pytester: pytest.Pytester) -> None:
    cases = write_cases(pytester.path, "a")
    result = pytester.runpytest_inprocess(
        *PLUGIN, f"--footnote-cases={cases}", "--footnote-baseline=none.json"
    )
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*none.json cannot be read*"])


def test_a_citation_that_is_off_fails_a_right_answer(
    pytester: pytest.Pytester, scripted: Scripted
) -> None:
    from dataclasses import replace

    off = replace(answer().citations[0], start=1, end=5)
    scripted.script["a?"] = answer(citations=(off,))
    result = pytester.runpytest_inprocess(
        *PLUGIN, "--footnote-cases", str(write_cases(pytester.path, "a"))
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["A citation's quote does not stand in the article*"])


def test_the_cases_stand_beside_other_tests_once(
    pytester: pytest.Pytester, scripted: Scripted
) -> None:
    scripted.script["a?"] = refusal()
    pytester.makepyfile("def test_other(): pass")
    argv = (*PLUGIN, "--footnote-cases", write_cases(pytester.path, "a", "d").name)
    pytester.runpytest_inprocess(*argv).assert_outcomes(passed=2, failed=1)
    # Named as a file too, and picked by the mark.
    chosen = pytester.runpytest_inprocess(*argv, "-m", "footnote", "--co", "-q", "cases.jsonl")
    assert chosen.stdout.str().count("::a") == 1
    assert "test_other" not in chosen.stdout.str()


def test_without_the_option_nothing_happens(pytester: pytest.Pytester) -> None:
    write_cases(pytester.path, "a")
    pytester.makepyfile("def test_other(): pass")
    pytester.runpytest_inprocess(*PLUGIN, "--strict-markers").assert_outcomes(passed=1)


def test_unusable_cases_are_told_with_their_line(pytester: pytest.Pytester) -> None:
    broken = write_cases(pytester.path, "a", colour=1)
    result = pytester.runpytest_inprocess(*PLUGIN, f"--footnote-cases={broken}")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "line 1, field 'colour'" in result.stdout.str()
    result = pytester.runpytest_inprocess(*PLUGIN, "--footnote-cases=none.jsonl")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*there is no file none.jsonl*"])


def test_installed_as_an_entry_point_it_loads_nothing_heavy(tmp_path: Path) -> None:
    info = tmp_path / "site" / "footnote_plugin-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: footnote-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[pytest11]\nfootnote = eval.pytest_plugin\n")
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_it(pytestconfig):\n"
        "    assert pytestconfig.pluginmanager.has_plugin('footnote')\n"
        "    assert not {'torch', 'rag', 'scipy', 'eval.runner'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", str(tmp_path / "test_it.py")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(PROJECT), str(info.parent)])},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
