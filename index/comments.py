"""Readers' comments: the line that names who wrote one, which blogs print below it or above it."""

import re

_LONGEST = 120  # characters of such a line
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = (
    rf"(?:{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    rf"|\d{{1,2}} {_MONTH} \d{{4}}|\d{{1,2}}/\d{{1,2}}/\d{{2,4}})"
)
_TIME = r"\d{1,2}[:.]\d{2}(?::\d{2})?(?: ?[ap]\.?m\.?)?"
_BELOW = re.compile(
    rf"\S.{{0,40}}? on {_DAY} at {_TIME}"
    rf"|(?:comment )?posted by:? \S.{{0,40}}? (?:on|at|[|,·-]) ?(?:{_DAY}|{_TIME}).{{0,40}}",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"\S.{0,40}? (?:says|said|writes|wrote|commented|replied)(?:\.\.\.|…|:)"
    rf"(?: ?{_DAY}.{{0,20}})?"
    r"|comment (?:by|from) \S.{0,40}:",
    re.IGNORECASE,
)


def signed(text: str) -> bool:
    """Whether the last line of `text` names who wrote the comment that ends with it, and when.

    >>> signed("I doubt it.\\n\\nblue heron on March 31, 2008 at 12:38 PM")
    True
    """
    return _is(_BELOW, text.rstrip().rpartition("\n")[2])


def announced(text: str) -> bool:
    """Whether the first line of `text` names who wrote the comment that begins there.

    >>> announced("Comment by blue heron:\\nI doubt it.")
    True
    """
    return _is(_ABOVE, text.lstrip().partition("\n")[0])


def _is(form: re.Pattern[str], line: str) -> bool:
    return len(line) <= _LONGEST and form.fullmatch(line.strip()) is not None
