"""Bytes -> text: which encoding a file is in, and text that was once decoded wrongly."""

import re

from index.errors import CorpusError

_CONTROL_SHARE = 0.02  # of the characters; more are no text
_FOREIGN_SHARE = 0.4  # of the letters; western languages stay well below
_UNLIKELY = re.compile("[\u00a1-\u00bf\u00d7\u00f7\u0192\u02c6\u02dc\u2020-\u2022\u2030]")
# two or three characters that UTF-8 leaves when it is read as Windows-1252
_MOJIBAKE = re.compile(
    "[\u00c2\u00c3\u00c5\u00d0\u00d1\u00e2]"
    "[\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d"
    "\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]"
)


def decode(data: bytes) -> str:
    """UTF-8 (or UTF-16 with its mark), then Windows-1252, then what charset-normalizer finds.

    Raises CorpusError for binary data.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    elif data.startswith(b"%PDF-"):
        raise CorpusError("is a PDF by another name; let its name end in .pdf")
    elif b"\x00" in data:
        raise CorpusError("is binary, not text")
    else:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = _western(data) or _detected(data) or data.decode("cp1252", errors="replace")
    unreadable = sum(not (c.isprintable() or c.isspace()) or c == "\ufffd" for c in text)
    if unreadable > len(text) * _CONTROL_SHARE:
        raise CorpusError("is binary or in an encoding that is not known; save it as UTF-8")
    return text


def mend(text: str) -> str:
    """`text` with "â€™" and the like turned back into what they were; other text untouched.

    Line by line, as a page may hold right and wrong ones.
    """
    if not _MOJIBAKE.search(text):
        return text
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    return "\n".join(
        fix_encoding(line) if _MOJIBAKE.search(line) and is_bad(line) else line
        for line in text.split("\n")
    )


def _western(data: bytes) -> str:
    """`data` as Windows-1252; empty where that gives no text of a western language."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    letters = sum(map(str.isalpha, text))
    foreign = sum(c.isalpha() and not c.isascii() for c in text)
    odd = len(_UNLIKELY.findall(text))
    return "" if foreign + odd > letters * _FOREIGN_SHARE else text


def _detected(data: bytes) -> str:
    """`data` in the encoding that charset-normalizer finds likeliest; empty for none."""
    from charset_normalizer import from_bytes

    found = from_bytes(data[:200_000]).best()
    if found is None:
        return ""
    try:
        return data.decode(found.encoding)
    except (UnicodeDecodeError, LookupError):
        return ""
