"""The hand-written cases: JSON Lines, one case a line, checked field by field."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from rag.types import Turn

KINDS = (
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
)
SPLITS = ("tune", "report")


@dataclass(frozen=True, slots=True)
class Case:
    """One question and what a right answer to it has to hold.

    `expected` lists the facts; each fact lists the wordings that count as stating it. It is
    empty when the articles do not answer the question. `articles` are the files of `seeds/`
    that state the facts.
    """

    id: str
    question: str
    kind: str
    split: str
    answerable: bool
    expected: tuple[tuple[str, ...], ...]
    articles: tuple[str, ...]
    history: tuple[Turn, ...] = ()
    note: str = ""


def load(path: Path | str) -> list[Case]:
    """Read the cases of a JSON Lines file, in its order; blank lines are skipped.

    Raises ConfigError, naming file, line and field of every problem at once.
    """
    path = Path(path)
    cases: list[Case] = []
    problems: list[str] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if not line.strip():
            continue
        record, found = _parse(line)
        name = record.get("id")
        if isinstance(name, str) and name in lines:
            found.append(f"field 'id': {name!r} is taken by line {lines[name]}")
        elif isinstance(name, str):
            lines[name] = number
        problems += [f"{path}, line {number}, {problem}" for problem in found]
        if not found:
            cases.append(_build(record))
    if not cases and not problems:
        problems.append(f"{path}, line 1, no field: the file holds no cases")
    if problems:
        raise ConfigError(_list(problems))
    return cases


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"There is no case file {path}. Name one that exists.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The case file {path} is not UTF-8 text ({error}).") from error
    except OSError as error:
        raise ConfigError(f"The case file {path} cannot be read: {error.strerror}.") from error


def _list(problems: list[str]) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return f"The cases cannot be used ({count}). Mend these lines:\n  " + "\n  ".join(problems)


def _parse(line: str) -> tuple[dict[str, Any], list[str]]:
    """The record of one line, and what is wrong with it."""
    repeated: list[str] = []

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        repeated.extend(name for name in dict.fromkeys(names) if names.count(name) > 1)
        return dict(pairs)

    try:
        record = json.loads(line, object_pairs_hook=build)
    except (ValueError, RecursionError) as error:
        return {}, [f"no field: not valid JSON ({error})"]
    if not isinstance(record, dict):
        return {}, ["no field: not a JSON object in braces"]
    found = [f"field {name!r}: given twice" for name in repeated]
    found += [f"field {name!r}: unknown" for name in record if name not in _CHECKS]
    for name, check in _CHECKS.items():
        if name not in record:
            if name not in _OPTIONAL:
                found.append(f"field {name!r}: missing")
        elif problem := check(record[name]):
            found.append(f"field {name!r}: {problem}")
    return record, found + _contradictions(record)


def _contradictions(record: dict[str, Any]) -> list[str]:
    answerable, expected = record.get("answerable"), record.get("expected")
    if answerable is True and expected == []:
        return ["field 'expected': empty, but the case is answerable; list its facts"]
    if answerable is False and isinstance(expected, list) and expected:
        return ["field 'expected': lists facts, but the case is unanswerable; leave it empty"]
    return []


def _build(record: dict[str, Any]) -> Case:
    return Case(
        **{name: record[name] for name in ("id", "question", "kind", "split", "answerable")},
        expected=tuple(tuple(group) for group in record["expected"]),
        articles=tuple(record["articles"]),
        history=tuple(Turn(**turn) for turn in record.get("history", ())),
        note=record.get("note", ""),
    )


# Each check returns what is wrong with a value, or nothing.


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return f"has to be text, not {value!r}"
    return "" if value.strip() else "is blank"


def _note(value: Any) -> str:
    return "" if isinstance(value, str) else f"has to be text, not {value!r}"


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else f"has to be true or false, not {value!r}"


def _one_of(names: tuple[str, ...]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        return "" if value in names else f"has to be one of {', '.join(names)}, not {value!r}"

    return check


def _texts(value: Any) -> str:
    if not isinstance(value, list):
        return f"has to be a list of texts, not {value!r}"
    return next((problem for problem in map(_text, value) if problem), "")


def _groups(value: Any) -> str:
    if not isinstance(value, list):
        return f"has to be a list of lists of wordings, not {value!r}"
    for group in value:
        if problem := _texts(group):
            return problem
        if not group:
            return "has a fact without any wording"
        # A wording of punctuation alone is nothing once normalised, and would fit every answer.
        if bare := [wording for wording in group if not any(map(str.isalnum, wording))]:
            return f"has a wording without a letter or digit: {bare[0]!r}"
    return ""


def _turns(value: Any) -> str:
    if not isinstance(value, list):
        return f"has to be a list of turns, not {value!r}"
    for turn in value:
        if not isinstance(turn, dict) or set(turn) != {"question", "answer"}:
            return f"each turn has to have 'question' and 'answer' and nothing else, not {turn!r}"
        for name, text in turn.items():
            if problem := _text(text):
                return f"the {name} of a turn {problem}"
    return ""


_CHECKS: dict[str, Callable[[Any], str]] = {
    "id": _text,
    "question": _text,
    "kind": _one_of(KINDS),
    "split": _one_of(SPLITS),
    "answerable": _flag,
    "expected": _groups,
    "articles": _texts,
    "history": _turns,
    "note": _note,
}
_OPTIONAL = ("history", "note")
