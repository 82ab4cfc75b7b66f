"""A report for a browser: its document without the paths of this machine."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from eval.report.document import Document

CRASHED = "It crashed; the report's own file says how."
# Folders that are named with what is in them: all but the last name goes.
_FOLDERS = re.compile(r"(?<![\w.:/\\])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\:;,()'\"]+[/\\])+")


def public(data: Document) -> Document:
    """`data` with the last names alone of files and folders; texts of cases and answers stay.

    The text of a crash, which may name anything, is left out.
    """
    settings = data["configuration"].get("settings", {})
    named = [settings.get(name) for name in ("corpus", "home")]
    folders = [str(Path(name).resolve()) for name in (*named, Path(), Path.home()) if name]
    folders += [name for name in named if name and PurePath(name).is_absolute()]
    # The longer ones first, as the others may hold them; the root holds everything.
    parents = sorted({f"{folder}/" for folder in folders} - {"//"}, key=len, reverse=True)
    results = [_result(one) for one in data["results"]]
    return {name: _clean(value, parents) for name, value in data.items()} | {"results": results}


def _result(record: Mapping[str, Any]) -> dict[str, Any]:
    return dict(record) | ({"reason": CRASHED} if record["outcome"] == "error" else {})


def _clean(value: Any, folders: Sequence[str]) -> Any:
    if isinstance(value, dict):
        return {name: _clean(one, folders) for name, one in value.items()}
    if isinstance(value, list):
        return [_clean(one, folders) for one in value]
    if not isinstance(value, str):
        return value
    if PurePath(value).is_absolute() or value.startswith("~"):
        return PurePath(value).name
    for folder in folders:
        value = value.replace(folder, "")
    return _FOLDERS.sub("", value)
