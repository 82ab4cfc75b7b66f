"""Pure text normalisation, done before any offset exists.

What comes out is `Article.text`; every later offset points into it and nothing alters it again.
"""

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_NEWLINE = re.compile(r" ?\n ?")
_BLANK_LINES = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """Normalise `text` to NFC with plain spaces, Unix newlines and no invisible characters.

    Zero-width and direction-changing characters go because they let a quote look different from
    what it says. Paragraph breaks (a blank line) are kept, runs of blank lines become one.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    text = text.replace("\u2029", "\n\n").replace("\x85", "\n")
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))  # what it hid may now join
    text = _CONTROL.sub(" ", text)
    text = _AROUND_NEWLINE.sub("\n", _SPACES.sub(" ", text))
    return _BLANK_LINES.sub("\n\n", text).strip()


def clean_line(text: str) -> str:
    """`clean` for a title or a name: one line."""
    return " ".join(clean(text).split())


def storable(text: str) -> str:
    """`text` with U+FFFD for each lone surrogate, which UTF-8 cannot hold.

    A file name that is not UTF-8 has them, and so may an escape in a YAML header.
    """
    return _SURROGATE.sub("\ufffd", text)
