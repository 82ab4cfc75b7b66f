"""What a reader gets out of a file, and the small questions that several readers ask of it."""

import re
from dataclasses import dataclass
from datetime import datetime

_DATE = re.compile(
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}, \d{4}", re.IGNORECASE
)
_TITLE_LINE_CHARS = 150  # a longer line is a paragraph


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it was read, before cleaning.

    `pages` are the texts of a paged document, `text` is that of one without pages.
    """

    text: str = ""
    title: str = ""
    source: str = ""
    published: str = ""
    author: str = ""
    pages: tuple[str, ...] = ()


def title_and_date(text: str) -> tuple[str, str]:
    """The title and the ISO date that plain text begins with; empty where there is none.

    The title is the first short line that is not a sentence or a date line.
    """
    published = ""
    for line in text.strip().splitlines()[:8]:
        stripped = line.strip()
        if found := _DATE.match(stripped):
            published = published or iso_date(found.group())
        elif stripped and len(stripped) <= _TITLE_LINE_CHARS and stripped[-1] not in ".!?:;,":
            return stripped, published
    return "", published


def iso_date(text: str) -> str:
    """A date written as "April 7, 2008" in ISO form; anything else as it stands."""
    for form in ("%B %d, %Y", "%b %d, %Y", "%b. %d, %Y"):
        try:
            return datetime.strptime(text, form).date().isoformat()
        except ValueError:
            continue
    return text
