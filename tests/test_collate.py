"""The page of measured quality, from stored reports."""

import json
from pathlib import Path
from typing import Any

import pytest
from eval_fakes import Scripted, a_document, answer, mixed, refusal

from benchmarks.collate import main
from eval import reading
from eval.__main__ import main as footnote_eval
from eval.configuration import configuration
from eval.report.files import write
from rag.settings import PROJECT, Settings

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def a_report(folder: Path, split: str = "all", name: str = "eval-seeds-x") -> None:
    cases = folder / "mine.jsonl"
    cases.write_text("")
    made_with = configuration(Scripted({}), Settings(), cases, PROJECT / "prompts")
    data = a_document(mixed()) | {"configuration": made_with | {"split": split}}
    (folder / "reports" / name).mkdir(parents=True)
    write(data, folder / "reports" / name)


def a_set(monkeypatch: pytest.MonkeyPatch, *argv: str, **script: Any) -> int:
    rows = [{"id": n, "question": f"{n}?", "passages": [{"text": "Adeeb."}], "answers": ["Adeeb"],
             "answerable": True} for n in "ab"]  # fmt: skip
    Path("set.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assistant = Scripted({f"{name}?": said for name, said in script.items()})
    monkeypatch.setattr(reading.Assistant, "open", lambda *_, **__: assistant)
    return footnote_eval(["read", "set.jsonl", *argv])


def test_the_page_holds_figures_intervals_and_commands_of_every_report(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_report(here)
    assert a_set(monkeypatch, "--limit", "1", "--seed", "3", a=refusal(), b=refusal()) == 0
    assert main(["--out", "quality.md"]) == 0
    page = (here / "quality.md").read_text()
    assert "| answerable, right | 2/4 | 50.0% | 15.0% to 85.0% |" in page
    root = PROJECT.name
    assert f"footnote eval run --split all --fresh --cases mine.jsonl --corpus {root}/seeds" in page
    assert "| answerable, refused | 1/1 | 100.0% |" in page
    assert page.count("| answers from a confidence of | given |") == 2
    read = f"footnote eval read {here.name}/set.jsonl --format reading --limit 1 --seed 3"
    assert read in page
    assert "1 of 2 cases" in page
    assert str(here) not in page


def test_a_set_that_was_interrupted_is_not_passed_off_as_whole(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert a_set(monkeypatch, a=answer(), b=KeyboardInterrupt()) == 130
    assert main(["--out", "quality.md"]) == 0
    assert "Interrupted after 1 of 2 cases." in (here / "quality.md").read_text()


def test_a_section_that_no_report_is_of_stays(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_report(here)
    other = "## Another set\n\nIts figures.\n\n### a kind\n\nMore."
    (here / "quality.md").write_text(
        f"# Quality\n\n{other}\n\n## mine.jsonl on {PROJECT.name}/seeds\n\nOld.\n"
    )
    for _ in range(2):
        assert main(["--out", "quality.md"]) == 0
        page = (here / "quality.md").read_text()
        assert page.endswith(f"\n\n{other}\n")
        assert page.count(f"## mine.jsonl on {PROJECT.name}/seeds") == 1
        assert "Old." not in page


def test_two_reports_of_one_thing_are_refused(here: Path, capsys: Captured) -> None:
    a_report(here)
    a_report(here, name="eval-other")
    assert main(["--out", "quality.md"]) == 2
    assert "second report of mine.jsonl" in capsys.readouterr().err


def test_a_split_and_the_bundled_articles_are_named(here: Path) -> None:
    a_report(here)
    a_report(here, split="report", name="eval-seeds")
    assert main(["--out", "quality.md"]) == 0
    page = (here / "quality.md").read_text()
    assert "## mine.jsonl on seeds, split report\n" in page
    assert f"## mine.jsonl on {PROJECT.name}/seeds\n" in page


def test_without_reports_or_with_a_damaged_one_no_page_is_written(
    here: Path, capsys: Captured
) -> None:
    assert main(["--out", "quality.md"]) == 2
    assert "There are no reports" in capsys.readouterr().err
    (here / "damaged.json").write_text('{"reading": 1, "figures": {}}')
    assert main(["damaged.json", "--out", "quality.md"]) == 2
    assert "damaged.json is damaged" in capsys.readouterr().err
    assert not (here / "quality.md").exists()
