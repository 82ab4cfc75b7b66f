"""Does an answer give the kind of thing that was asked for?

The expected answer type is read off the question's words (Li and Roth 2002 name the idea). A model
asked "how many soldiers were sent" where no number is stated tends to say that soldiers were sent:
supported word by word, and no answer. Such an answer is a refusal.
"""

import re
from typing import Literal

from index.lexical import words

AnswerType = Literal["number", "name", "date", "place", "yes_no", "other"]

_NUMBER = re.compile(
    r"\bhow (?:many|far|old|tall|large a share)\b|\bwhat (?:number|percentage)\b", re.I
)
_NAME = re.compile(
    r"\b(?:what|which)(?: is| was| are| were|'s|’s) the (?:full )?names?\b|\bwhat name\b"
    r"|\b(?:called|named)\s*\?*$",
    re.I,
)
_REASON = re.compile(r"(?:and |but )?why\b", re.I)
_DATE = re.compile(
    r"^(?:when|on (?:what|which) (?:date|day)|(?:in )?(?:what|which) year"
    r"|(?:what|which)(?: is| was|'s|’s) the (?:\w+ )?(?:date|year)"
    r"(?=\s*\?*$| (?:of|when|that|in which|on which)\b))\b",
    re.I,
)
_PLACE = re.compile(
    r"^(?:(?:and|so|but),? )?(?:(?:to|from|in|near) )?where\b"
    r"(?!.*\b(?:when|why|how|who|what|which)\b)",
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
_SEASON = (
    r"(?:spring|summer|autumn|fall|winter|morning|afternoon|evening|night|noon|midnight|days?|weeks?"
    r"|weekend|months?|years?|decades?|century|moment|time|past|future|end)\b"
)
_WHERE = re.compile(
    r"\b(?:in|inside|into|at|near|on|onto|to|from|via|through|across|along|outside|around|under"
    r"|over|above|below|beneath|beyond|within|towards?|beside|behind|off|between)\s+"
    r"(?:(?:the|an?|this|that|his|her|its|our|their|early|late|mid|last|next|about|some)[\s-]+)*+"
    rf"(?!{MONTH}|{WEEKDAY}|{_SEASON}|\d|(?i:19|20)\d\d)([\w’'-]+)"
    r"|\b(here|there|home|abroad|nearby|nowhere|everywhere|elsewhere|overseas|upstairs|downstairs"
    r"|north|south|east|west|city|town|village|country|province|state|region|capital|island"
    r"|building|house|room|street|district)\b",
    re.I,
)
_FEW_WORDS = 6  # of an answer that is a name and little more
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
    if _PLACE.search(question):
        return "place"
    return "yes_no" if _YES_NO.search(question) else "other"


def gives_answer(question: str, answer: str) -> bool:
    """Whether `answer` holds something of the asked type that `question` does not hold itself."""
    wanted = answer_type(question)
    if wanted == "yes_no":
        return True
    if wanted == "number":
        return bool(_QUANTITY.search(_CALENDAR.sub(" ", _without(question, answer))))
    if wanted == "date":
        return bool(_TIME.search(answer))
    asked = {found.lower() for found in re.findall(r"[\w’'-]+", question)}
    named = any(name.lower() not in asked for name in _CAPITALISED.findall(answer))
    if wanted == "name":
        return named
    if wanted == "place":
        places = (there or word for there, word in _WHERE.findall(answer))
        brief = len(answer.split()) <= _FEW_WORDS
        return (named and brief) or any(place.lower() not in asked for place in places)
    return bool(set(words(answer)) - set(words(question)) - _EMPTY_WORDS)


def _without(question: str, answer: str) -> str:
    """`answer` less the words of `question`: a number that was asked about is not an answer."""
    asked = {found.lower() for found in re.findall(r"\w+", question)}
    return " ".join(word for word in answer.split() if word.strip(".,;:()").lower() not in asked)
