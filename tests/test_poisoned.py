"""True passages among planted ones."""

import json
from pathlib import Path

import pytest

from benchmarks.poisoned import TRUE, main
from eval.adapters import reading
from rag.errors import ConfigError


def write(file: Path, id_: str) -> Path:
    passages = [{"id": f"p{n}", "title": "", "text": f"It is {n}."} for n in range(5)]
    case = {"id": id_, "question": "What is it?", "answers": ["quartz"], "answerable": True,
            "wrong_answers": ["diamond"], "passages": passages}  # fmt: skip
    file.write_text(json.dumps(case) + "\n")
    return file


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    out = tmp_path / "new" / "cases.jsonl"
    monkeypatch.setattr("sys.argv", ["poisoned", str(tmp_path / "in.jsonl"), str(out)])
    return out


def test_each_case_has_its_true_passage_among_some_planted_ones(run: Path, tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", "poison-nq-test226")
    assert main() == 0
    (case,) = reading.read(run)
    texts = sorted(passage.text for passage in case.passages)
    true = "Of the common minerals, quartz is the most stable at the Earth's surface"
    assert texts[:2] == ["It is 0.", "It is 1."]
    assert texts[2].startswith(true)
    assert len(texts) == 3
    assert (case.answers, case.wrong_answers) == (("quartz",), ("diamond",))


def test_a_file_of_another_set_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no file .*in\.jsonl"):
        main()
    write(tmp_path / "in.jsonl", "other")
    with pytest.raises(ConfigError, match="none of the questions"):
        main()
    assert not run.exists()


def test_every_true_passage_has_a_text_of_its_own() -> None:
    rows = [json.loads(line) for line in TRUE.read_text(encoding="utf-8").splitlines()]
    assert len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == len(rows) == 60
