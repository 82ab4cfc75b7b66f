"""What a question takes for granted, held to the place that is to answer it.

"What does the treaty not protect?" has no answer where the text says what it protects, and "who
owned the island in the 14th century?" none where it speaks of the 15th alone. A small model reads
over such words, and so does a judge that is one.
"""

import re
from collections.abc import Iterable

from index.lexical import words
from rag.answer_type import answer_type
from rag.mentions import denied, denies, what_is_denied
from rag.types import Article

DOUBT = 3.0  # of the judge's margins: they count that much less where nothing is denied,
CONTRARY = 6.0  # and that much where it says what the question says is not so
_ONES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
_TEENS = [
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
_SPELLED = {word: number for number, word in enumerate(_ONES + _TEENS, start=1)} | {
    f"twenty-{word}": 20 + number for number, word in enumerate(_ONES, start=1)
}
_ORDINAL = re.compile(
    rf"\b(?:(\d{{1,3}})(?:st|nd|rd|th)|({'|'.join(sorted(_SPELLED, key=len, reverse=True))}))\b"
    r"([\s-]+centur(?:y|ies))?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![\d.,])(1\d{3}|20\d\d)(?:\s?[-–/]\s?(\d\d))?(?![\ds]|[.,]\d)")


def undated(question: str, articles: Iterable[Article]) -> set[str]:
    """The years and ordinals of `question` that none of `articles` knows, nor its day."""
    wanted = _dates(question)
    for article in articles if wanted else ():
        known = _dates(f"{article.title}\n{article.published}\n{article.text}")
        years = {int(date) for date in known if date.isdigit()}
        wanted = {date for date in wanted if date not in known and not _spans(date, years)}
    return wanted


def doubt(question: str, text: str) -> float:
    """What the judge's margins count less, as `question` denies something and `text` nothing.

    `text` is what an answer rests on. In other words ("surprised" for "had not expected") it may
    answer all the same, so that this is no refusal.
    """
    if answer_type(question) == "yes_no" or not denies(question) or denied(text):
        return 0.0
    contrary = set(what_is_denied(question)) & set(words(text))
    return CONTRARY if contrary else DOUBT


def _dates(text: str) -> set[str]:
    """Its years, "14th" and "14th century", whether in digits or in words."""
    found = set()
    for year in _YEAR.finditer(text):
        found.add(year[1])
        if year[2]:  # 2016-17
            found.add(year[1][:2] + year[2])
    for digits, spelled, century in _ORDINAL.findall(text):
        number = int(digits) if digits else _SPELLED[spelled.lower()]
        if number > 2 or digits or century:  # "the first" and "second" are seldom meant so
            found.add(f"{number}th" + (" century" if century else ""))
    return found


def _spans(date: str, years: set[int]) -> bool:
    """Whether one of `years` lies in the century that is meant by `date`, if one is."""
    number, _, century = date.partition("th")
    return bool(century) and any((year - 1) // 100 + 1 == int(number) for year in years)
