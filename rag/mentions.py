"""What a sentence says that can be checked: its numbers, its names, and whether it denies."""

import re
from difflib import SequenceMatcher

from index.lexical import words

_SHORTEST_ALIKE = 4  # letters; shorter names have to be the same
_ALIKE = 0.8  # share of letters that two spellings of one name have in common
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"\b[A-ZÀ-Þ][\w’'-]+")
_LOOSE_NAMES = frozenset(
    words(
        "US USA UK American Americans America United States Britain British according"
        " Mr Mrs Ms Dr Sir President Prime Minister Ambassador Secretary Senator Spokesman General"
        " Gen Major Maj Brigadier Brig Colonel Col Admiral Adm Rear Captain Lieutenant Sergeant"
        " Ayatollah Grand Sheikh Deputy"
    )
)
_DENIES = re.compile(
    r"\b(?:not(?! only)|never|nobody|none|nothing|neither|nor|cannot|without)\b"
    r"|\bno\b(?!\.?\s*\d)|n['’]t\b",  # "No. 1" denies nothing
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:no|not|never|nobody|none|nothing|nowhere|neither|nor|cannot|without|hardly|barely"
    r"|scarcely|rarely|seldom|unlike|except|fail\w*|lack\w*|refus\w+|den(?:y|ies|ied|ial|ying)"
    r"|reject\w*|prevent\w*|prohibit\w*|forb(?:id|ad)\w*|avoid\w*|absen[ct]\w*|in(?:ability|capable"
    r"|sufficient\w*)|dis(?:agree|approv|allow|put)\w*"
    r"|un(?!der|til|ite|ion|ivers|its?\b|iqu|iform)\w{3,})\b|n['’]t\b",
    re.IGNORECASE,
)
_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SPELLED_NUMBER = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?:[ -]({'|'.join(_UNITS[1:10])}))?|({'|'.join(_UNITS)}))\b"
)


def numbers(text: str) -> set[str]:
    """The numbers of `text`, written as digits or spelled up to ninety-nine, as digits."""
    digits = {found.replace(",", "").rstrip(".") for found in _NUMBER.findall(text)}
    spelled = set()
    for found in _SPELLED_NUMBER.finditer(text.lower()):
        tens, unit, alone = found.groups()
        value = _UNITS.index(alone) if alone else 0
        if tens:
            value = 10 * (_TENS.index(tens) + 2) + (_UNITS.index(unit) if unit else 0)
        spelled.add(str(value))
    return {number.lstrip("0") or "0" for number in digits} | spelled


def names(text: str) -> set[str]:
    """Stems of the capitalised words but for a sentence's first and for ranks and nationalities.

    Ranks are shortened or left out freely, and "US" may be read as "American".
    """
    found = {stem for name in _NAME.finditer(text) if name.start() for stem in words(name.group())}
    return found - _LOOSE_NAMES


def first_word(text: str) -> list[str]:
    """The stem of a claim's first word, which is capitalised whether it is a name or not."""
    first = _NAME.match(text)
    return [stem for stem in words(first.group()) if stem not in _LOOSE_NAMES] if first else []


def stands_in(stem: str, held: set[str]) -> bool:
    """Whether `held` has the stem, one that begins alike (Iran, Iranian) or is spelled alike.

    Names from other alphabets are spelled in many ways: Moqtada and Muqtada are one.
    """
    if stem in held:
        return True
    return any(
        min(len(stem), len(other)) >= _SHORTEST_ALIKE
        and (stem.startswith(other) or other.startswith(stem) or _alike(stem, other))
        for other in held
    )


def denies(text: str) -> bool:
    """Whether `text` says "not", or what is as plain."""
    return bool(_DENIES.search(text))


def what_is_denied(text: str) -> list[str]:
    """The stem of the first word that follows each "not" of `text`, or what is as plain."""
    behind = (words(text[found.end() :]) for found in _DENIES.finditer(text))
    return [stems[0] for stems in behind if stems]


def denied(text: str) -> bool:
    """Whether anything in `text` may be what a denial rests on: "fails to", "unknown"."""
    return bool(_DENIED.search(text))


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE
