"""Reading sets in one plain format, JSON lines, to bring any set of one's own.

`id`, `question`, `passages` (each with `text`, and `id` and `title` if you like), `answers` (each
right by itself) and `answerable`; further `kind`, `wrong_answers` or `wrong_answer`, and
`gold_sentences`. Other fields are passed over.
"""

from pathlib import Path
from typing import NotRequired

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from eval.adapters.types import ReadingCase, each, one_fact, passage, reject


class _Passage(TypedDict):
    id: NotRequired[str]
    title: NotRequired[str]
    text: str


class _Row(TypedDict):
    id: str
    question: str
    passages: tuple[_Passage, ...]
    answers: tuple[str, ...]
    answerable: bool
    kind: NotRequired[str]
    wrong_answer: NotRequired[str | None]
    wrong_answers: NotRequired[tuple[str, ...]]
    gold_sentences: NotRequired[tuple[str, ...]]


_ROW: TypeAdapter[_Row] = TypeAdapter(_Row)


def read(path: Path | str) -> list[ReadingCase]:
    """The cases in the file's order. Raises ConfigError, naming file, line and field."""
    path = Path(path)
    cases: dict[str, ReadingCase] = {}
    for line, row in each(path, _ROW):
        case_id = row["id"]
        if case_id in cases:
            raise reject(path, line, "id", f"{case_id!r} is taken by an earlier line")
        if row["answerable"] and not row["answers"]:
            raise reject(path, line, "answers", "empty, but the case is answerable")
        answers = row["answers"] if row["answerable"] else ()
        wrong = row.get("wrong_answer")
        cases[case_id] = ReadingCase(
            id=case_id,
            question=row["question"],
            passages=tuple(
                passage(case_id, number, one["text"], one.get("title", ""), one.get("id", ""))
                for number, one in enumerate(row["passages"], 1)
            ),
            answers=answers,
            answerable=row["answerable"],
            kind=row.get("kind", ""),
            facts=one_fact(answers),
            wrong_answers=row.get("wrong_answers", (wrong,) if wrong else ()),
            gold_sentences=row.get("gold_sentences", ()),
        )
    return list(cases.values())
