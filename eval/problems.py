"""What is wrong with a file of records: named by file, line and field, all at once."""

import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rag.errors import ConfigError

_SHOWN = 200  # problems in one message
Place = tuple[str | int, ...]
"""Where a value is inside a record, such as ("history", 0, "answer")."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file of records, and where; `line` 0 and empty texts say unknown."""

    text: str
    field: str = ""
    line: int = 0
    path: str = ""
    case: str = ""

    def __str__(self) -> str:
        parts = [self.path, f"line {self.line}" if self.line else ""]
        parts += [f"case {self.case!r}" if self.case else ""]
        parts += [f"field {self.field!r}" if self.field else "no field"]
        return f"{', '.join(part for part in parts if part)}: {self.text}"


def refuse(problems: Sequence[Problem], path: Path, what: str) -> ConfigError:
    """The error that lists every problem of a file."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = [str(replace(problem, path=str(path))) for problem in problems[:_SHOWN]]
    if more := len(problems) - len(lines):
        lines.append(f"and {more} more")
    head = f"The {what} cannot be used ({count}). Mend these lines:"
    return ConfigError("\n  ".join([head, *lines]))


def explain(error: ValidationError, line_of: Callable[[Place], int]) -> list[Problem]:
    """What pydantic found wrong with a record, in plain words; `line_of` a place in it."""
    found = []
    details = error.errors(include_url=False)
    around = {one["loc"][:depth] for one in details for depth in range(len(one["loc"]))}
    for one in details:
        place = one["loc"]
        if one["type"] == "too_short" and place in around:
            continue  # too short only because what it holds was refused
        text = _plain(one["type"], one["input"], one.get("ctx", {}))
        found.append(Problem(text, spell(place), line_of(place)))
    return found


def _plain(kind: str, value: Any, context: dict[str, Any]) -> str:
    shown = reprlib.repr(value)
    quoted = "" if isinstance(value, list | dict | None) else "; put it in quotes"
    texts = {
        "missing": "missing",
        "unexpected_keyword_argument": "unknown",
        "string_type": f"has to be text, not {shown}{quoted}",
        "int_type": f"has to be a whole number, not {shown}",
        "bool_type": f"has to be true or false, not {shown}",
        "tuple_type": f"has to be a list, not {shown}",
        "dict_type": f"has to be an object, not {shown}",
        "dataclass_type": f"has to be an object with fields, not {shown}",
        "too_short": "is empty",
        "literal_error": f"has to be one of {_choices(context)}, not {shown}",
        "value_error": str(context.get("error")),
    }
    return texts.get(kind, f"cannot be used ({kind.replace('_', ' ')}): {shown}")


def _choices(context: dict[str, Any]) -> str:
    return str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")


def spell(place: Place) -> str:
    """("expected", 0, 1) as expected[0][1], ("history", 0, "answer") as history[0].answer."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).lstrip(".")
