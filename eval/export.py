"""Answers of a run in the field layouts of Ragas and DeepEval, for their judges.

Only the layouts: neither is a dependency. Ragas reads the lines with
`EvaluationDataset.from_jsonl`, DeepEval the list with `add_test_cases_from_json_file`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from eval.dataset import Case
from eval.metrics import plain
from prompts import REFUSAL
from rag.errors import ConfigError
from rag.types import Answer

Layout = Literal["ragas", "deepeval"]
_FIELDS: dict[Layout, tuple[str, str, str, str]] = {
    "ragas": ("user_input", "response", "retrieved_contexts", "reference"),
    "deepeval": ("input", "actual_output", "retrieval_context", "expected_output"),
}

_FILES: dict[Layout, str] = {"ragas": "ragas.jsonl", "deepeval": "deepeval.json"}


def rows(answered: Iterable[tuple[Case, Answer | None]], layout: Layout) -> list[dict[str, Any]]:
    """A row for each answered case; a case that crashed has no answer and is left out.

    The question is the one that stands alone, the answer is without its markers, the contexts are
    the passages that the model was shown (all that were found, where none was shown), and the
    reference is the first wording of each fact, or the refusal where a refusal is right.
    """
    names = _FIELDS[layout]
    return [
        dict(zip(names, _values(case, answer), strict=True)) for case, answer in answered if answer
    ]


def _values(case: Case, answer: Answer) -> tuple[str, str, list[str], str]:
    shown = [passage.text for passage in answer.passages if passage.used]
    contexts = shown or [passage.text for passage in answer.passages]
    reference = "; ".join(fact[0] for fact in case.expected) or REFUSAL
    question = answer.standalone_question or case.question
    return question, plain(answer), contexts, reference


def export(answered: Sequence[tuple[Case, Answer | None]], layout: Layout, out: Path) -> Path:
    """Write the rows to the layout's file in the folder `out`. Raises ConfigError."""
    file = out / _FILES[layout]
    write(rows(answered, layout), file)
    return file


def write(exported: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows: one a line where `path` ends in .jsonl, else a JSON list. Raises ConfigError."""
    if path.suffix == ".jsonl":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in exported)
    else:
        text = json.dumps([dict(row) for row in exported], indent=2, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
