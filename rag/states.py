"""What the model has read, kept on disk: states of passages by name, the least recently used goes.

A state is some megabytes of numbers that cost the model a second to work out again. Each is one
file with a checksum; a file that is damaged, or written by another version, is as good as none.
Several processes may share a folder.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_MAGIC = b"footnote state 3\n"
_DIGEST_BYTES = 16
_SUFFIX, _FORMER = ".state3", (".state", ".state2")  # what nothing can find any more goes
_UNFINISHED = "new-"
_UNUSED_S = 7 * 24 * 3600  # what was not used for so long makes room for what is read ahead
_ABANDONED_S = 3600  # an unfinished file this old was left by a process that was killed


class States:
    """Up to `limit` bytes of states in `folder`. A folder that cannot be used keeps nothing."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Use `folder`, made when it is first needed; what is above `limit` goes at once."""
        self._folder = folder
        self._limit = limit
        self._make_room(0)
        self._clean()

    def get(self, key: str) -> bytes | None:
        """The state kept under `key`, which counts as a use; None when there is none."""
        file = self._file(key)
        try:
            kept = file.read_bytes()
        except OSError:
            return None
        with suppress(OSError):  # a folder that may only be read
            os.utime(file)
        start = len(_MAGIC) + _DIGEST_BYTES
        state = kept[start:]
        if kept[:start] == _MAGIC + _digest(state):
            return state
        _remove(file)
        return None

    def has(self, key: str) -> bool:
        """Whether a state is kept under `key`, which counts as no use; it may be damaged."""
        return self._file(key).exists()

    def put(self, key: str, state: bytes, *, displace: bool = True) -> bool:
        """Keep `state`; others go, the least recently used first, when there is no room.

        False where it is not kept: it is too large, or would `displace` others that were used in
        the last week, and may not.
        """
        kept = len(_MAGIC) + _DIGEST_BYTES + len(state)
        if kept > self._limit or not self._make_room(kept, 0 if displace else _UNUSED_S):
            return False
        with suppress(OSError):  # no room, or not allowed: it is read again the next time
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=_UNFINISHED)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_MAGIC + _digest(state) + state)
                Path(name).replace(self._file(key))
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            return True
        return False

    def _make_room(self, wanted: int, unused_s: float = 0) -> bool:
        """Remove the least recently used while those of all processes leave no room.

        Only what was not used for so many seconds goes; false where that is not enough.
        """
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        before = time.time_ns() - int(unused_s * 1e9)
        for used, size, file in files:
            if total + wanted <= self._limit or (unused_s and used > before):
                break
            _remove(file)
            total -= size
        return total + wanted <= self._limit

    def _clean(self) -> None:
        for suffix in _FORMER:
            for file in self._folder.glob(f"*{suffix}"):
                _remove(file)
        before = time.time() - _ABANDONED_S
        for file in self._folder.glob(f"{_UNFINISHED}*"):
            with suppress(OSError):
                if file.stat().st_mtime < before:
                    file.unlink()

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        """When each was last used, its size and its place."""
        with suppress(OSError):
            for file in self._folder.iterdir():
                with suppress(OSError):  # gone meanwhile
                    found = file.stat()
                    if file.suffix == _SUFFIX:
                        yield found.st_mtime_ns, found.st_size, file

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"


def _digest(state: bytes) -> bytes:
    return hashlib.blake2b(state, digest_size=_DIGEST_BYTES).digest()


def _remove(file: Path) -> None:
    with suppress(OSError):
        file.unlink()
