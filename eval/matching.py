"""Does a text state a fact? Spellings, numbers and dates made alike, then whole words compared."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from eval.values import as_values

_HEDGES = {"about", "around", "approximately", "approx", "roughly", "circa", "ca", "some"}
_POSSESSIVE = re.compile(r"['’ʼ‘`]s\b")
_APOSTROPHE = re.compile(r"['’ʼ‘`]")
_ABBREVIATION = re.compile(r"\b[^\W\d_](?:\.[^\W\d_])+\b\.?")
_GROUPED_DIGITS = re.compile(r"\b\d{1,3}(?:[,\u00a0\u2009\u202f]\d{3})+\b")
_HALVES = re.compile(r"(?<=\d)[¼½¾]")
_MINUS = re.compile(r"(?<![\w)\].,%])[-−](?=\d)")
_WORD = re.compile(r"[^\W_]+(?:(?<=\d)\.(?=\d)[^\W_]+)*")


def normalise(text: str) -> str:
    """Lower-case words with one space between them, so that spellings of one thing meet.

    Accents go (Unicode NFKD, UAX #15), as do apostrophes with a possessive s ("Crocker's" is
    "crocker"), the points of abbreviations ("U.S." is "us") and the separators of thousands
    ("3,400" is "3400"); the signs - and % become words. Other punctuation and hyphens become
    spaces, except a decimal point. After the answer normalisation of SQuAD (Rajpurkar et al.
    2016), which keeps accents and drops articles. Known limit: the pronoun "us" and the country
    meet as well.
    """
    # Before NFKD, which would make a plain space of the thin space in "3 400".
    text = _GROUPED_DIGITS.sub(lambda match: re.sub(r"\D", "", match[0]), text.lower())
    text = _HALVES.sub(lambda match: str(unicodedata.numeric(match[0]))[1:], text)
    text = _MINUS.sub(" minus ", text).replace("%", " percent ")
    text = unicodedata.normalize("NFKD", text)
    text = "".join(char for char in text if not unicodedata.combining(char)).lower()
    text = _APOSTROPHE.sub("", _POSSESSIVE.sub("", text))
    text = _ABBREVIATION.sub(lambda match: match[0].replace(".", "") + " ", text)
    return " ".join(_WORD.findall(text))


def contains(text: str, wording: str) -> bool:
    """Whether the text holds the wording as whole words, numbers and dates as values.

    "3,400" is in "about 3.4 thousand men" and "Apr. 4" in "on 4 April 2008". A wording without
    letters or digits is held by nothing.
    """
    return _is_in(_forms(wording), _forms(text))


def equals(text: str, wording: str) -> bool:
    """Whether the text is the wording and nothing else, compared as `contains` compares."""
    pairs = zip(_forms(wording), _forms(text), strict=True)
    return any(wanted.strip() and wanted == found for wanted, found in pairs)


def holds(text: str, expected: Iterable[Iterable[str]]) -> tuple[bool, ...]:
    """For each expected fact, whether the text holds any of its wordings."""
    return held_by((text,), expected)


def held_by(texts: Sequence[str], expected: Iterable[Iterable[str]]) -> tuple[bool, ...]:
    """For each expected fact, whether any one of the texts holds any of its wordings.

    The texts are not joined: a wording across the end of one and the start of the next is in
    neither.
    """
    forms = [_forms(text) for text in texts]
    return tuple(
        any(_is_in(_forms(wording), form) for wording in wordings for form in forms)
        for wordings in expected
    )


def _is_in(wording: tuple[str, str], text: tuple[str, str]) -> bool:
    pairs = zip(wording, text, strict=True)
    return any(bool(wanted.strip()) and wanted in found for wanted, found in pairs)


@lru_cache(maxsize=4096)
def _forms(text: str) -> tuple[str, str]:
    """The words of a text as values, spaces around, and the same without "about" and its like.

    Both are kept: "about 3,400" is 3400, but in "talked about 3 demands" the word counts.
    """
    words = as_values(normalise(text).split())
    bare = [
        word
        for word, after in zip(words, [*words[1:], ""], strict=False)
        if not (word in _HEDGES and after[:1].isdecimal())
    ]
    return f" {' '.join(words)} ", f" {' '.join(bare)} "
