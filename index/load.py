"""Files -> articles: the walk over a corpus folder, and one file through its reader."""

import fnmatch
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from index.clean import clean, clean_line, storable
from index.decode import decode, mend
from index.errors import CorpusError
from index.furniture import furniture, without_furniture
from index.readers import READERS
from index.types import Article

IGNORE_FILE = ".footnoteignore"
_TITLE_CHARS = 200  # a title goes before the text of each passage
_TYPES = ".txt, .md, .html, .pdf and .docx"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out, and why; `sha256` of its bytes where they were read."""

    path: str
    reason: str
    sha256: str = ""


def load(file: Path, name: str) -> Article:
    """Read one file as the article `name`, its path as seen from the corpus folder.

    Raises CorpusError (with the reason, without the path) when it holds no text to index.
    """
    return parse(read(file), name)


def read(file: Path) -> bytes:
    """The bytes of a file of a type that is read, as they were at one moment.

    Raises CorpusError when it is too large, cannot be read, or keeps changing.
    """
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise CorpusError(f"files of type {file.suffix or 'unknown'} are not read")
    try:
        for _ in range(2):
            before = file.stat()
            if before.st_size > reader.max_bytes:
                megabytes = reader.max_bytes // 1_000_000
                raise CorpusError(f"larger than {megabytes} MB; split it into smaller files")
            data = file.read_bytes()
            after = file.stat()
            same = (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, len(data))
            if same:
                return data
    except OSError as error:
        raise CorpusError(f"cannot be read ({error.strerror or error})") from error
    raise CorpusError("is being written just now; index again when that is finished")


def parse(data: bytes, name: str) -> Article:
    """The article `name` that the bytes of a file hold; its suffix chooses the reader.

    Raises CorpusError with the reason when they hold no text to index.
    """
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix.lower()
    try:
        document = READERS[suffix].read(data)
    except CorpusError:
        raise
    except Exception as error:  # libraries raise all sorts on files made to break them
        said = clean_line(storable(f"{type(error).__name__}: {error}"))[:200]
        raise CorpusError(f"cannot be read as {suffix} ({said})") from error
    if document.pages:
        text, pages = _paged(document.pages)
    else:
        text, pages = without_furniture(clean(mend(document.text))), ()
    if not any(character.isalnum() for character in text):
        raise CorpusError("holds no text")
    stated = _title(document.title)
    return Article(
        id=name,
        title=stated or _title(stem.replace("-", " ").replace("_", " ")) or name,
        path=name,
        text=text,
        source=_line(document.source),
        published=_line(document.published),
        author=_line(document.author),
        sha256=hashlib.sha256(data).hexdigest(),
        titled=bool(stated),
        pages=pages,
    )


def _paged(pages: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """The pages as one text, and the offset at which each begins.

    A sentence that goes on over the page is not cut; two pages without a word begin at one place.
    """
    lines = [(number, line) for number, page in enumerate(pages) for line in _clean_lines(page)]
    drop = furniture([line for _, line in lines])
    kept: list[list[str]] = [[] for _ in pages]
    for row, (number, line) in enumerate(lines):
        if row not in drop:
            kept[number].append(line)
    text = ""
    starts = []
    for page in (clean("\n".join(found)) for found in kept):
        if text and page:
            goes_on = text[-1].isalnum() or text[-1] in ",;-–"
            text += " " if goes_on and page[0].islower() else "\n\n"
        starts.append(len(text))
        text += page
    return text, tuple(starts)


def _clean_lines(page: str) -> list[str]:
    return clean(mend(page)).split("\n")


def _line(text: str) -> str:
    return clean_line(storable(mend(text)))


def _title(text: str) -> str:
    line = _line(text)
    if len(line) <= _TITLE_CHARS:
        return line
    space = line.rfind(" ", _TITLE_CHARS // 2, _TITLE_CHARS)
    return f"{line[: space if space > 0 else _TITLE_CHARS - 1]}…"


def find(corpus: Path) -> tuple[list[Path], list[Skipped]]:
    """All files to read below `corpus` (or `corpus` itself), sorted, and those left out.

    Hidden files and what the folder's `.footnoteignore` names (one shell pattern a line) are
    passed over in silence; links, which are not followed, and other types are reported. Raises
    CorpusError when the folder is missing or unreadable.
    """
    if not corpus.exists():
        raise CorpusError(f"There is no folder or file {corpus}. Give the path of your articles.")
    if corpus.is_file():
        return [corpus], []
    if not os.access(corpus, os.R_OK | os.X_OK):
        raise CorpusError(f"The folder {corpus} cannot be read. Check its permissions.")
    ignored = _ignore_patterns(corpus)
    files: list[Path] = []
    skipped: list[Skipped] = []
    for file in _walk(corpus, skipped):
        name = file.relative_to(corpus).as_posix()
        if any(fnmatch.fnmatch(name, pattern) for pattern in ignored):
            continue
        if file.is_symlink():
            skipped.append(Skipped(name, "is a link, which is not followed"))
        elif file.suffix.lower() in READERS:
            files.append(file)
        else:
            skipped.append(Skipped(name, f"files of type {file.suffix or 'unknown'} are not read"))
    return sorted(files), skipped


def check_corpus(corpus: Path) -> None:
    """Raise CorpusError when `corpus` is missing or holds no file of a type that is read."""
    files, skipped = find(corpus)
    if not files:
        raise CorpusError(nothing_to_read(corpus, skipped))


def nothing_to_read(corpus: Path, skipped: Sequence[Skipped]) -> str:
    """The message for a corpus without a readable article, with the first reasons."""
    lines = [f"{corpus} holds no article that Footnote can read (it reads {_TYPES})."]
    lines += [f"  {entry.path}: {entry.reason}" for entry in skipped[:5]]
    if len(skipped) > 5:
        lines.append(f"  and {len(skipped) - 5} more")
    return "\n".join(lines)


def _walk(corpus: Path, skipped: list[Skipped]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        skipped.append(Skipped(str(error.filename), "the folder cannot be read"))

    for folder, folders, names in os.walk(corpus, onerror=unreadable, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (file for name in folders if (file := Path(folder, name)).is_symlink())
        for name in sorted(names):
            file = Path(folder, name)
            if not name.startswith(".") and (file.is_symlink() or file.is_file()):
                yield file


def _ignore_patterns(corpus: Path) -> list[str]:
    file = corpus / IGNORE_FILE
    if not file.is_file():
        return []
    lines = decode(file.read_bytes()).splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
