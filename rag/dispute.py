"""Do two answers to one question contradict each other?

Only for questions that have one answer: how many, how much, when, who, where, which, what name,
yes or no. Two answers contradict each other when what each brings besides the question's own words
(numbers to "how many", dates to "when", names to the others, or the few words of an answer without
names) has nothing in common, or, to a question for yes or no, when one denies and the other does
not. What somebody said or did, and why something happened, has as many answers as people ask.
"""

import re
from collections.abc import Set
from typing import NamedTuple

from index.lexical import words
from rag.answer_type import MONTH, AnswerType, answer_type
from rag.mentions import first_word, names, numbers, stands_in

_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”")  # a title's words ask for nothing
_PREPOSITION = r"(?:(?:in|at|to|from|on|of|by|for) )?"
_ONE = re.compile(rf"^{_PREPOSITION}(?:who|whom|whose|where|which|what)\b", re.I)
_VOICES = re.compile(
    r"\b(?:sa(?:y|ys|id)|te(?:ll|lls)|told|call(?:s|ed)?|describ\w+|argu\w+|claim\w*|thinks?|thought"
    r"|believ\w+|accus\w+|warn\w*|according|opinion|view|deni\w+|deny|did|do|does|reason|caus\w+"
    r"|mean(?:s|t)?|happen\w*|purpose|differ\w*|compar\w+|else)\b",
    re.I,
)
# "What sport does she do?" has one answer; what she did, and which country she saw, may have many
_OF_A_KIND = re.compile(
    rf"^{_PREPOSITION}(?:what|which) (?:\w+ )?(?:(?:sport|religion|faith|nationality|genre"
    r"|profession|occupation) (?:did|do|does)\b"
    r"|party (?:did|do|does)\b.*\b(?:belong|represent|lead|head)\b)",
    re.I,
)
_AMOUNT = re.compile(r"^(?:about |roughly )?how much (?!.*\b(?:say|said|claim|think)\w*\b)", re.I)
_SUM = re.compile(
    r"(\d[\d.,]*) ?(thousand|million|billion|trillion|%|percent|dollar|euro|pound)", re.I
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
_YEAR = re.compile(r"(?<![\d.,])(?:1\d{3}|20\d\d)(?!\d|[.,]\d)")
_DAY = r"0?(\d{1,2})(?:st|nd|rd|th)?"
_FULL_DATE = re.compile(
    rf"(\d{{1,2}} ?(?:-|–|—|and|to|or) ?)?\b(?:{_DAY} (?:of )?)?({MONTH})(?: {_DAY})?"
    rf",? ({_YEAR.pattern})",
    re.I,
)
_MONTH = re.compile(rf"\b{MONTH}", re.I)
_DAYS = re.compile(rf"\b{_DAY} (?:of )?{MONTH}|\b{MONTH} {_DAY}\b", re.I)
_CALENDAR = frozenset(
    words(
        "January February March April May June July August September October November December"
        " Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec"
        " Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
    )
)
# "a Canadian architect": of what country somebody is says little of what he is
_OF_A_COUNTRY = re.compile(
    r"\b([Aa]n? )(?:[A-Z][a-z]+(?:ian|ean|can|ish|ese)|French|Dutch|German|Greek|Czech"
    r"|Swiss|Welsh|Thai|Iraqi|Israeli|Pakistani|Saudi|Kuwaiti|Afghan|Arab)(?=(?:[- ]born)? [a-z])"
)
# "What county is it in?": of answers that name one, that name alone counts, and not the state
_NAMED_KIND = re.compile(
    rf"^{_PREPOSITION}(?:what|which) (?:\w+ )?(county|river|university|college|party|district"
    r"|province|island|lake|street|borough|school|museum|hospital|airport)\b",
    re.I,
)
_TRADE = re.compile(r"\b(?:job|profession|occupation|genre|work|career|living)\b", re.I)
_DAY_ASKED = re.compile(r"\b(?:day|month)\b", re.I)
_BRIEF = 3  # new words at most, of an answer that has neither name nor number

Day = tuple[str, str, str]
"""Year, month and day; the day is "" of a month, and of several days."""


class _Brought(NamedTuple):
    """What an answer holds that its question does not; in each, stems or figures."""

    names: Set[str]
    figures: Set[str]
    years: Set[str]
    words: Set[str]  # of an answer that has few


def has_one_answer(question: str) -> bool:
    """Whether two different answers to `question` cannot both be right."""
    wanted, asked = _wanted(question), _untitled(question)
    if wanted == "yes_no":  # whoever affirms a denial denies, and the words do not show it
        return not _denies(asked)
    if wanted != "other" or _OF_A_KIND.match(asked):
        return True
    return bool(_ONE.match(asked) and not _VOICES.search(asked) and not _SEVERAL.search(asked))


def contradict(question: str, one: str, other: str) -> bool:
    """Whether `one` and `other`, answers to `question`, cannot both be right."""
    if not has_one_answer(question):
        return False
    wanted = _wanted(question)
    if wanted == "yes_no":
        return _denies(one) != _denies(other)
    apart = _named_apart(question, one, other)
    if apart is not None:
        return apart
    a, b = _brought(question, one), _brought(question, other)
    if wanted == "date":
        return _days_apart(a, b, one, other)
    if wanted == "number":
        sums = _AMOUNT.match(_untitled(question))
        return _sums_apart(one, other) if sums else _figures_apart(a, b, one, other)
    return _things_apart(a, b, one, other)


def _things_apart(a: _Brought, b: _Brought, one: str, other: str) -> bool:
    """Whether two answers that name or describe something have none of it in common."""
    if a.names or b.names:  # the one may describe whom the other names
        both = bool(a.names and b.names)
        return both and not _meet(a.names, other) and not _meet(b.names, one)
    if _figured(a) or _figured(b):
        return bool(a.figures) == bool(b.figures) and _figures_apart(a, b, one, other)
    return _apart(a.words, b.words)


def may_contradict(question: str, answer: str, text: str) -> bool:
    """Whether `text` could answer `question` otherwise; cheap, and often true."""
    if not has_one_answer(question):
        return False
    wanted = _wanted(question)
    if wanted == "yes_no":
        # a text that denies one thing may affirm what was asked
        return _denies(answer) or _denies(text)
    apart = _named_apart(question, answer, text)
    if apart is not None:
        return apart
    said, held = _brought(question, answer), _brought(question, text)
    if wanted == "date":
        stated, there = _dates(answer), _dates(text)
        if stated and there:
            return not stated & there
        kinds = [(said.years, held.years), (said.figures, held.figures)]
    elif wanted == "number":
        kinds = [(_figured(said), _figured(held))]
    elif said.names:
        kinds = [(said.names, held.names)]
    else:
        kinds = [(_figured(said), _figured(held)), (said.words, {text})]
    brought, candidates = next((kind for kind in kinds if kind[0]), (set(), set()))
    return bool(brought) and bool(candidates) and not _meet(brought, text)


def _named_apart(question: str, one: str, other: str) -> bool | None:
    """Whether both call the kind of thing that is asked for otherwise; None where one does not.

    "Angelina County" and "Harris County", where a county is.
    """
    asked = _NAMED_KIND.match(_untitled(question))
    if not asked:
        return None
    kind, name = re.escape(asked[1]), r"(?:[A-Z][\w’'.-]*)"
    form = re.compile(rf"((?:{name} )+)(?i:{kind})\b|\b(?i:{kind}) (?:of )?({name}(?: {name})*)")
    mine, theirs = (
        {stem for before, behind in form.findall(text) for stem in words(before or behind)}
        - set(words(question))
        for text in (one, other)
    )
    return _apart(mine, theirs) if mine and theirs else None


def _untitled(question: str) -> str:
    """`question` without the words of the titles that it names."""
    return _QUOTED.sub("it", question)


def _wanted(question: str) -> AnswerType:
    """The kind of thing asked for; an amount is a number here, though it may be stated without."""
    asked = _untitled(question)
    return "number" if _AMOUNT.match(asked) else answer_type(asked)


def _dates(text: str) -> set[Day]:
    """The days of the calendar in `text` of which it names the year."""
    return {
        (year, month.lower()[:3], "" if several else before or after)
        for several, before, month, after, year in _FULL_DATE.findall(text)
    }


def _days_apart(a: _Brought, b: _Brought, one: str, other: str) -> bool:
    """Whether two answers to "when" have no year, or not their one date, in common."""
    if _apart(a.years, b.years):
        return True
    first, second = _one_date(one), _one_date(other)
    if first and second:
        days = {first[2], second[2]} - {""}
        return first[:2] != second[:2] or len(days) == 2
    return not (a.years or b.years) and _apart(a.figures, b.figures)


def _one_date(text: str) -> Day | None:
    """The date in `text`, if it speaks of one month of one year alone."""
    found = _dates(text)
    alone = len(found) == len(_YEAR.findall(text)) == len(_MONTH.findall(text)) == 1
    return next(iter(found)) if alone else None


def _figured(brought: _Brought) -> Set[str]:
    """Its figures, or where it has none its years, which may be figures that look like such."""
    return brought.figures or brought.years


def _figures_apart(a: _Brought, b: _Brought, one: str, other: str) -> bool:
    """Whether both have figures, none in common, and not of different years."""
    if a.figures and b.figures and _apart(a.years, b.years):
        return False
    mine, theirs = _figured(a), _figured(b)
    return bool(mine and theirs) and not _meet(mine, other) and not _meet(theirs, one)


def _sums_apart(one: str, other: str) -> bool:
    """Whether both state amounts of one unit, and none in common."""
    first, second = (
        {(number.replace(",", ""), unit.lower()) for number, unit in _SUM.findall(text)}
        for text in (one, other)
    )
    units = {unit for _, unit in first | second}
    return bool(first and second) and len(units) == 1 and not first & second


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
    return one in held if one[0].isdigit() else stands_in(one, held)


def _brought(question: str, answer: str) -> _Brought:
    """What `answer` holds and `question` does not.

    Days and months are no figures and names of it, nor is a country what somebody works as, where
    it is not what was asked for.
    """
    asked = set(words(question))
    dated = answer if _wanted(question) == "date" else _DAYS.sub(" ", answer)
    years = {*_YEAR.findall(answer)} - numbers(question)
    figures = numbers(dated) - numbers(question) - years - {"1"}
    if _TRADE.search(question):
        answer = _OF_A_COUNTRY.sub(r"\1", answer)
    capitalised = {
        stem
        for stem in names(answer) | set(first_word(answer))
        if not stem[0].isdigit() and (stem not in _CALENDAR or _DAY_ASKED.search(question))
    }
    new = {stem for stem in words(answer) if not stem[0].isdigit()} - asked
    return _Brought(
        names=capitalised - asked,
        figures=figures,
        years=years,
        words=new if len(new) <= _BRIEF else frozenset(),
    )
