"""CLAPNQ in its own JSON lines (Rosenthal et al. 2024): long answers from one passage."""

from pathlib import Path
from typing import NotRequired

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from eval.adapters.types import ReadingCase, each, one_fact, passage


class _Passage(TypedDict):
    title: NotRequired[str]
    text: str


class _Output(TypedDict):
    answer: str | None
    selected_sentences: NotRequired[tuple[str, ...] | None]


class _Row(TypedDict):
    id: int | str
    input: str
    passages: tuple[_Passage, ...]
    output: tuple[_Output, ...]


_ROW: TypeAdapter[_Row] = TypeAdapter(_Row)


def read(path: Path | str) -> list[ReadingCase]:
    """The questions in the file's order; those without an answer are unanswerable.

    `gold_sentences` are those that any annotator chose. Raises ConfigError, naming file, line and
    field, for what cannot be used.
    """
    cases = []
    for _, row in each(Path(path), _ROW):
        case_id = f"clapnq-{row['id']}"
        given = [output for output in row["output"] if (output["answer"] or "").strip()]
        answers = tuple(dict.fromkeys((output["answer"] or "").strip() for output in given))
        # Some versions of the set end a chosen sentence with an ampersand.
        chosen = [
            sentence.removesuffix("&").rstrip()
            for output in given
            for sentence in output.get("selected_sentences") or ()
        ]
        cases.append(
            ReadingCase(
                id=case_id,
                question=row["input"],
                passages=tuple(
                    passage(case_id, number, one["text"], one.get("title", ""))
                    for number, one in enumerate(row["passages"], 1)
                ),
                answers=answers,
                answerable=bool(answers),
                facts=one_fact(answers),
                gold_sentences=tuple(dict.fromkeys(chosen)),
            )
        )
    return cases
