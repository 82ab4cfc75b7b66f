"""Numbers and dates in a list of words as values: one word for one value, however written."""

import re
from collections.abc import Sequence
from decimal import Decimal

_ONES = str.split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
)
_UNITS = {word: Decimal(value) for value, word in enumerate(_ONES)}
_TIES = str.split("twenty thirty forty fifty sixty seventy eighty ninety")
_TENS = {word: Decimal(10 * value) for value, word in enumerate(_TIES, 2)}
_NTHS = str.split(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_ORDINALS = {word: value for value, word in enumerate(_NTHS, 1)}
_ORDINALS |= {word.removesuffix("y") + "ieth": int(value) for word, value in _TENS.items()}
_SCALES = {
    word: Decimal(1000) ** power
    for power, word in enumerate(("thousand", "million", "billion", "trillion"), 1)
}
_SUFFIXES = {"k": "thousand", "mn": "million", "bn": "billion", "tn": "trillion"}
_LIFTS = {"dozen": Decimal(12), "hundred": Decimal(100)}
_AMOUNTS = {*_SCALES, *_LIFTS}
_VAGUE = {"several", "few", "many", "couple", "of"}  # "several hundred" is no number
_PRONOUN_AFTER = {"no", "any", "every", "some", "each", "this", "that", "which"}  # "no one"
_MONTHS = str.split(
    "january february march april may june july august september october november december"
)
_SHORT = {month[:3]: month for month in _MONTHS} | {"sept": "september"}
_ALONE = {"mar", "may"}  # short for nothing when no day or year stands beside them
_AFTER_MAY = {"be", "have", "not", "also", "still", "well", "yet"}  # then it is no month
_GLUED = re.compile(r"(\d+(?:\.\d+)?)(k|mn|bn|tn|am|pm|mm|cm|m|km|kg|g|mi|ft|lb|mph|kmh)")
_DIGITS = re.compile(r"\d{1,18}(?:\.\d{1,9})?")  # longer ones are no amounts, and lose digits
_NTH = re.compile(r"(\d{1,4})(?:st|nd|rd|th)")
_YEAR = re.compile(r"[12]\d{3}")


def as_values(words: Sequence[str]) -> list[str]:
    """The words with numbers as digits and dates as day, month and year, in that order.

    "3.4 thousand", "thirty four hundred" and "3400" are all 3400; "april 4" and "4th of april"
    are 4th april. An ordinal and the day of a date are written alike, apart from a number, so
    that 4 is not found in "4 April". Less said is found in more: "april" in "april 4 2008".
    Known limits: "one" is 1 where it is no number ("one of them"); years in two halves
    ("nineteen eighty") stay two numbers; days and months in figures alone are only read in the
    order of ISO 8601 (2008-04-04).
    """
    return _dates(_numbers(_pieces(words)))


def _pieces(words: Sequence[str]) -> list[str]:
    """Units taken off their numbers ("240mm"), and "per cent" made one word."""
    found: list[str] = []
    for word in words:
        glued = _GLUED.fullmatch(word)
        if glued:
            found += [glued[1], _SUFFIXES.get(glued[2], glued[2])]
        elif word == "cent" and found[-1:] == ["per"]:
            found[-1] = "percent"
        else:
            found.append(word)
    return found


def _numbers(words: list[str]) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(words):
        before = found[-1] if found else ""
        nth, end = _ordinal(words, at)
        if nth:
            found.append(f"{nth}th")
            at = end
            continue
        value, end = _number(words, at, before)
        if value is None:
            found.append(words[at])
            at += 1
            continue
        if before in {"minus", "negative"}:
            found.pop()
            value = -value
        found.append(format(value.normalize(), "f"))
        at = end
    return found


def _ordinal(words: list[str], at: int) -> tuple[int, int]:
    """The ordinal at a place and the place behind it; 0 when there is none."""
    word = words[at]
    if written := _NTH.fullmatch(word):
        return int(written[1]), at + 1
    if word in _TENS and 1 <= _ORDINALS.get(_at(words, at + 1), 0) <= 9:
        return int(_TENS[word]) + _ORDINALS[words[at + 1]], at + 2
    return _ORDINALS.get(word, 0), at + 1


def _number(words: list[str], at: int, before: str) -> tuple[Decimal | None, int]:
    """The number at a place and the place behind it: groups with falling scales."""
    total, end, smallest = Decimal(0), at, None
    while True:
        joined = smallest is not None and _at(words, end) == "and"
        value, behind = _group(words, end + joined, before)
        if value is None and smallest is None and _at(words, end) in _SCALES:
            value = None if before in _VAGUE else Decimal(1)
        if value is None:
            break
        scale = _SCALES.get(_at(words, behind))
        if scale is not None:
            # "five million and three thousand" are two numbers, as are "two million, a billion".
            if joined or (smallest is not None and scale >= smallest):
                break
            total, end, smallest = total + value * scale, behind + 1, scale
            continue
        if smallest is None:
            return value, behind
        if value < smallest and not _DIGITS.fullmatch(words[end + joined]):
            return total + value, behind
        break
    return (None, at) if smallest is None else (total, end)


def _group(words: list[str], at: int, before: str) -> tuple[Decimal | None, int]:
    """A number without scales: figures, words up to ninety-nine, hundreds, dozens, halves."""
    value, end = _small(words, at, before)
    word = _at(words, at)
    if value is None and word == "a" and _at(words, at + 1) in _AMOUNTS:
        value, end = Decimal(1), at + 1
    if value is None and word == "half" and _at(words, at + 1) == "a":
        value, end = (Decimal("0.5"), at + 2)
        if _at(words, end) not in _AMOUNTS:
            return None, at
    if value is None and word in _LIFTS and before not in _VAGUE:
        value, end = Decimal(1), at
    if value is None:
        return None, at
    lift = _at(words, end)
    if lift in _LIFTS:
        value, end = value * _LIFTS[lift], end + 1
        start = end + (_at(words, end) == "and")
        rest, behind = _small(words, start, "")
        # "two hundred and three hundred" are two numbers, and so are "two hundred 50".
        alone = _at(words, behind) in _LIFTS or _DIGITS.fullmatch(_at(words, start))
        if lift == "hundred" and rest and not alone:
            value, end = value + rest, behind
    if words[end : end + 3] == ["and", "a", "half"]:
        value, end = value + Decimal("0.5"), end + 3
    return value, end


def _small(words: list[str], at: int, before: str) -> tuple[Decimal | None, int]:
    """Figures, or words up to ninety-nine."""
    word, after = _at(words, at), _at(words, at + 1)
    if _DIGITS.fullmatch(word) and not re.match(r"0\d", word):  # "04" is part of a date
        return Decimal(word), at + 1
    if word in _TENS:
        unit = _UNITS.get(after, Decimal(0))
        return (_TENS[word] + unit, at + 2) if 1 <= unit <= 9 else (_TENS[word], at + 1)
    if word == "one" and (before in _PRONOUN_AFTER or after == "another"):
        return None, at
    return _UNITS.get(word), at + 1


def _at(words: Sequence[str], at: int) -> str:
    return words[at] if at < len(words) else ""


def _dates(words: list[str]) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(words):
        date, end = _date(words, at)
        if date:
            found += date
        else:
            word = words[at]
            found.append(word if word in _ALONE else _SHORT.get(word, word))
            end = at + 1
        at = end
    return found


def _date(words: list[str], at: int) -> tuple[list[str], int]:
    """Day, month and year at a place, as far as given, and the place behind; else nothing."""
    first, second, third = (_at(words, at + step) for step in range(3))
    if _YEAR.fullmatch(first) and len(second) == len(third) == 2 and _day(third):
        month = int(second) if second.isdecimal() else 0
        if 1 <= month <= 12:
            return [f"{_day(third)}th", _MONTHS[month - 1], first], at + 3
    start = at + (first == "the")
    day, spoken = _day(_at(words, start)), _at(words, start).endswith("th")
    behind = start + 1 + (spoken and _at(words, start + 1) == "of")
    month_name = _month(_at(words, behind))
    verb = month_name == "may" and _at(words, behind + 1) in _AFTER_MAY
    if day and month_name and not verb:
        return _with_year([f"{day}th", month_name], words, behind + 1)
    month_name = _month(first)
    behind = at + 1 + (second == "the")
    day = _day(_at(words, behind))
    if month_name and day:
        return _with_year([f"{day}th", month_name], words, behind + 1)
    if first == "mar" and _YEAR.fullmatch(second):
        return ["march", second], at + 2
    return [], at


def _with_year(date: list[str], words: list[str], at: int) -> tuple[list[str], int]:
    year = _at(words, at)
    return ([*date, year], at + 1) if _YEAR.fullmatch(year) else (date, at)


def _day(word: str) -> int:
    """The day of a month that a word gives, 0 when it gives none."""
    figures = word.removesuffix("th")
    day = int(figures) if figures.isdecimal() and len(figures) <= 2 else 0
    return day if day <= 31 else 0


def _month(word: str) -> str:
    return word if word in _MONTHS else _SHORT.get(word, "")
