"""A reader for each type of file: its bytes -> a `Document`. The libraries load when needed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from index.readers.document import Document
from index.readers.docx import read_docx
from index.readers.html import read_html
from index.readers.markdown import read_markdown
from index.readers.pdf import read_pdf
from index.readers.text import read_text

VERSION = "readers-2"  # part of an index's identity: change it when they yield another text


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the bytes of a file, at most `max_bytes` of them."""

    read: Callable[[bytes], Document]
    max_bytes: int


_TEXT = Reader(read_text, 20_000_000)  # larger text files are dumps, not articles
_MARKDOWN = Reader(read_markdown, 20_000_000)
_HTML = Reader(read_html, 20_000_000)
_PDF = Reader(read_pdf, 100_000_000)  # most of it pictures
_DOCX = Reader(read_docx, 100_000_000)

READERS: Mapping[str, Reader] = {
    ".txt": _TEXT,
    ".text": _TEXT,
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".pdf": _PDF,
    ".docx": _DOCX,
}
