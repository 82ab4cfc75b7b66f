"""What a question takes for granted, held to the articles in which anything was found.

"Who won in 1998?" has no answer where nothing speaks of that year, and "who owned the island in the
14th century?" none where the 15th is all that is told of. A small model reads over such words, and
so does a judge that is one.
"""

import re
from collections.abc import Iterable

from rag.mentions import numbers
from rag.types import Article

_ORDINALS = [
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"),
    *("seventeenth", "eighteenth", "nineteenth", "twentieth", "twenty-first"),
]
_CENTURY = re.compile(
    rf"\b(?:(\d\d?)(?:st|nd|rd|th)|({'|'.join(reversed(_ORDINALS))}))[\s-]+century\b",
    re.IGNORECASE,
)
# Not "1990s" nor money. What is no year may stand in the article as a number.
_YEAR = re.compile(r"(?<![\d.,$€£])(?:1[5-9]|20)\d\d(?!['’]?s\b|\d|[.,]\d|\s?[-–/]\s?\d)")
_SPAN = re.compile(r"\b(\d\d)(\d\d)\s?[-–/]\s?(\d\d)\b(?!\s?[-–/]\s?\d)")  # 2016-17, no 2008-04-07
_DECADE = re.compile(r"\b(\d{3})0['’]?s\b")
_LONG_NUMBER = re.compile(r"(?<!\d)\d{3,4}(?!\d)")
# "last year" counts from the day of the article, "the following year" from any year it names.
_FROM_NOW = re.compile(
    r"\b(?:(last|past)|next|coming) year\b|\b([\w-]+) years? (?:(ago)|from now)\b", re.IGNORECASE
)
_FROM_THEN = re.compile(
    r"\b(?:(previous|preceding)|following|next) year\b"
    r"|\b([\w-]+) years? (?:(earlier|before|previously)|later|after)\b",
    re.IGNORECASE,
)


def undated(question: str, articles: Iterable[Article]) -> set[str]:
    """The years and centuries of `question` of which none of `articles` knows anything."""
    years = set(_YEAR.findall(question))
    centuries = {
        int(found[1] or _ORDINALS.index(found[2].lower()) + 1): found[0]
        for found in _CENTURY.finditer(question)
    }
    for article in articles:
        if not years and not centuries:
            break
        text = f"{article.title}\n{article.published}\n{article.text}"
        known = _years(text)
        from_now, written = _shifts(_FROM_NOW, article.text), _years(article.published)
        if from_now and not written:
            years = set()  # whichever year its "last year" is
        known |= _shifted(written, from_now)
        known |= _shifted(known, _shifts(_FROM_THEN, article.text))
        years = {year for year in years if year not in known and f"{year[:3]}0s" not in known}
        centuries = {
            number: name for number, name in centuries.items() if not _tells_of(number, text, known)
        }
    return years | set(centuries.values())


def _years(text: str) -> set[str]:
    """All that may be a year in `text`, and its decades ("1990s")."""
    found = set(_LONG_NUMBER.findall(text.replace(",", "")))
    for century, first, last in _SPAN.findall(text):
        if last > first:
            found.add(century + last)
    return found | {f"{decade}0s" for decade in _DECADE.findall(text)}


def _shifts(pattern: re.Pattern[str], text: str) -> set[int]:
    """By how many years a text's relative words, which `pattern` finds, lead away from a year."""
    found = set()
    for back, count, back_again in pattern.findall(text):
        years = {"1"} if count.lower() in ("", "a") else numbers(count)
        found |= {int(number) * (-1 if back or back_again else 1) for number in years}
    return found


def _shifted(years: set[str], shifts: set[int]) -> set[str]:
    return {str(int(year) + shift) for year in years if year.isdigit() for shift in shifts}


def _tells_of(century: int, text: str, known: set[str]) -> bool:
    """Whether `text`, whose years are `known`, names that century or a year of it."""
    names = "|".join([rf"{century}(?:st|nd|rd|th)", *_ORDINALS[century - 1 : century]])
    years = {int(year.rstrip("s")) for year in known if year.rstrip("s").isdigit()}
    return any((year - 1) // 100 + 1 == century for year in years) or bool(
        re.search(rf"\b(?:{names})\b", text, re.IGNORECASE)
    )
