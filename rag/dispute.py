"""Do two answers to one question contradict each other?

Only for questions that have one answer: how many, when, who, where, which, what name, yes or no.
Two answers contradict each other when what each brings besides the question's own words (numbers
to "how many", years to "when", names to the others) has nothing in common, or, to a question for
yes or no, when one denies and the other does not. What somebody said, and why something happened,
has as many answers as people ask.
"""

import re
from collections.abc import Set

from index.lexical import words
from rag.answer_type import answer_type
from rag.mentions import first_word, names, numbers, stands_in

_ONE = re.compile(
    r"^(?:(?:in|at|to|from|on|of|by|for) )?(?:who|whom|whose|where|which|what)\b", re.I
)
_VOICES = re.compile(
    r"\b(?:sa(?:y|ys|id)|te(?:ll|lls)|told|call(?:s|ed)?|describ\w+|argu\w+|claim\w*|thinks?|thought"
    r"|believ\w+|accus\w+|warn\w*|according|opinion|view|deni\w+|deny|did|do|does|reason|caus\w+"
    r"|mean(?:s|t)?|happen\w*|purpose|differ\w*|compar\w+)\b",
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
_YEAR = re.compile(r"1\d{3}|20\d\d")
_BRIEF = 3  # new words at most, of an answer that has neither name nor number


def has_one_answer(question: str) -> bool:
    """Whether two different answers to `question` cannot both be right."""
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
    if answer_type(question) == "yes_no":
        return _denies(one) != _denies(other)
    (kind, brought), (other_kind, _) = _brought(question, one), _brought(question, other)
    return bool(brought) and kind == other_kind and not _meet(brought, other)


def may_contradict(question: str, answer: str, text: str) -> bool:
    """Whether `text` could answer `question` otherwise; cheap, and often true."""
    if not has_one_answer(question):
        return False
    if answer_type(question) == "yes_no":
        # a text that denies one thing may affirm what was asked
        return _denies(answer) or _denies(text)
    brought = _brought(question, answer)[1]
    return bool(brought) and bool(_brought(question, text)[1]) and not _meet(brought, text)


def _denies(text: str) -> bool:
    return bool(_DENIAL.search(text))


def _meet(brought: Set[str], text: str) -> bool:
    """Whether `text` holds any of `brought`: numbers as they are, names however spelled."""
    figures = numbers(text)
    held = {word for word in words(text) if not word.isdigit()}
    return any(one in figures if one[0].isdigit() else stands_in(one, held) for one in brought)


def _brought(question: str, answer: str) -> tuple[str, Set[str]]:
    """What of the asked kind `answer` holds and `question` does not, and what kind it is."""
    wanted = answer_type(question)
    figures = numbers(answer) - numbers(question) - {"1"}
    years = {figure for figure in figures if _YEAR.fullmatch(figure)}
    if wanted == "number":
        return "figures", figures - years or figures
    if wanted == "date":
        return ("years", years) if years else ("days", figures)
    asked = set(words(question))
    named = {
        stem for stem in (names(answer) | set(first_word(answer))) - asked if not stem[0].isdigit()
    }
    if named:
        return "names", named
    if figures:
        return "figures", figures
    new = set(words(answer)) - asked
    return "words", new if len(new) <= _BRIEF else frozenset()
