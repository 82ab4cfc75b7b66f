"""The cases: what a case is, and how a file of them is read and checked field by field."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, ConfigDict, Field, Strict, TypeAdapter, ValidationError

from eval.problems import Problem, explain, refuse
from eval.records import Record, read_records
from rag.types import Turn

Kind = Literal[
    "single_fact",
    "number",
    "who_said",
    "agree",
    "differ",
    "list",
    "cause",
    "condition",
    "near_miss",
    "false_premise",
    "off_topic",
    "follow_up",
]
Split = Literal["tune", "report"]
SCHEMA = Path(__file__).resolve().with_name("cases.schema.json")
KINDS: tuple[Kind, ...] = get_args(Kind)
SPLITS: tuple[Split, ...] = get_args(Split)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank")
    return text


def _with_words(text: str) -> str:
    # A wording of punctuation alone is nothing once normalised, and would fit every answer.
    if not any(map(str.isalnum, _not_blank(text))):
        raise ValueError(f"has no letter or digit: {text!r}")
    return text


def _spoken(turn: Turn) -> Turn:
    if not turn.question.strip() or not turn.answer.strip():
        raise ValueError("has a blank question or answer")
    return turn


_Flag = Annotated[bool, Strict()]
_String = Annotated[str, Strict()]
_Text = Annotated[_String, AfterValidator(_not_blank), Field(json_schema_extra={"pattern": r"\S"})]
_Wording = Annotated[
    _String, AfterValidator(_with_words), Field(json_schema_extra={"pattern": r"\S"})
]
_Fact = Annotated[tuple[_Wording, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Case:
    """One question and what a right answer to it has to hold.

    `expected` lists the facts; each fact lists the wordings that count as stating it. It is
    empty when the articles do not answer the question. `articles` are the files of the corpus
    that state the facts.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # for `load`; the constructor checks nothing

    id: Annotated[_Text, Field(description="A name of its own for the case, for reports.")]
    question: Annotated[_Text, Field(description="What is asked.")]
    kind: Annotated[Kind, Field(description="What sort of question it is.")] = "single_fact"
    split: Annotated[
        Split,
        Field(description="tune: for tuning and calibrating. report: for the figures alone."),
    ] = "report"
    answerable: Annotated[
        _Flag, Field(description="false: the articles do not answer it, a refusal is right.")
    ] = True
    expected: Annotated[
        tuple[_Fact, ...],
        Field(
            description="The facts that a right answer holds, each as the wordings that count as "
            "stating it. Numbers and dates are compared as values."
        ),
    ] = ()
    articles: Annotated[
        tuple[_Text, ...], Field(description="The files that state the facts.")
    ] = ()
    history: Annotated[
        tuple[Annotated[Turn, AfterValidator(_spoken)], ...],
        Field(description="The conversation before the question."),
    ] = ()
    note: Annotated[_String, Field(description="For people; the program does not read it.")] = ""
    exact: Annotated[
        _Flag,
        Field(description="The answer has to be one of the wordings and nothing else."),
    ] = False
    disagreement: Annotated[
        _Flag, Field(description="The answer has to say that the articles disagree.")
    ] = False
    tags: Annotated[
        tuple[_Text, ...], Field(description="Groups of your own, for the report.")
    ] = ()


_CASE: TypeAdapter[Case] = TypeAdapter(Case)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What a file holds: its valid cases in order, the line of each id, and every problem."""

    path: Path
    cases: tuple[Case, ...]
    lines: dict[str, int]
    problems: tuple[Problem, ...]


def load(path: Path | str) -> list[Case]:
    """Read the cases of a JSON Lines or YAML file, in its order.

    Raises ConfigError, naming file, line and field of every problem at once.
    """
    file = read(path)
    if file.problems:
        raise refuse(file.problems, file.path, "cases")
    return list(file.cases)


def of_split(cases: Iterable[Case], split: str) -> list[Case]:
    """The cases of `split`; of "all", every one."""
    return [case for case in cases if split in (case.split, "all")]


def read(path: Path | str) -> CaseFile:
    """Read a file of cases and keep the valid ones beside the problems of the others.

    Raises ConfigError only when the file itself cannot be read.
    """
    path = Path(path)
    cases: list[Case] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    for record in read_records(path, "case file"):
        found, case = _check(record)
        name = record.values.get("id")
        if isinstance(name, str) and name in lines:
            taken = f"{name!r} is taken by line {lines[name]}"
            found.append(Problem(taken, "id", record.line_of(("id",))))
        elif isinstance(name, str):
            lines[name] = record.line
        problems += found
        if case and not found:
            cases.append(case)
    if not cases and not problems:
        problems.append(Problem("the file holds no cases", line=1))
    return CaseFile(path, tuple(cases), lines, tuple(problems))


def _check(record: Record) -> tuple[list[Problem], Case | None]:
    if record.broken:
        return record.problems, None
    found = list(record.problems)
    case = None
    try:
        case = _CASE.validate_python(record.values)
    except ValidationError as error:
        found += explain(error, record.line_of)
    found += [
        Problem(text, name, record.line_of((name,)))
        for name, text in _contradictions(record.values)
    ]
    return found, case


def _contradictions(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Fields that are right by themselves and wrong together; looked for in broken cases too."""
    answerable = values.get("answerable", True)
    expected = values.get("expected", [])
    found = []
    if answerable is True and "expected" not in values:
        found.append(("expected", "missing; list the facts, or set answerable to false"))
    elif answerable is True and expected == []:
        found.append(("expected", "empty, but the case is answerable; list its facts"))
    if answerable is False and isinstance(expected, list) and expected:
        text = "lists facts, but the case is unanswerable; leave it empty"
        found.append(("expected", text))
    if values.get("exact") is True and (not isinstance(expected, list) or len(expected) != 1):
        text = "needs exactly one fact: an answer cannot be two texts and nothing else"
        found.append(("exact", text))
    if values.get("disagreement") is True and answerable is False:
        found.append(("disagreement", "true, but the case is unanswerable; choose one"))
    return found


def schema() -> dict[str, Any]:
    """JSON Schema of a case file for editors: a list of cases (YAML), or one (a JSON line)."""
    case = _CASE.json_schema()
    definitions = case.pop("$defs", {}) | {"Case": case}
    one = {"$ref": "#/$defs/Case"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Cases of a Footnote evaluation",
        "anyOf": [{"type": "array", "items": one}, one],
        "$defs": definitions,
    }


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")
