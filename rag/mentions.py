"""What a sentence says that can be checked: its numbers, its names, and whether it denies."""

import re
from collections.abc import Set
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
# In a claim: what says "not" plainly, or that somebody does. A "no" may be an answer's first word,
# or stand for a number.
_DENIES = re.compile(
    r"\bnot\b(?! (?:only|just|merely|simply)\b)|\b(?:never|nobody|cannot|neither)\b|n['’]t\b"
    r"|\bden(?:y|ies|ied|ying)\b",
    re.IGNORECASE,
)
# In a quote: all that such a claim may rest on.
_DENIED = re.compile(
    r"\b(?:no|not|never|nobody|none|nothing|nowhere|neither|nor|cannot|without|hardly|barely"
    r"|scarcely|rarely|seldom|unlike|except|instead|rather|few|little|fail\w*|lack\w*|refus\w+"
    r"|declin\w+|den(?:y|ies|ied|ial|ying)|reject\w*|prevent\w*|prohibit\w*|forb(?:id|ad)\w*"
    r"|ban(?:s|ned|ning)?|boycott\w*|oppos\w*|avoid\w*|abstain\w*|absen[ct]\w*|stop\w*|halt\w*"
    r"|cancel\w*|withdr[ae]w\w*|false\w*|contradict\w*"
    r"|missing|miss(?:ed|es)?|rul(?:e|es|ed|ing) out|non-\w+"
    r"|un(?:abl|know|will|lik|clear|certain|sur|paid|awar|chang|finish|success|necess|expect|avail"
    r"|accept|harm|answer|solv|tru|fair|safe|settl|decid|convinc|intend|confirm|verif|prov|law)\w*"
    r"|im(?:possib|mun|prob)\w*|in(?:abil|capab|suffic|adequa|visib|comple|accura|effect)\w*"
    r"|il(?:legal|licit)\w*|dis(?:agree|approv|allow|put|miss|continu|band|solv|appear|courag)\w*"
    r")\b|n['’]t\b",
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


def stands_in(stem: str, held: Set[str]) -> bool:
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
    """Whether `text` plainly says that something is not so."""
    return bool(_DENIES.search(text))


def may_deny(text: str) -> bool:
    """Whether anything in `text` may be what a denial rests on: "declined to", "impossible".

    Generous: what it takes for a denial by mistake refuses nothing.
    """
    return bool(_DENIED.search(text))


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE
