"""Files of records, JSON Lines or YAML: each record with the line that every value stands on."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from eval.problems import Place, Problem, spell
from rag.errors import ConfigError

YAML_SUFFIXES = (".yaml", ".yml")
_DEEPEST = 20  # no case or set nests deeper; a hostile file could nest until the parser breaks


@dataclass(slots=True)
class Record:
    """One object of a file. `lines` gives the line of each value by its place in the object.

    After a fault that leaves nothing to check, `values` is empty and `broken` is true.
    """

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: bool = False

    def line_of(self, place: Place) -> int:
        """The line of the value at `place`, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, self.line)


def read_records(path: Path, what: str = "file") -> Iterator[Record]:
    """The records of a file: YAML (a list) by its suffix, else JSON Lines; blank lines skipped.

    A record that cannot be parsed is given as a broken one, and those after it are still read.
    Raises ConfigError when the file cannot be read.
    """
    text = read_text(path, what)
    return _yaml(text) if path.suffix.lower() in YAML_SUFFIXES else _json_lines(text)


def read_text(path: Path, what: str = "file") -> str:
    """The text of a UTF-8 file, a byte order mark left out. Raises ConfigError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"There is no {what} {path}. Name one that exists.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The {what} {path} is not UTF-8 text ({error}).") from error
    except OSError as error:
        raise ConfigError(f"The {what} {path} cannot be read: {error.strerror}.") from error


def _json_lines(text: str) -> Iterator[Record]:
    # Not splitlines, which would also break at the line separators that a text may hold.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _json_record(line, number)


def _json_record(line: str, number: int) -> Record:
    record = Record(number)

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
            record.problems.extend(Problem("given twice", name, number) for name in twice)
        return dict(pairs)

    try:
        value = json.loads(line, object_pairs_hook=build)
    except (ValueError, RecursionError) as error:
        return _broken(number, f"not valid JSON ({error})")
    if not isinstance(value, dict):
        return _broken(number, "not a JSON object in braces")
    record.values = value
    return record


def _broken(line: int, text: str) -> Record:
    return Record(line, problems=[Problem(text, line=line)], broken=True)


# YAML is read from the parser's events: they carry the lines, and nothing that a file asks for
# (objects, aliases, endless nesting) is ever built.

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times faster
_SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")}


class _FaultError(Exception):
    def __init__(self, text: str, line: int) -> None:
        super().__init__(text)
        self.line = line


def _yaml(text: str) -> Iterator[Record]:
    pieces = [(0, text)]
    try:
        whole = list(_yaml_records(text, 0))
    except (yaml.YAMLError, _FaultError, ValueError):
        # Item by item, so that one broken item does not hide what the others hold.
        pieces = _pieces(text) or pieces
    else:
        yield from whole
        return
    for start, piece in pieces:
        try:
            yield from list(_yaml_records(piece, start))
        except (yaml.YAMLError, _FaultError, ValueError) as error:
            yield _yaml_fault(error, start)


def _pieces(text: str) -> list[tuple[int, str]]:
    """The items of a list at the margin, each with the number of lines before it."""
    lines = text.split("\n")
    starts = [row for row, line in enumerate(lines) if line == "-" or line.startswith("- ")]
    ends = [*starts[1:], len(lines)] if starts else []
    return [
        (start, "\n".join(lines[start:end]) + "\n") for start, end in zip(starts, ends, strict=True)
    ]


def _yaml_fault(error: Exception, start: int) -> Record:
    if isinstance(error, _FaultError):
        return _broken(start + error.line, str(error))
    what = getattr(error, "problem", None) or " ".join(str(error).split())
    mark = getattr(error, "problem_mark", None)
    if "end of stream" in what:  # what was never closed, rather than where the file ends
        mark = getattr(error, "context_mark", None) or mark
    return _broken(start + (mark.line + 1 if mark else 1), f"not valid YAML ({what})")


def _yaml_records(text: str, start: int) -> Iterator[Record]:
    events: Iterator[Any] = iter(yaml.parse(text, Loader=_Loader))
    resolver = yaml.SafeLoader("")
    for event in events:
        if isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent):
            continue
        if isinstance(event, yaml.DocumentStartEvent | yaml.DocumentEndEvent):
            continue
        if not isinstance(event, yaml.SequenceStartEvent):
            raise _FaultError("not a list of cases, each behind a dash", event.start_mark.line + 1)
        for item in events:
            if isinstance(item, yaml.SequenceEndEvent):
                break
            record = Record(start + item.start_mark.line + 1)
            value = _YamlReader(events, resolver, start, record).value(item, ())
            if isinstance(value, dict):
                record.values = value
                yield record
            else:
                yield _broken(record.line, "not an object with fields")


@dataclass(slots=True)
class _YamlReader:
    """Builds one item of the list out of its events."""

    events: Iterator[Any]
    resolver: Any
    start: int
    record: Record

    def value(self, event: Any, place: Place) -> Any:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise _FaultError("an alias (*) is not followed; write the value out", line)
        if len(place) > _DEEPEST:
            raise _FaultError(f"nested more than {_DEEPEST} deep", line)
        if event.tag is not None and event.tag != "!":
            raise _FaultError(f"a tag ({event.tag}) is not followed; leave it out", line)
        self.record.lines[place] = self.start + line
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(place)
        return self._mapping(place)

    def _scalar(self, event: Any) -> Any:
        tag = self.resolver.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag not in _SCALARS:  # a date stays the text that it was written as
            return event.value
        return self.resolver.construct_object(yaml.ScalarNode(tag, event.value))

    def _sequence(self, place: Place) -> list[Any]:
        items: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self.value(event, (*place, len(items))))
        return items

    def _mapping(self, place: Place) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for key in self.events:
            if isinstance(key, yaml.MappingEndEvent):
                break
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarEvent):
                raise _FaultError("the name of a field has to be text", line)
            name = (*place, key.value)
            if key.value in fields:
                found = Problem("given twice", spell(name), self.start + line)
                self.record.problems.append(found)
            fields[key.value] = self.value(next(self.events), name)
        return fields
