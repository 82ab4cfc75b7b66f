"""Does an answer give the kind of thing that was asked for?

The expected answer type is read off the question's words (Li and Roth 2002 name the idea). A model
asked "how many soldiers were sent" where no number is stated tends to say that soldiers were sent:
supported word by word, and no answer. Such an answer is a refusal.
"""

import re
from typing import Literal

from index.lexical import words

AnswerType = Literal["number", "name", "date", "yes_no", "other"]

_NUMBER = re.compile(
    r"\bhow (?:many|far|old|tall|large a share)\b|\bwhat (?:number|percentage)\b", re.I
)
_NAME = re.compile(
    r"\b(?:what|which)(?: is| was| are| were|'s|’s) the (?:full )?names?\b|\bwhat name\b"
    r"|\b(?:called|named)\s*\?*$",
    re.I,
)
_SOMEBODY = re.compile(
    r"\b(?:who|whom|whose)\b"
    r"|\b(?:which|what)\b.*\b(?:readers?|commenters?|commentators?|users?|posters?|people|persons?)\b",
    re.I,
)
_REASON = re.compile(r"(?:and |but )?why\b", re.I)
_DATE = re.compile(
    r"^(?:when|on (?:what|which) (?:date|day)|(?:in )?(?:what|which) year"
    r"|(?:what|which)(?: is| was|'s|’s) the (?:\w+ )?(?:date|year)"
    r"(?=\s*\?*$| (?:of|when|that|in which|on which)\b))\b",
    re.I,
)
_YES_NO = re.compile(
    r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might)\b", re.I
)
WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
MONTH = (  # "30 may have died" and "they march" are of none
    r"(?:jan(?:uary)?|feb(?:ruary)?|(?-i:Mar(?:ch)?|MAR(?:CH)?|May|MAY)|apr(?:il)?|june?|july?"
    r"|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_CALENDAR = re.compile(
    rf"\b{MONTH} \d{{1,2}}(?:, \d{{4}})?\b|\b\d{{1,2}} {MONTH}(?: \d{{4}})?\b"
    rf"|\b(?:in|of|since|by|from|until|during|before|after|{MONTH}),? (?:19|20)\d\d\b",
    re.I,
)
_QUANTITY = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen"
    r"|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty"
    r"|ninety|hundreds?|thousands?|millions?|billions?|dozens?|scores|both|pair|couple|half|none"
    r"|nobody|no|once|twice|thrice|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|single"
    r"|several|few|handful|every|all|most)\b",
    re.I,
)
_TIME = re.compile(
    rf"\d|\b{WEEKDAY}\b|\b(?:january|february|march|april|may|june"
    r"|july|august|september|october|november|december|spring|summer|autumn|fall|winter|morning"
    r"|afternoon|evening|night|noon|midnight|today|yesterday|tomorrow|week|month|year|decade|century"
    r"|after|before|during|until|since|ago|later|earlier|soon|never)\b",
    re.I,
)
_CAPITALISED = re.compile(r"\b[A-ZÀ-Þ][\w’'-]+")
_EMPTY_WORDS = frozenset(words("according article passage text state say said mention name call"))


def answer_type(question: str) -> AnswerType:
    """The kind of thing that `question` asks for."""
    if _NUMBER.search(question):
        return "number"
    if _NAME.search(question) and not _REASON.match(question):
        return "name"
    if _DATE.search(question):
        return "date"
    return "yes_no" if _YES_NO.search(question) else "other"


def asks_for_somebody(question: str) -> bool:
    """Whether the name of a person, or of who wrote something, may be what `question` asks for."""
    return answer_type(question) == "name" or bool(_SOMEBODY.search(question))


def gives_answer(question: str, answer: str) -> bool:
    """Whether `answer` holds something of the asked type that `question` does not hold itself."""
    wanted = answer_type(question)
    if wanted == "yes_no":
        return True
    if wanted == "number":
        return bool(_QUANTITY.search(_CALENDAR.sub(" ", _without(question, answer))))
    if wanted == "date":
        return bool(_TIME.search(answer))
    if wanted == "name":
        asked = {found.lower() for found in re.findall(r"[\w’'-]+", question)}
        return any(name.lower() not in asked for name in _CAPITALISED.findall(answer))
    return bool(set(words(answer)) - set(words(question)) - _EMPTY_WORDS)


def _without(question: str, answer: str) -> str:
    """`answer` less the words of `question`: a number that was asked about is not an answer."""
    asked = {found.lower() for found in re.findall(r"\w+", question)}
    return " ".join(word for word in answer.split() if word.strip(".,;:()").lower() not in asked)
