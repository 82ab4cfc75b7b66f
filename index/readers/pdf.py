"""PDF, by pypdfium2: one text a page, its lines put together to paragraphs again."""

import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from index.errors import CorpusError
from index.readers.document import Document, title_and_date

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfTextPage

_PDFIUM = threading.Lock()  # the library serves one thread at a time
_PASSWORD, _SECURITY = 4, 5  # FPDF_ERR_* of fpdfview.h
_HYPHEN = "\ufffe"  # what PDFium leaves of a hyphen at a line's end
_ENDS = ".!?:”\"'’)…"
_BULLETS = "•‣▪◦●–"
_DAY = re.compile(r"D:(\d{4})(\d\d)(\d\d)")
_NO_TITLE = re.compile(r"^(?:untitled.*|microsoft word - .*|.*\.\w{2,4})$", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"^\W*(?:page\s+)?\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?\W*$", re.IGNORECASE)
_EDGE = 2  # lines at the head and the foot of a page that may be furniture


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page; places and sizes in points, from the lower left corner.

    PDFium joins the halves of a word that a line's end cuts, so that `ends` may be lines below.
    """

    text: str
    left: float
    begins: float
    ends: float
    size: float


def read_pdf(data: bytes) -> Document:
    """The pages of a PDF; the information dictionary states title, author and date.

    Raises CorpusError for one that is encrypted, broken, or holds pictures of text only.
    """
    import pypdfium2

    with _PDFIUM:
        try:
            pdf = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            if error.err_code in (_PASSWORD, _SECURITY):
                raise CorpusError("is encrypted; save it without password") from error
            raise CorpusError("is no whole PDF; it is broken or was cut short") from error
        with pdf:
            stated = pdf.get_metadata_dict()
            source = pdf.get_metadata_value("Publisher")
            pages = [_lines(pdf, number) for number in range(len(pdf))]
    kept = _without_edges(pages)
    if not any(line.text.strip() for lines in kept for line in lines):
        raise CorpusError("holds no text, only pictures of it; run text recognition (OCR) first")
    words = Counter(re.findall(r"[\w-]+", " ".join(x.text for lines in kept for x in lines)))
    texts = tuple(_dehyphenated(_paragraphs(lines), words) for lines in kept)
    title = stated.get("Title", "").strip()
    if not title or _NO_TITLE.match(title):
        title = title_and_date(next(filter(None, texts)))[0]
    return Document(
        pages=texts,
        title=title,
        source=source,
        published=_day(stated.get("CreationDate", "")),
        author=stated.get("Author", ""),
    )


def _lines(pdf: "PdfDocument", number: int) -> list[_Line]:
    page = pdf[number]
    try:
        text = page.get_textpage()
        try:
            return _placed(text)
        finally:
            text.close()
    finally:
        page.close()


def _placed(page: "PdfTextPage") -> list[_Line]:
    lines = []
    at, count = 0, page.count_chars()
    for text in page.get_text_range().split("\n"):
        if text.strip() and at < count:
            left, bottom, _, top = page.get_charbox(at, loose=True)
            last = min(at + len(text.rstrip()), count) - 1
            ends = page.get_charbox(last, loose=True)[1]
            lines.append(_Line(text.strip(), left, bottom, ends, top - bottom))
        at += len(text) + 1
    return lines


def _without_edges(pages: Sequence[list[_Line]]) -> list[list[_Line]]:
    """The pages without the running heads and page numbers at their edges.

    A line is one when it comes back, digits apart, at the edge of three pages at least and of one
    in twenty, or when it is a number alone and two pages have one.
    """

    def edges(lines: Sequence[_Line]) -> list[int]:
        rows = range(len(lines))
        return sorted({*rows[:_EDGE], *rows[-_EDGE:]})

    def mask(line: _Line) -> str:
        return "#" if _PAGE_NUMBER.match(line.text) else re.sub(r"\d+", "#", line.text.lower())

    seen = Counter(form for lines in pages for form in {mask(lines[row]) for row in edges(lines)})
    often = max(3, len(pages) / 20)
    running = {form for form, count in seen.items() if count >= (2 if form == "#" else often)}
    return [
        [
            line
            for row, line in enumerate(lines)
            if row not in edges(lines) or mask(line) not in running
        ]
        for lines in pages
    ]


def _paragraphs(lines: Sequence[_Line]) -> str:
    """The lines as paragraphs; a line that plainly goes on with a sentence begins none."""
    if not lines:
        return ""
    steps = [round(a.ends - b.begins, 1) for a, b in pairwise(lines)]
    usual = _usual([step for step in steps if step > 0], lines[0].size)
    width = sorted(len(line.text) for line in lines)[len(lines) * 9 // 10]
    text = lines[0].text
    for (before, line), step in zip(pairwise(lines), steps, strict=True):
        goes_on = before.text[-1] not in _ENDS and line.text[0].islower()
        apart = not goes_on and _begins(before, line, step / usual, len(before.text) / width)
        text += ("\n\n" if apart else "" if text.endswith(_HYPHEN) else " ") + line.text
    return text


def _usual(steps: Sequence[float], size: float) -> float:
    """The distance between two lines of a paragraph: the commonest one, or the least of those.

    Of a few lines none is common; then it is at most what the size of the type suggests.
    """
    counts = Counter(steps)
    least = min((step for step in counts if counts[step] == max(counts.values())), default=size)
    return max(least if len(steps) > 3 else min(least, 1.3 * size), 1.0)


def _begins(before: _Line, line: _Line, step: float, filled: float) -> bool:
    """Whether `line` begins a paragraph: below a gap, at an indent, in another size, with a
    bullet, or behind a line that is less `filled` than others are.

    `step` is its distance from the line before, as a multiple of the usual one.
    """
    ended = before.text[-1] in _ENDS
    return (
        step > 1.35
        or abs(line.size - before.size) > 0.15 * max(line.size, before.size)
        or (ended and step > 0 and 0.8 * line.size < line.left - before.left < 6 * line.size)
        or filled < (0.75 if ended else 0.5)
        or line.text[0] in _BULLETS
    )


def _dehyphenated(text: str, words: Counter[str]) -> str:
    """`text` with words put together that a line's end had cut.

    The hyphen stays before a capital, and where the document writes the word with one.
    """

    def joined(found: re.Match[str]) -> str:
        left, right = found.group(1), found.group(2)
        keep = not right[0].islower() or words[f"{left}-{right}"] > words[left + right]
        return f"{left}-{right}" if keep else left + right

    return re.sub(rf"(\w+){_HYPHEN}\s*(\w+)", joined, text).replace(_HYPHEN, "-")


def _day(stated: str) -> str:
    found = _DAY.match(stated)
    try:
        return date(*map(int, found.groups())).isoformat() if found else ""
    except ValueError:
        return ""
