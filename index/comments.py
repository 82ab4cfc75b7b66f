"""Readers' comments: the line that names who wrote one, which blogs print below it or above it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from index.types import Sentence

_LONGEST = 120  # characters of such a line
_FAR = 12  # sentences from such a line up to which they are taken for the comment's
_ABOVE_IT = 100  # sentences above one in which the comment before it is looked for
_NEAR = 2  # and where nothing tells where the comment begins
_NO_NAME = r"(?!(?:by|posted|published|updated|last|the|an?|in|on|at|he|she|it|they|we|you|i)\b)"
_NAME = rf"{_NO_NAME}(\S.{{0,40}}?)"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = (
    rf"(?:{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    rf"|\d{{1,2}} {_MONTH} \d{{4}}|\d{{1,2}}/\d{{1,2}}/\d{{2,4}})"
)
_TIME = r"\d{1,2}[:.]\d{2}(?::\d{2})?(?: ?[ap]m)?"  # no "p.m.": that is how a sentence ends
_BELOW = re.compile(
    rf"(?:comment )?posted by:? {_NAME}"
    rf"(?:,| (?:on|at|[|·-])) ?(?:{_DAY}|{_TIME}).{{0,40}}"
    rf"|{_NAME} on {_DAY} at {_TIME}",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    rf"comment (?:by|from) {_NAME}:"
    rf"|{_NAME} (?:says|said|writes|wrote|commented|replied)(?:\.\.\.|…|:)"
    rf" ?{_DAY}.{{0,20}}",
    re.IGNORECASE,
)


def signed(text: str) -> str:
    """Who wrote the comment that ends with `text`, if its last line names them and the time.

    >>> signed("I doubt it.\\n\\nblue heron on March 31, 2008 at 12:38 PM")
    'blue heron'
    """
    return _named(_BELOW, text.rstrip().rpartition("\n")[2])


def announced(text: str) -> str:
    """Who wrote the comment that begins with `text`, if its first line names them alone.

    >>> announced("Comment by blue heron:\\nI doubt it.")
    'blue heron'
    """
    return _named(_ABOVE, text.lstrip().partition("\n")[0])


def unsigned(text: str) -> str:
    """`text` with the name alone where its last line is a name and a time."""
    above, line_break, _ = text.rstrip().rpartition("\n")
    name = signed(text)
    return f"{above}{line_break}{name}" if name else text


def holds_name(text: str, name: str) -> bool:
    """Whether `text` holds `name`, and not as part of a word; any text holds the empty name."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def apart(before: Sentence, behind: Sentence) -> bool:
    """Whether of two neighbours one ends, or the other begins, an article or a comment."""
    other = before.article_id != behind.article_id
    return other or bool(signed(before.text) or announced(behind.text))


class Writer(NamedTuple):
    """Who wrote a comment, and the row of the sentence whose line says so."""

    name: str
    row: int
    certain: bool  # the sentence asked about is the comment's, and no article's own


def writers(sentences: Sequence[Sentence]) -> list[Writer | None]:
    """Who wrote the comment that each sentence is part of; None where nobody is named nearby.

    Nothing tells where the first comment of an article begins that is signed at its end: only what
    stands next to the name counts as part of it.
    """
    below = [signed(sentence.text) for sentence in sentences]
    above = [announced(sentence.text) for sentence in sentences]
    last = len(sentences) - 1
    names: dict[str, set[str]] = {}  # of those who sign in an article
    for sentence, name in zip(sentences, below, strict=True):
        names.setdefault(sentence.article_id, set()).update([name] if name else [])
    begun: list[bool] = []  # whether another comment of the article ends above
    first = 0  # row of the article's first sentence: what signs that is its byline
    for row, sentence in enumerate(sentences):
        if row and sentences[row - 1].article_id != sentence.article_id:
            first = row
        begun.append(row > first and (begun[-1] or bool(below[row - 1] and row - 1 > first)))

    def ends(row: int) -> bool:
        """Whether what follows a row is no part of the same comment."""
        other = sentences[row].article_id != sentences[row + 1].article_id
        return bool(other or below[row] or above[row + 1])

    def found(row: int) -> Writer | None:
        for end in range(row, min(row + _FAR, last + 1)):
            if below[end]:
                if end - row >= _NEAR and not begun[row]:
                    return None
                several = len(names[sentences[row].article_id]) > 1
                return Writer(below[end], end, certain=begun[row] and several)
            if end < last and ends(end):
                break
        for start in range(row, max(row - _FAR, -1), -1):
            if above[start]:
                return Writer(above[start], start, certain=True)
            if start and ends(start - 1):
                break
        return None

    return [found(row) for row in range(last + 1)]


def writer(sentences: Sequence[Sentence], row: int) -> Writer | None:
    """Who wrote the comment that the sentence of a row is part of; see `writers`."""
    first = max(0, row - _ABOVE_IT)
    found = writers(sentences[first : row + _FAR])[row - first]
    return found and found._replace(row=first + found.row)


def _named(form: re.Pattern[str], line: str) -> str:
    line = line.strip()
    match = form.fullmatch(line) if len(line) <= _LONGEST else None
    return next(filter(None, match.groups()), "") if match else ""
