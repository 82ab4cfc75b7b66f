"""Waiting for a corpus folder to change, by looking at it again and again; no system hooks."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from index.errors import FootnoteError
from index.selection import Selection

EVERY_S = 2.0
_State = dict[Path, tuple[int, int]]


def watch(folders: Mapping[Path, Path]) -> Iterator[None]:
    """Yield each time that files have changed and then stayed as they are for `EVERY_S` seconds.

    The first time it yields at once, as files may have changed while they were indexed.
    `folders` are the corpus folders, each with the one in which its index is kept. Times and
    sizes only say that reading the files is worth while; what has changed, their hashes tell.
    """

    def look() -> list[_State]:
        time.sleep(EVERY_S)
        return [_state(corpus, folder) for corpus, folder in folders.items()]

    seen = [_state(corpus, folder) for corpus, folder in folders.items()]
    yield
    while True:
        now = look()
        if now != seen:
            while now != (later := look()):
                now = later
            seen = now
            yield


def _state(corpus: Path, folder: Path) -> _State:
    """Time and size of every file that would be read; empty while that cannot be told."""
    try:
        files, _ = Selection.read(folder).files(corpus)
    except FootnoteError:
        return {}
    state = {}
    for file in files.values():
        try:
            stat = file.stat()
        except OSError:  # gone since it was listed
            continue
        state[file] = (stat.st_mtime_ns, stat.st_size)
    return state
