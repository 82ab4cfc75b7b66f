"""One table of who is right, who refuses and whose citations hold."""

from pathlib import Path

import pytest

from benchmarks import quality
from benchmarks.pipelines import LLAMAINDEX, PLAIN, WARM
from benchmarks.speed_figures import Measured, Row
from eval.metrics import Outcome


def measured(outcome: Outcome, named: int, valid: int, seconds: float, *, fact: bool) -> Measured:
    return Measured(seconds, 0.1, 1, 1, outcome, named > 0, fact, named, valid)


def test_the_table_tells_the_pipelines_apart() -> None:
    rows = [
        Row(
            "a",
            {
                WARM: measured("right", 2, 2, 1.0, fact=True),
                PLAIN: measured("right", 1, 1, 4.0, fact=False),
                LLAMAINDEX: measured("wrong", 3, 2, 9.0, fact=False),
            },
        ),
        Row(
            "b",
            {
                WARM: measured("refused_rightly", 0, 0, 3.0, fact=False),
                PLAIN: measured("answered_unanswerable", 0, 0, 6.0, fact=False),
                LLAMAINDEX: measured("refused_rightly", 5, 5, 11.0, fact=False),
            },
        ),
    ]
    head, _, *lines = quality.figures(rows).splitlines()
    cells = [[cell.strip().split(" (")[0] for cell in line.split("|")[1:-1]] for line in lines]
    assert head.count("|") == len(quality.COLUMNS) + 2
    assert cells == [
        ["Footnote", "1/1", "0/1", "1/1", "2/2", "1/1", "2.00"],
        ["plain pipeline", "1/1", "0/1", "0/1", "1/1", "0/1", "5.00"],
        ["LlamaIndex", "0/1", "1/1", "1/1", "2/3", "0/0", "10.00"],
    ]


def test_a_share_has_its_interval() -> None:
    assert quality.share(5, 10) == "5/10 (24% to 76%)"
    assert quality.share(0, 0) == "0/0"


def test_a_split_without_cases_is_told_before_a_model_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(
        '{"id": "a", "question": "Who?", "kind": "list", "split": "tune", "answerable": false}\n'
    )
    assert quality.main(["--cases", str(file), "--split", "report"]) == 2
    assert "no cases of the split report" in capsys.readouterr().err
