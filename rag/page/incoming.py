"""Files that a browser has sent: which are taken, under what name, and the copies that are kept."""

import filecmp
import shutil
import unicodedata
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from index.errors import CorpusError
from index.load import Skipped, load
from index.readers import READERS
from rag.types import Article, Progress

MOST_FILES = 100  # at once
MOST_BYTES = 300_000_000  # at once, together
NAME_BYTES = 150  # of a kept name, without its suffix; file systems take 255
FORMATS = "text, Markdown, HTML, PDF, Word"  # in short
TYPES = "text, Markdown, HTML, PDF and Word (.docx) files"
LOST = "did not arrive; add it again"
_PLAIN = set(" ._-()+,&'")  # what a name may hold beside letters and digits


@dataclass(frozen=True, slots=True)
class Sent:
    """A file by the name and size (bytes) that the browser gives, and where it arrived, if so."""

    name: str
    size: int
    path: Path | None = None


@dataclass(slots=True)
class Taken:
    """What has become of the files: copies that are new or known again, and what was left out."""

    files: list[Path] = field(default_factory=list)
    articles: list[Article] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    made: list[Path] = field(default_factory=list)  # those of `files` that were not there before

    def undo(self) -> None:
        """Remove the copies that were made."""
        for file in self.made:
            with suppress(OSError):
                file.unlink(missing_ok=True)


def sent(listed: Any, fetch: Callable[[object], Path | None]) -> list[Sent]:
    """The files as the browser lists them; `fetch` gives those that arrived, by their ids."""
    found = []
    for one in listed if isinstance(listed, list) else []:
        given = one if isinstance(one, dict) else {}
        size, there = given.get("size"), fetch(given.get("id"))
        found.append(Sent(str(given.get("name", "")), size if isinstance(size, int) else 0, there))
    return found


def take(files: Sequence[Sent], folder: Path, known: Collection[str], progress: Progress) -> Taken:
    """Copy the files that hold an article into `folder`, over none that is there.

    `known` are the SHA-256 of the articles in use. What arrived is removed from where it did.
    """
    taken = Taken()
    number = total = 0
    seen = set(known)
    try:
        for done, file in enumerate(files):
            progress("reading", done, len(files))
            try:
                _check_type(file)
                number, total = number + 1, total + file.size
                _check(file, number, total)
                _copy(file, folder, seen, taken)
            except CorpusError as error:
                taken.skipped.append(Skipped(file.name, str(error)))
            except OSError as error:
                reason = f"cannot be kept ({error.strerror or 'the disk refuses it'})"
                taken.skipped.append(Skipped(file.name, reason))
    except BaseException:
        taken.undo()
        raise
    finally:
        discard(files)
    return taken


def safe_name(name: str) -> str:
    """A file name for `name`, whatever it holds: in no other folder, not hidden, of plain signs."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    plain = "".join(
        sign if sign in _PLAIN or unicodedata.category(sign)[0] in "LMN" else "_" for sign in name
    )
    path = PurePosixPath(plain.strip(" ."))
    suffix = path.suffix.lower()
    stem = path.name[: len(path.name) - len(suffix)].strip(" .")
    cut = stem.encode()[:NAME_BYTES].decode(errors="ignore").strip(" .")
    return f"{cut or 'article'}{suffix}"


def _check_type(file: Sent) -> None:
    """Raise CorpusError when nothing reads files of this type."""
    suffix = PurePosixPath(safe_name(file.name)).suffix
    if suffix not in READERS:
        what = f"files of type {suffix}" if suffix else "folders, and files without a type,"
        raise CorpusError(f"{what} are not read; {TYPES} are")


def _check(file: Sent, number: int, total: int) -> None:
    """Raise CorpusError when the file is not taken.

    `number` are the files up to and with it, `total` their bytes; those of other types, of which
    a folder may hold many, do not count.
    """
    suffix = PurePosixPath(safe_name(file.name)).suffix
    if number > MOST_FILES:
        raise CorpusError(f"more than {MOST_FILES} files at once; add it in a second step")
    there = file.path is not None and file.path.is_file()
    size = file.path.stat().st_size if file.path is not None and there else file.size
    if size > READERS[suffix].max_bytes:
        megabytes = READERS[suffix].max_bytes // 1_000_000
        raise CorpusError(f"larger than {megabytes} MB; split it into smaller files")
    if total > MOST_BYTES:
        megabytes = MOST_BYTES // 1_000_000
        raise CorpusError(f"more than {megabytes} MB at once; add it in a second step")
    if not there:
        raise CorpusError(LOST)


def _copy(file: Sent, folder: Path, seen: set[str], taken: Taken) -> None:
    """Keep a copy of the file when it holds an article that is not `seen`, else CorpusError."""
    assert file.path is not None
    kept, new = _kept(file.path, folder, safe_name(file.name))
    article = None
    try:
        article = load(kept, kept.name)
    finally:
        if new and (article is None or article.sha256 in seen):
            kept.unlink(missing_ok=True)
    if article.sha256 in seen:
        raise CorpusError("is already among the articles")
    seen.add(article.sha256)
    taken.files.append(kept)
    taken.articles.append(article)
    if new:
        taken.made.append(kept)


def _kept(file: Path, folder: Path, name: str) -> tuple[Path, bool]:
    """A copy of `file` in `folder`, as `name` or with a number behind it; whether it is new."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = PurePosixPath(name)
    for number in count(1):
        kept = folder / (name if number == 1 else f"{path.stem} ({number}){path.suffix}")
        try:
            copy = kept.open("xb")
        except FileExistsError:
            if kept.is_file() and filecmp.cmp(file, kept, shallow=False):
                return kept, False
        else:
            break
    try:
        with copy, file.open("rb") as original:
            shutil.copyfileobj(original, copy)
    except BaseException:
        kept.unlink(missing_ok=True)
        raise
    return kept, True


def discard(files: Sequence[Sent]) -> None:
    """Remove what was uploaded, where it still is."""
    for file in files:
        if file.path is not None:
            with suppress(OSError):
                file.path.unlink(missing_ok=True)
