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
_COUNT = r"(?<![\w.,-])(?<!dred and )(?<!sand and )(?P<count>[a-z]{1,9}(?:-[a-z]{3,5})?|\d{1,3})"
# "last year" counts from the day of the article, "the following year" from the year told before.
_FROM_NOW = re.compile(
    r"(?<!\bthe\s)(?<!\bhis\s)(?<!\bher\s)(?<!\bits\s)(?<!\btheir\s)"
    r"\b(?P<word>last|next)\s+year\b(?!\s+of\b)"
    rf"|{_COUNT}\s+years?\s+(?P<way>ago|from now)\b",
    re.IGNORECASE,
)
_FROM_THEN = re.compile(
    r"\bthe\s+(?P<word>previous|preceding|following|next)\s+year\b"
    rf"|(?:\bthe\s+year|{_COUNT}\s+years?)\s+(?P<way>earlier|before|later|after)\b",
    re.IGNORECASE,
)
_BACK = frozenset(["last", "previous", "preceding", "ago", "earlier", "before"])
_NEAR = 400  # characters before "the following year" in which the year stands


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
        told = _told_by_others(article)
        if told is None:
            years = set()
        known |= told or set()
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


def _told_by_others(article: Article) -> set[str] | None:
    """The years that an article tells by way of others.

    None where it counts from its own day and does not state that: it may be any year.
    """
    found = set()
    written = _LONG_NUMBER.search(article.published)
    for match in _FROM_NOW.finditer(article.text):
        if shift := _shift(match):
            if written is None:
                return None
            found.add(str(int(written[0]) + shift))
    for match in _FROM_THEN.finditer(article.text):
        start = match.start()
        before = _YEAR.findall(article.text, max(0, start - _NEAR), start)
        if before and (shift := _shift(match)):
            found.add(str(int(before[-1]) + shift))
    return found


def _shift(match: re.Match[str]) -> int:
    """By how many years it leads away; 0 where its count is none."""
    way, count = match["word"] or match["way"], match["count"]
    one = count is None or count.lower() == "a"
    years = 1 if one else int(next(iter(numbers(count)), "0"))
    return -years if way.lower() in _BACK else years


def _tells_of(century: int, text: str, known: set[str]) -> bool:
    """Whether `text`, whose years are `known`, names that century or a year of it."""
    names = "|".join([rf"{century}(?:st|nd|rd|th)", *_ORDINALS[century - 1 : century]])
    years = {int(year.rstrip("s")) for year in known if year.rstrip("s").isdigit()}
    return any((year - 1) // 100 + 1 == century for year in years) or bool(
        re.search(rf"\b(?:{names})\b", text, re.IGNORECASE)
    )
