"""HTML: the article without what the page puts around it, by trafilatura; no network."""

import logging
import re
from contextlib import suppress
from typing import Any

from index.decode import decode
from index.errors import CorpusError
from index.readers.document import Document

MAX_MARKUP_CHARS = 5_000_000  # more is no article, and takes time
MAX_ELEMENTS = 100_000  # about fifteen seconds; a long article has some thousands
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.I
)
_INLINE_DATA = re.compile(r"data:[\w/+.-]+[^\"'()\s>]{200,}")  # pictures of a saved page
_DATES = {"extensive_search": False, "original_date": True}  # stated ones, none guessed
_XML = re.compile(r"<\?xml[^>]*>")  # its encoding no longer holds
_RULE = re.compile(r"^[|\s:-]+$")  # between a table's head and its rows


def read_html(data: bytes) -> Document:
    """The article of a page with what its meta tags and JSON-LD state.

    Raises CorpusError for more markup than an article has, and for what cannot be parsed.
    """
    from trafilatura import extract_metadata

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it says, our errors tell
    text = _INLINE_DATA.sub("", _decode(data))
    if len(text) > MAX_MARKUP_CHARS:
        raise CorpusError(
            f"has more than {MAX_MARKUP_CHARS // 1_000_000} MB of markup; save the article alone"
        )
    tree = _tree(text)
    stated = extract_metadata(tree, date_config=_DATES)
    return Document(
        text="\n\n".join(_lines(_article(tree))),
        title=_text(stated.title),
        source=_text(stated.sitename),
        published=_text(stated.date),
        author=", ".join(_text(stated.author).split("; ")),
    )


def _tree(text: str) -> Any:
    from lxml import etree, html

    parser = html.HTMLParser(remove_comments=True, remove_pis=True)
    try:
        tree = html.document_fromstring(_XML.sub("", text.lstrip(), count=1), parser)
    except (etree.LxmlError, ValueError) as error:
        raise CorpusError(f"is no HTML that can be parsed ({error})") from error
    if sum(1 for _ in tree.iter()) > MAX_ELEMENTS:
        raise CorpusError(f"has more than {MAX_ELEMENTS:,} HTML elements; save the article alone")
    if any("depth" in entry.message for entry in parser.error_log):  # the rest would be missing
        raise CorpusError("has tags that are nested too deeply; save the article alone")
    return tree


def _article(tree: Any) -> str:
    """The text of the article; of a page too short to tell it apart, all that is visible."""
    from trafilatura import bare_extraction, html2txt

    found: Any = bare_extraction(
        tree, include_comments=False, include_tables=True, date_extraction_params=_DATES
    )
    return (found.text if found is not None else "") or html2txt(tree)


def _lines(body: str) -> list[str]:
    """One paragraph, list item or table row each, without the signs that stand for them."""
    rows = []
    for line in body.split("\n"):
        row = line.strip()
        if row.startswith("|"):
            row = "" if _RULE.match(row) else " | ".join(filter(None, _cells(row)))
        if row := row.removeprefix("- ").strip():
            rows.append(row)
    return rows


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def _decode(data: bytes) -> str:
    """UTF-8 where it is that, else what the page declares, else as for other text."""
    declared = _DECLARED.search(data[:4096])
    for encoding in ("utf-8", declared.group(1).decode("ascii") if declared else ""):
        with suppress(UnicodeDecodeError, LookupError):
            data = data.decode(encoding).encode()
            break
    return decode(data)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
