"""Answers in the layouts of other evaluation libraries."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.dataset import Case
from eval.export import rows, write
from rag.errors import ConfigError
from rag.types import Answer, Passage

SHOWN = Passage("a#0", "a.md", "A", "a.md", "Adeeb led it.", 0, 13, used=True)
FOUND = replace(SHOWN, id="a#1", text="Qom is far.", used=False)
CASE = Case("one", "And who?", expected=(("Adeeb", "Adib"), ("Qom",)))
ANSWER = Answer("And who?", "Who led it?", "Adeeb. [1]", False, "", 0.9, (), (SHOWN, FOUND))


def test_the_fields_of_ragas_and_deepeval() -> None:
    assert rows([(CASE, ANSWER), (CASE, None)], "ragas") == [
        {
            "user_input": "Who led it?",
            "response": "Adeeb.",
            "retrieved_contexts": ["Adeeb led it."],
            "reference": "Adeeb; Qom",
        }
    ]
    assert rows([(CASE, ANSWER)], "deepeval") == [
        {
            "input": "Who led it?",
            "actual_output": "Adeeb.",
            "retrieval_context": ["Adeeb led it."],
            "expected_output": "Adeeb; Qom",
        }
    ]


def test_a_refusal_has_the_refusal_as_its_reference_and_what_was_found_as_its_contexts() -> None:
    case = Case("two", "Who paid?", answerable=False)
    refusal = replace(ANSWER, text="The articles do not say.", passages=(FOUND,), abstained=True)
    (row,) = rows([(case, refusal)], "ragas")
    assert row["reference"] == row["response"] == "The articles do not say."
    assert row["retrieved_contexts"] == ["Qom is far."]


def test_files_are_lines_or_a_list(tmp_path: Path) -> None:
    exported = rows([(CASE, ANSWER)] * 2, "ragas")
    write(exported, tmp_path / "ragas.jsonl")
    lines = (tmp_path / "ragas.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == exported
    write(exported, tmp_path / "list.json")
    assert json.loads((tmp_path / "list.json").read_text(encoding="utf-8")) == exported
    with pytest.raises(ConfigError, match="cannot be written"):
        write(exported, tmp_path / "none" / "x.json")
