"""The nouns of the adapters, and the way from a set's own records to them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from eval.problems import Problem, explain, refuse
from eval.records import read_records
from rag.types import Article, Passage

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class ReadingCase:
    """A question with the passages to read, for `Assistant.read`.

    Each of `answers` is right by itself; there is none when the passages do not answer. What the
    set asks for several facts at once, `facts` holds as the groups of wordings of a `Case`; else
    it holds the answers as one fact. `wrong_answers` are planted in the passages, and
    `gold_sentences` are those of the passages that an answer rests on, where a set gives them.
    """

    id: str
    question: str
    passages: tuple[Passage, ...]
    answers: tuple[str, ...]
    answerable: bool
    kind: str = ""
    facts: tuple[tuple[str, ...], ...] = ()
    wrong_answers: tuple[str, ...] = ()
    gold_sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Documents, queries by id, and grades of relevance by query and document id."""

    documents: tuple[Article, ...]
    queries: Mapping[str, str]
    relevant: Mapping[str, Mapping[str, int]]


def passage(case: str, number: int, text: str, title: str = "", id_: str = "") -> Passage:
    """A passage given with a case, as an article of its own; numbers count from 1."""
    own = f"{case}/{id_ or f'p{number}'}"
    return Passage(own, own, title, own, text, 0, len(text))


def one_fact(answers: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Answers of which each is right, as the facts of a case."""
    return (answers,) if answers else ()


def each(path: Path, kind: TypeAdapter[Row]) -> Iterator[tuple[int, Row]]:
    """The rows of a JSON Lines file, checked, with their lines.

    Raises ConfigError, after the last row, naming file, line and field of every problem.
    """
    problems: list[Problem] = []
    for record in read_records(path):
        problems += record.problems
        if record.broken:
            continue
        try:
            row = kind.validate_python(record.values)
        except ValidationError as error:
            problems += explain(error, record.line_of)
        else:
            if not problems:
                yield record.line, row
    if problems:
        raise refuse(problems, path, "records")


def reject(path: Path, line: int, field: str, text: str) -> Exception:
    """The error of one record whose fields do not go together."""
    return refuse([Problem(text, field, line)], path, "records")
