"""Earlier conversations, kept as JSON files: one a conversation, never more than the limit."""

import json
import re
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from rag.errors import ConfigError
from rag.page.exchange import Exchange

FORMAT = 1  # another one is left alone, as a damaged file is
_ID = re.compile(r"[0-9a-f]{32}")  # ids come back from the browser and become file names
_EXCHANGES: TypeAdapter[tuple[Exchange, ...]] = TypeAdapter(tuple[Exchange, ...])


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation on disk; `changed` is the time (UTC, ISO) of its last answer."""

    id: str
    changed: str
    exchanges: tuple[Exchange, ...]

    @property
    def title(self) -> str:
        """Its first question."""
        return self.exchanges[0].question


class Conversations:
    """The conversations of `folder`; with a `limit` of 0 none is kept, listed or opened."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self._lock = threading.Lock()
        self._closed = False
        self._told: set[str] = set()

    def all(self) -> list[Kept]:
        """Those that can be read, the last changed first; a damaged one is named on stderr."""
        if not self.limit:
            return []
        try:
            files = sorted(self.folder.glob("*.json"))
        except OSError:
            return []
        found = [kept for file in files if (kept := self._read(file))]
        return sorted(found, key=lambda kept: (kept.changed, kept.id), reverse=True)

    def open(self, id_: str) -> Kept | None:
        """The conversation `id_`, or None when there is none that can be read."""
        return self._read(self._file(id_)) if self.limit and _ID.fullmatch(id_) else None

    def append(
        self,
        id_: str,
        earlier: Sequence[Exchange],
        exchange: Exchange,
        so_far: Exchange | None = None,
    ) -> str:
        """Keep `earlier` and `exchange` as the conversation `id_`, and return its id.

        `so_far` is the same exchange as it was kept last, which is replaced. The conversation
        becomes a new one when `id_` is "" or when something else is kept under it: it was
        deleted, or went on elsewhere. Returns "" when none is kept. Raises ConfigError when it
        cannot be written.
        """
        with self._lock:
            if not self.limit or self._closed:
                return ""
            kept = self.open(id_)
            before = tuple(earlier) if so_far is None else (*earlier, so_far)
            goes_on = kept is not None and kept.exchanges == before
            id_ = id_ if goes_on else uuid4().hex
            self._write(Kept(id_, datetime.now(UTC).isoformat(), (*earlier, exchange)))
            if not goes_on:  # else there is not one more than before
                for old in self.all()[self.limit :]:
                    self._remove(old.id)
        return id_

    def delete(self, id_: str) -> None:
        """Remove the conversation `id_` for good. Raises ConfigError when that fails."""
        if _ID.fullmatch(id_):
            with self._lock:
                self._remove(id_)

    def clear(self) -> None:
        """Remove all that can be read, for good. Raises ConfigError when that fails."""
        with self._lock:
            for kept in self.all():
                self._remove(kept.id)

    def close(self) -> None:
        """Keep nothing more: the folder is about to be deleted."""
        with self._lock:
            self._closed = True

    def _file(self, id_: str) -> Path:
        return self.folder / f"{id_}.json"

    def _remove(self, id_: str) -> None:
        try:
            self._file(id_).unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"The conversation cannot be deleted: {error.strerror}.") from error

    def _write(self, kept: Kept) -> None:
        beside = self.folder / f"{kept.id}.{uuid4().hex}.partial"
        text = json.dumps({"format": FORMAT} | asdict(kept))
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside.write_text(text, encoding="utf-8")
            beside.replace(self._file(kept.id))
        except OSError as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise ConfigError(
                f"This conversation cannot be kept: {error.strerror}. It goes on all the same; "
                "export it before you leave the page."
            ) from error

    def _read(self, file: Path) -> Kept | None:
        try:
            return _kept(json.loads(file.read_bytes()), file.stem)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            if file.name not in self._told:
                self._told.add(file.name)
                what = "not of its form" if isinstance(error, ValidationError) else str(error)
                print(
                    f"footnote: the conversation {file} is left out and left as it is: {what}",
                    file=sys.stderr,
                )
            return None


def _kept(record: dict[str, Any], id_: str) -> Kept:
    exchanges = _EXCHANGES.validate_python(record["exchanges"])
    changed = datetime.fromisoformat(record["changed"]).astimezone(UTC).isoformat()
    if record["format"] != FORMAT or not exchanges or not _ID.fullmatch(id_):
        raise ValueError("another version of Footnote wrote it, or it is empty or renamed")
    return Kept(id_, changed, exchanges)
