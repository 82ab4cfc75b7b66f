"""Answers kept on disk: a journal to resume an interrupted run, a cache for later runs.

Both hold answers, not verdicts: a case whose answer is known is judged anew.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eval.adapters.types import ReadingCase
from eval.dataset import Case
from rag.errors import ConfigError
from rag.types import Answer

JOURNAL = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer from before and the seconds it took; `cached` when it is of another run."""

    answer: Answer
    seconds: float
    cached: bool


class Memory:
    """What the cases of one run were answered before, under the same `context`.

    `context` is a hash of all that an answer depends on beside its question; under an empty one
    nothing is recalled.
    """

    def __init__(self, context: str, journal: Path, cache: Path, *, read: bool = True) -> None:
        """Read the journal; one of another context, or that is damaged, counts as far as it goes.

        `cache` is the folder of answers from other runs, written always, and read unless `read`
        is False. Raises ConfigError when the journal
        cannot be written.
        """
        self._context = context
        self._journal = journal
        self._cache = cache
        self._read = read
        found = dict(_read_journal(journal, context)) if context else {}
        self._resumed = found
        # Written anew, so that a line that broke off in the middle does not spoil the next one.
        self._write(
            "w", {"context": context}, *({"key": key} | kept for key, kept in found.items())
        )

    @property
    def resumed(self) -> int:
        """How many answers an interrupted run has left."""
        return len(self._resumed)

    def recall(self, case: Case | ReadingCase) -> Kept | None:
        """The answer to the case's question, of this run before it was interrupted or of others."""
        if not self._context:
            return None
        key = self._key(case)
        if key in self._resumed:
            return _kept(self._resumed[key], cached=bool(self._resumed[key].get("cached")))
        if not self._read:
            return None
        try:
            return _kept(json.loads(self._file(key).read_text(encoding="utf-8")), cached=True)
        except (OSError, ValueError):
            return None

    def keep(
        self, case: Case | ReadingCase, answer: Answer, seconds: float, *, cached: bool = False
    ) -> None:
        """Write an answer down at once. Raises ConfigError when that fails."""
        key = self._key(case)
        if key in self._resumed:
            return
        record = {"answer": answer.to_dict(), "seconds": seconds}
        self._write("a", {"key": key, "case": case.id, "cached": cached} | record)
        if self._context and not cached:
            file = self._file(key)
            with suppress(OSError):  # without a cache the answer is asked for again, no more
                file.parent.mkdir(parents=True, exist_ok=True)
                beside = file.with_suffix(f".{os.getpid()}")
                beside.write_text(json.dumps(record), encoding="utf-8")
                beside.replace(file)

    def finish(self) -> None:
        """Remove the journal: its answers are in the report, and there is nothing to resume."""
        self._journal.unlink(missing_ok=True)

    def _key(self, case: Case | ReadingCase) -> str:
        if isinstance(case, ReadingCase):
            given = ["read", *(asdict(passage) for passage in case.passages)]
        else:
            given = [asdict(turn) for turn in case.history]
        asked = [self._context, case.question, given]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    def _file(self, key: str) -> Path:
        return self._cache / key[:2] / f"{key}.json"

    def _write(self, mode: str, *records: dict[str, Any]) -> None:
        try:
            with self._journal.open(mode, encoding="utf-8") as file:
                file.writelines(json.dumps(record) + "\n" for record in records)
        except OSError as error:
            raise ConfigError(
                f"The journal {self._journal} cannot be written: {error.strerror}. "
                "Free some space, or choose another folder with --out."
            ) from error


def forget(folder: Path) -> None:
    """Remove what an interrupted run has left in the folder of a report."""
    (folder / JOURNAL).unlink(missing_ok=True)


def _read_journal(file: Path, context: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        head, *lines = file.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
        if json.loads(head).get("context") != context:
            return
    except (OSError, ValueError, AttributeError):
        return
    for line in lines:
        with suppress(ValueError, KeyError, TypeError):
            record = json.loads(line)
            if _kept(record, cached=False):
                yield record.pop("key"), record


def _kept(record: dict[str, Any], *, cached: bool) -> Kept | None:
    """None when the record is of another shape than this program writes."""
    try:
        return Kept(Answer.from_dict(record["answer"]), float(record["seconds"]), cached)
    except (KeyError, TypeError, ValueError):
        return None
