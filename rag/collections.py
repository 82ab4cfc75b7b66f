"""Collections of articles: the folder that was opened first, the bundled one, and those made here.

HOME/collections/ID.json    name of a collection that was made here
HOME/collections/ID/        its articles; what else belongs to them is kept as for any folder
"""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from index.clean import clean_line, storable
from rag.errors import ConfigError
from rag.types import Collection, Progress

if TYPE_CHECKING:
    from rag.assistant import Assistant

FIRST, BUNDLED = "first", "bundled"
BUNDLED_NAME = "Bundled articles"
NAME_CHARS = 60
GONE = "This collection is no longer there. Choose another one."
_UNREADABLE = "Collection without a name"
_ID = re.compile(r"[0-9a-f]{32}")  # ids come back from the browser and become file names


class Collections:
    """What can be asked about, each opened once; all share the models of the first."""

    def __init__(self, first: "Assistant", bundled: Path) -> None:
        """`first` is the assistant of the folder of the settings; `bundled` may be the same."""
        self._first = first
        self._bundled = bundled
        self._folder = first.settings.home / "collections"
        self._open = {FIRST: first}
        self._locks: dict[str, threading.Lock] = {}
        self._naming = threading.Lock()

    def all(self) -> list[Collection]:
        """The first one, the bundled one, then those made here, by name."""
        folder = self._first.settings.corpus.resolve()
        if folder == self._bundled.resolve():
            found = [Collection(FIRST, BUNDLED_NAME, folder, "bundled")]
        else:
            found = [Collection(FIRST, _shown(folder.name) or "Articles", folder, "given")]
            if self._bundled.is_dir():
                found.append(Collection(BUNDLED, BUNDLED_NAME, self._bundled, "bundled"))
        files = [file for file in self._folder.glob("*.json") if _ID.fullmatch(file.stem)]
        made = [
            Collection(file.stem, _read_name(file), file.with_suffix(""), "made")
            for file in files
            if file.with_suffix("").resolve() != folder  # given by its path, it is in use as such
        ]
        return found + sorted(made, key=lambda one: (one.name.casefold(), one.id))

    def get(self, id_: str) -> Collection:
        """The collection `id_`. Raises ConfigError when there is none."""
        found = next((one for one in self.all() if one.id == id_), None)
        if found is None:
            raise ConfigError(GONE)
        return found

    def open(self, id_: str, progress: Progress | None = None) -> "Assistant":
        """The assistant of the collection `id_`, its index built or refreshed the first time.

        A collection made here may be empty. Raises ConfigError when there is no such collection,
        CorpusError or IndexStoreError when its index cannot be opened.
        """
        with self._alone(id_):
            collection = self.get(id_)
            if id_ not in self._open:
                self._open[id_] = self._first.beside(
                    collection.folder, may_be_empty=collection.made, progress=progress
                )
            return self._open[id_]

    def made(self, id_: str) -> Collection:
        """A collection that was made here. Raises ConfigError for any other."""
        collection = self.get(id_)
        if not collection.made:
            raise ConfigError("This folder is yours: Footnote neither renames nor deletes it.")
        return collection

    def make(self, name: str) -> Collection:
        """A new, empty collection. Raises ConfigError for a name that cannot be used."""
        id_ = uuid4().hex
        with self._naming, _wrapped("kept"):
            made = Collection(id_, self._usable(name), self._folder / id_, "made")
            made.folder.mkdir(parents=True, mode=0o700)
            _write_name(made)
        return made

    def rename(self, id_: str, name: str) -> None:
        """Give a collection that was made here another name. Raises ConfigError as `make` does."""
        with self._alone(id_), self._naming, _wrapped("renamed"):
            _write_name(replace(self.made(id_), name=self._usable(name, but=id_)))

    def delete(self, id_: str) -> None:
        """Delete a collection that was made here, with its articles and all that belongs to them.

        Nobody may be answered from it meanwhile. Raises ConfigError or IndexStoreError when that
        fails; it can be tried again.
        """
        with self._alone(id_), _wrapped("deleted"):
            collection = self.made(id_)
            if collection.folder.is_symlink():
                raise ConfigError(
                    "This collection's folder was moved and linked to: what is there is yours. "
                    "Remove the link to be able to delete the collection."
                )
            self._open.pop(id_, None)
            self._first.forget(collection.folder)
            with suppress(FileNotFoundError):
                shutil.rmtree(collection.folder)
            _name_file(collection).unlink()  # last, so that one half deleted can be deleted again

    def _alone(self, id_: str) -> threading.Lock:
        """What keeps a collection from being opened twice at once; others open meanwhile."""
        return self._locks.setdefault(self.get(id_).id, threading.Lock())

    def _usable(self, name: str, but: str = "") -> str:
        """`name` on one line. Raises ConfigError when it is none, or that of another `but` one."""
        name = _shown(name)
        if not any(sign.isalnum() for sign in name):
            raise ConfigError("A collection needs a name with a letter or a digit in it.")
        if len(name) > NAME_CHARS:
            raise ConfigError(
                f"The name has {len(name):,} characters; at most {NAME_CHARS} are kept. Shorten it."
            )
        taken = {one.name.casefold() for one in self.all() if one.id != but}
        if name.casefold() in taken:
            raise ConfigError("There is a collection of this name already. Choose another name.")
        return name


def _shown(name: str) -> str:
    """`name` on one line, without what hides or turns round what it says."""
    return clean_line(storable(name))


def _name_file(collection: Collection) -> Path:
    return collection.folder.with_suffix(".json")


def _read_name(file: Path) -> str:
    """The name kept in `file`; one that is damaged can be given another."""
    try:
        return _shown(json.loads(file.read_bytes())["name"]) or _UNREADABLE
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _UNREADABLE


def _write_name(collection: Collection) -> None:
    file = _name_file(collection)
    beside = file.with_suffix(".partial")
    beside.write_text(json.dumps({"name": collection.name}), encoding="utf-8")
    beside.replace(file)


@contextmanager
def _wrapped(done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"The collection cannot be {done}: {error.strerror or error}.") from error
