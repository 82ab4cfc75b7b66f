"""Do two answers to one question contradict each other?

Only for questions that have one answer: how many, when, who, where, which, what name, yes or no.
Two answers contradict each other when what each brings besides the question's own words (numbers
to "how many", dates to "when", names to the others, or the few words of an answer without names)
has nothing in common, or, to a question for yes or no, when one denies and the other does not.
What somebody said, and why something happened, has as many answers as people ask.
"""

import re
from collections.abc import Set
from typing import NamedTuple

from index.lexical import words
from rag.answer_type import answer_type
from rag.mentions import first_word, names, numbers, stands_in

_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”")  # a title's words ask for nothing
_PREPOSITION = r"(?:(?:in|at|to|from|on|of|by|for) )?"
_ONE = re.compile(rf"^{_PREPOSITION}(?:who|whom|whose|where|which|what)\b", re.I)
_VOICES = re.compile(
    r"\b(?:sa(?:y|ys|id)|te(?:ll|lls)|told|call(?:s|ed)?|describ\w+|argu\w+|claim\w*|thinks?|thought"
    r"|believ\w+|accus\w+|warn\w*|according|opinion|view|deni\w+|deny|reason|caus\w+"
    r"|mean(?:s|t)?|happen\w*|purpose|differ\w*|compar\w+)\b"
    # "What sport did he play?" has one answer; what he did, and whom he met, may have many
    rf"|^{_PREPOSITION}(?:who|whom|whose|where|what|which) (?:did|do|does)\b",
    re.I,
)
_VERB = r"(?:is|was|has|does|did|had|his|its|this)\b"
_SEVERAL = re.compile(
    rf"\b(?:which|what|who) (?:are|were|have)\b"
    rf"|\b(?:which|what) (?:(?!{_VERB})\w+ )?(?!{_VERB})\w+[^s\W]s\b",
    re.I,
)
_DENIAL = re.compile(
    r"\b(?:not|no|never|neither|nor|none|without|den(?:y|ies|ied|ying|ial)|disput\w+|reject\w*"
    r"|false|untrue|contradict\w*)\b|n['’]t\b",
    re.I,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_YEAR = re.compile(r"(?<![\d.,])(?:1\d{3}|20\d\d)(?!\d|[.,]\d)")
_DATE = re.compile(
    rf"\b(?:(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?)?{_MONTH}(?: (\d{{1,2}})(?:st|nd|rd|th)?)?"
    rf",? ({_YEAR.pattern})",
    re.I,
)
_CALENDAR = frozenset(
    words(
        "January February March April May June July August September October November December"
        " Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec"
        " Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
    )
)
# "a Canadian architect": of what country somebody is says little of what he is
_COUNTRY = (
    r"(?:[A-Z][a-z]+(?:ian|ean|can|ish|ese)|French|Dutch|German|Greek|Czech|Swiss|Welsh|Thai"
    r"|Iraqi|Israeli|Pakistani|Saudi|Kuwaiti|Afghan|Arab)"
)
_OF_A_COUNTRY = re.compile(rf"\b{_COUNTRY}(?:[- ]{_COUNTRY})?(?=(?:[- ]born|[- ]language)? [a-z])")
_BRIEF = 4  # new words at most, of an answer that has neither name nor number


Dates = Set[tuple[str, str, str]]


class _Brought(NamedTuple):
    """What an answer holds that its question does not; in each, stems or figures."""

    names: Set[str]
    figures: Set[str]
    years: Set[str]
    words: Set[str]  # of an answer that has few
    countries: Set[str]  # as in "a Canadian architect"


def has_one_answer(question: str) -> bool:
    """Whether two different answers to `question` cannot both be right."""
    question = _QUOTED.sub("it", question)
    wanted = answer_type(question)
    if wanted == "yes_no":  # whoever affirms a denial denies, and the words do not show it
        return not _denies(question)
    if wanted != "other":
        return True
    return bool(
        _ONE.match(question) and not _VOICES.search(question) and not _SEVERAL.search(question)
    )


def contradict(question: str, one: str, other: str) -> bool:
    """Whether `one` and `other`, answers to `question`, cannot both be right."""
    if not has_one_answer(question):
        return False
    wanted = answer_type(question)
    if wanted == "yes_no":
        return _denies(one) != _denies(other)
    a, b = _brought(question, one), _brought(question, other)
    if wanted == "number":
        return _apart(a.figures or a.years, b.figures or b.years)
    if wanted == "date":
        return _days_apart(a, b, _dates(one), _dates(other))
    if a.names and b.names:
        return not _meet(a.names, other) and not _meet(b.names, one)
    # the one may describe whom the other names
    return not (a.names or b.names) and _unnamed_apart(a, b)


def may_contradict(question: str, answer: str, text: str) -> bool:
    """Whether `text` could answer `question` otherwise; cheap, and often true."""
    if not has_one_answer(question):
        return False
    wanted = answer_type(question)
    if wanted == "yes_no":
        # a text that denies one thing may affirm what was asked
        return _denies(answer) or _denies(text)
    said, held = _brought(question, answer), _brought(question, text)
    if wanted == "date":
        stated, there = _dates(answer), _dates(text)
        if stated and there:
            return not stated & there
    figures, years = (said.figures, held.figures), (said.years, held.years)
    if wanted == "number":
        kinds = [figures, years]
    elif wanted == "date":
        kinds = [years, figures]
    elif said.names:
        kinds = [(said.names, held.names)]
    else:
        kinds = [figures, years, (said.words, {text})]
    brought, candidates = next((kind for kind in kinds if kind[0]), (set(), set()))
    if brought and candidates and not _meet(brought, text):
        return True
    return not (said.names or said.figures or said.years) and _apart(said.countries, held.countries)


def _dates(text: str) -> Dates:
    """Days of the calendar in `text` as (year, month, day); the day is "" of a month."""
    return {
        (year, month.lower()[:3], before or after)
        for before, month, after, year in _DATE.findall(text)
    }


def _days_apart(a: _Brought, b: _Brought, first: Dates, second: Dates) -> bool:
    """Whether two answers to "when" have no day, or no month or year, in common."""
    if first and second:
        return not any(_one_day(each, another) for each in first for another in second)
    if a.years and b.years:
        return _apart(a.years, b.years)
    return not (a.years or b.years) and _apart(a.figures, b.figures)


def _one_day(one: tuple[str, str, str], other: tuple[str, str, str]) -> bool:
    """Whether two dates may be one: the day of either may be missing."""
    return one[:2] == other[:2] and (one[2] == other[2] or not (one[2] and other[2]))


def _unnamed_apart(a: _Brought, b: _Brought) -> bool:
    """Whether two answers without names differ in what they have: figures, years or words."""
    if a.figures or b.figures:
        return _apart(a.figures, b.figures)
    if a.years or b.years:
        return _apart(a.years, b.years)
    if a.words != b.words:
        return _apart(a.words, b.words)
    return bool(a.words) and _apart(a.countries, b.countries)  # citizens of two countries


def _denies(text: str) -> bool:
    return bool(_DENIAL.search(text))


def _apart(one: Set[str], other: Set[str]) -> bool:
    """Whether both bring something, and nothing is in both, however spelled."""
    return bool(one and other) and not any(_is_in(each, other) for each in one)


def _meet(brought: Set[str], text: str) -> bool:
    """Whether `text` holds any of `brought`: numbers as they are, names however spelled."""
    held = {word for word in words(text) if not word.isdigit()} | numbers(text)
    return any(_is_in(each, held) for each in brought)


def _is_in(one: str, held: Set[str]) -> bool:
    return one in held if one[0].isdigit() else stands_in(one, set(held))


def _brought(question: str, answer: str) -> _Brought:
    """What `answer` holds and `question` does not."""
    asked = set(words(question))
    figures = numbers(answer) - numbers(question) - {"1"}
    years = figures & {*_YEAR.findall(answer)}
    countries = {stem for found in _OF_A_COUNTRY.findall(answer) for stem in words(found)}
    capitalised = {
        stem
        for stem in names(answer) | set(first_word(answer))
        if not stem[0].isdigit() and stem not in _CALENDAR
    }
    new = {stem for stem in words(answer) if not stem[0].isdigit()} - asked - countries
    return _Brought(
        names=capitalised - asked - countries,
        figures=figures - years,
        years=years,
        words=new if len(new) <= _BRIEF else frozenset(),
        countries=countries - asked,
    )
