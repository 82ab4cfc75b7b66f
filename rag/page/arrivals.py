"""Files on their way in: what a browser has sent and no event has fetched yet."""

import secrets
import shutil
import threading
from collections.abc import AsyncIterable
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from anyio import to_thread

from rag.page.incoming import MOST_BYTES

MOST_WAITING = 2 * MOST_BYTES  # bytes; beyond them what has waited longest goes
_SECRET = 16  # bytes of an id, so that nobody guesses that of another page's file


class Arrivals:
    """A folder of such files. A browser knows each by an id, and no path of this machine."""

    def __init__(self) -> None:
        self._folder: Path | None = None  # made for the first file
        self._waiting: dict[str, int] = {}  # bytes by id, in the order in which they came
        self._changing = threading.Lock()

    async def receive(self, chunks: AsyncIterable[bytes]) -> str:
        """Keep a file that comes in `chunks`; its id. Raises OSError, and then keeps nothing."""
        id_ = secrets.token_urlsafe(_SECRET)
        size = 0
        path = self._path(id_)
        try:
            with path.open("xb") as file:
                async for chunk in chunks:
                    await to_thread.run_sync(file.write, chunk)
                    size += len(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._note(id_, size)
        return id_

    def fetch(self, id_: object) -> Path | None:
        """The file with this id, once: whoever fetches it removes it. None for any other id."""
        with self._changing:
            known = isinstance(id_, str) and self._waiting.pop(id_, None) is not None
        return self._path(str(id_)) if known else None

    def close(self) -> None:
        """Remove the folder and all that is in it."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, id_: str) -> Path:
        with self._changing:
            if self._folder is None:
                self._folder = Path(mkdtemp(prefix="footnote-arrivals-"))
            return self._folder / id_

    def _note(self, id_: str, size: int) -> None:
        gone = []
        with self._changing:
            self._waiting[id_] = size
            while sum(self._waiting.values()) > MOST_WAITING:
                oldest = next(iter(self._waiting))
                del self._waiting[oldest]
                gone.append(oldest)
        for oldest in gone:
            with suppress(OSError):
                self._path(oldest).unlink(missing_ok=True)
