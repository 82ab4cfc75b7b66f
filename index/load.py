"""Files -> articles: a table of readers by suffix, and the walk over a corpus folder."""

import fnmatch
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from index.clean import clean, clean_line, storable
from index.errors import CorpusError
from index.types import Article

MAX_FILE_BYTES = 20_000_000  # larger text files are dumps, not articles
IGNORE_FILE = ".footnoteignore"
_TITLE_CHARS = 200  # a title goes before the text of each passage


@dataclass(frozen=True, slots=True)
class Document:
    """What a reader gets out of one file, before cleaning."""

    text: str
    title: str = ""
    source: str = ""
    published: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out, and why."""

    path: str
    reason: str


def load(file: Path, name: str) -> Article:
    """Read one file as the article `name`, its path as seen from the corpus folder.

    Raises CorpusError (with the reason, without the path) when it holds no text to index.
    """
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise CorpusError(f"files of type {file.suffix or 'unknown'} are not read")
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            megabytes = MAX_FILE_BYTES // 1_000_000
            raise CorpusError(f"larger than {megabytes} MB; split it into smaller files")
        data = file.read_bytes()
    except OSError as error:
        raise CorpusError(f"cannot be read ({error.strerror or error})") from error
    document = reader(decode(data))
    text = clean(document.text)
    if not any(character.isalnum() for character in text):
        raise CorpusError("holds no text")
    stem = PurePosixPath(name).stem.replace("-", " ").replace("_", " ")
    return Article(
        id=name,
        title=_title(document.title) or _title(stem) or name,
        path=name,
        text=text,
        source=_line(document.source),
        published=_line(document.published),
        author=_line(document.author),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _line(text: str) -> str:
    return clean_line(storable(text))


def _title(text: str) -> str:
    line = _line(text)
    if len(line) <= _TITLE_CHARS:
        return line
    space = line.rfind(" ", _TITLE_CHARS // 2, _TITLE_CHARS)
    return f"{line[: space if space > 0 else _TITLE_CHARS - 1]}…"


def find(corpus: Path) -> tuple[list[Path], list[Skipped]]:
    """All files to read below `corpus` (or `corpus` itself), sorted, and those left out.

    Hidden files, links and what the folder's `.footnoteignore` names (one shell pattern a line)
    are passed over in silence; other types are reported. Raises CorpusError when the folder is
    missing or unreadable.
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
        if file.suffix.lower() in READERS:
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
    lines = [f"{corpus} holds no article that Footnote can read (it reads .txt and .md files)."]
    lines += [f"  {entry.path}: {entry.reason}" for entry in skipped[:5]]
    if len(skipped) > 5:
        lines.append(f"  and {len(skipped) - 5} more")
    return "\n".join(lines)


def _walk(corpus: Path, skipped: list[Skipped]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        skipped.append(Skipped(str(error.filename), "the folder cannot be read"))

    for folder, folders, names in os.walk(corpus, onerror=unreadable, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if not name.startswith(".") and file.is_file() and not file.is_symlink():
                yield file


def _ignore_patterns(corpus: Path) -> list[str]:
    file = corpus / IGNORE_FILE
    if not file.is_file():
        return []
    lines = decode(file.read_bytes()).splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def decode(data: bytes) -> str:
    """UTF-8 (or UTF-16 with its mark) first, then Windows-1252 as older exports use.

    Raises CorpusError for binary data.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    elif b"\x00" in data:
        raise CorpusError("is binary, not text")
    else:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    unreadable = sum(not (c.isprintable() or c.isspace()) or c == "\ufffd" for c in text)
    if unreadable > len(text) * 0.02:
        raise CorpusError("is binary or in an encoding that is neither UTF-8 nor Windows-1252")
    return text


_DATE = re.compile(
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}, \d{4}", re.IGNORECASE
)
_TITLE_LINE_CHARS = 150  # of plain text: a longer line is a paragraph


def read_text(text: str) -> Document:
    """Plain text. The title is the first short line that is not a sentence or a date line."""
    title = published = ""
    for line in text.strip().splitlines()[:8]:
        stripped = line.strip()
        if found := _DATE.match(stripped):
            published = published or _iso_date(found.group())
        elif stripped and len(stripped) <= _TITLE_LINE_CHARS and stripped[-1] not in ".!?:;,":
            title = stripped
            break
    return Document(text=_unwrap(text), title=title, published=published)


_WRAPPED = range(45, 101)  # characters of a line that an editor has broken


def _unwrap(text: str) -> str:
    """Join the lines of paragraphs that were broken at a fixed width, as old text files are."""
    paragraphs = []
    for paragraph in text.replace("\r\n", "\n").split("\n\n"):
        lines = paragraph.strip("\n").split("\n")
        wrapped = len(lines) > 1 and all(len(line.rstrip()) in _WRAPPED for line in lines[:-1])
        paragraphs.append(" ".join(line.strip() for line in lines) if wrapped else paragraph)
    return "\n\n".join(paragraphs)


def read_markdown(text: str) -> Document:
    """Markdown with optional YAML front matter; the markup is rendered to plain paragraphs."""
    meta, body = _front_matter(text)
    plain, heading = _render(body)
    return Document(
        text=plain,
        title=meta.get("title") or heading,
        source=meta.get("publisher") or meta.get("source", ""),
        published=_iso_date(meta.get("published") or meta.get("date", "")),
        author=meta.get("author", ""),
    )


READERS: Mapping[str, Callable[[str], Document]] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
}

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


_FIELDS = ("title", "publisher", "source", "published", "date", "author")


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    """The fields of a YAML header that are used, and the text behind it.

    A broken header is text like any other: nothing is lost.
    """
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    try:
        meta = yaml.safe_load(match.group(1))
        if not isinstance(meta, dict):
            return {}, text
        return {name: _field(meta.get(name)) for name in _FIELDS}, text[match.end() :]
    except Exception:  # beside its own errors PyYAML lets through what an impossible value raises
        return {}, text


def _field(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()[:10]
    values = value if isinstance(value, list) else [value or ""]
    # nested values are left out: a few lines of YAML aliases can stand for gigabytes
    text = ", ".join(str(v) for v in values if not isinstance(v, list | tuple | dict | set))
    return "" if text.strip().lower() in ("not stated", "unknown", "none") else text


def _iso_date(text: str) -> str:
    for form in ("%B %d, %Y", "%b %d, %Y", "%b. %d, %Y"):
        try:
            return datetime.strptime(text, form).date().isoformat()
        except ValueError:
            continue
    return text


def _render(body: str) -> tuple[str, str]:
    """Markdown -> (plain paragraphs, first heading). HTML tags and link targets are dropped."""
    from markdown_it import MarkdownIt

    blocks: list[str] = []
    first_heading = ""
    in_heading = False
    for token in MarkdownIt("commonmark").enable("table").parse(body):
        if token.type in ("heading_open", "heading_close"):
            in_heading = token.type == "heading_open"
        elif token.type == "inline":
            text = "".join(_inline(child) for child in token.children or [])
            blocks.append(text)
            if in_heading and not first_heading:
                first_heading = text
        elif token.type in ("fence", "code_block"):
            blocks.append(token.content)
        elif token.type == "html_block":
            blocks.append(re.sub(r"<[^>]*>", "", token.content))
    return "\n\n".join(block for block in blocks if block.strip()), first_heading


def _inline(token: Any) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n" if token.type == "hardbreak" else " "
    if token.type in ("text", "code_inline", "image"):
        return str(token.content)
    return ""
