"""Plain text: paragraphs broken at a fixed width are joined, the title is read off the top."""

import re

from index.decode import decode
from index.readers.document import Document, title_and_date

_TAGGED = re.compile(r"^<p>(.*)</p>$", re.MULTILINE)  # a caption that kept its tags


def read_text(data: bytes) -> Document:
    """Plain text in any encoding that `decode` knows."""
    text = _TAGGED.sub(r"\1", decode(data))
    title, published = title_and_date(text)
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
