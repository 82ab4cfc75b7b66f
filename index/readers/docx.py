"""Word documents, by python-docx: paragraphs and tables in the order in which they stand."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from index.errors import CorpusError
from index.readers.document import Document, title_and_date

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.table import Table, _Cell

MAX_EXPANDED_BYTES = 200_000_000  # of all parts together
MAX_RATIO = 200  # of a part to its packed size; text packs to about a tenth
_SMALL = 1_000_000  # bytes; a part up to here may pack as well as it likes
_ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Word wraps an encrypted file in an OLE one
_DECLARES = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)")
_DEPTH = 5  # of tables within tables


def read_docx(data: bytes) -> Document:
    """A Word document; its core properties state title, author and date.

    Raises CorpusError for one that is encrypted or broken, that would expand beyond measure
    (told from the archive's directory, before anything is unpacked) or that declares entities.
    """
    import docx

    if data.startswith(_ENCRYPTED):
        raise CorpusError("is encrypted or in Word's old format; save it as .docx without password")
    company = _check(data)
    document = docx.Document(io.BytesIO(data))
    stated = document.core_properties
    blocks = [block for block in _blocks(document, _DEPTH) if block.strip()]
    return Document(
        text="\n\n".join(blocks),
        title=stated.title or _heading(document) or title_and_date("\n".join(blocks[:3]))[0],
        source=company,
        published=_made(stated.created),
        author="" if stated.author == "python-docx" else stated.author,
    )


def _check(data: bytes) -> str:
    """Raise CorpusError for an archive that must not be unpacked; the company that it names."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if any(part.flag_bits & 1 for part in parts):
                raise CorpusError("is encrypted; save it without password")
            if sum(part.file_size for part in parts) > MAX_EXPANDED_BYTES or any(
                part.file_size > max(_SMALL, MAX_RATIO * part.compress_size) for part in parts
            ):
                raise CorpusError("would expand far beyond its size, as no real document does")
            company = ""
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    content = archive.read(part)
                    if _DECLARES.search(content):
                        raise CorpusError("declares XML entities, as no real document does")
                    if part.filename == "docProps/app.xml":
                        company = _company(content)
            return company
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise CorpusError(f"is no whole Word document ({error})") from error


def _company(properties: bytes) -> str:
    found = re.search(r"<Company>([^<]*)</Company>", properties.decode("utf-8", "replace"))
    if found is None:
        return ""
    from html import unescape

    return unescape(found.group(1))


def _blocks(inside: "WordDocument | _Cell", depth: int) -> Iterator[str]:
    """Paragraphs, and the rows of tables with a bar between the cells."""
    from docx.text.paragraph import Paragraph

    for item in inside.iter_inner_content():
        if isinstance(item, Paragraph):
            yield item.text
        elif depth:
            yield from _rows(item, depth)


def _rows(table: "Table", depth: int) -> Iterator[str]:
    for row in table.rows:
        seen: set[Any] = set()  # a merged cell is listed once for each column that it spans
        cells = []
        for cell in row.cells:
            if cell._tc not in seen:
                seen.add(cell._tc)
                cells.append(" ".join(" ".join(_blocks(cell, depth - 1)).split()))
        yield " | ".join(filter(None, cells))


def _heading(document: "WordDocument") -> str:
    for paragraph in document.paragraphs[:10]:
        style = paragraph.style.name if paragraph.style is not None else ""
        if paragraph.text.strip() and (style == "Title" or (style or "").startswith("Heading")):
            return paragraph.text
    return ""


def _made(created: datetime | None) -> str:
    """The day, but not that of the template which python-docx puts into files of its own."""
    day = created.date().isoformat() if created is not None else ""
    return "" if day == "2013-12-23" else day
