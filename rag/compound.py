"""A question that asks several things -> the questions in it, each to be answered by itself.

One window of sentences seldom states two things that were asked about. "Who led it, and when did
they leave?" is two questions, the second a follow-up of the first. What is joined without a verb
of its own ("When and where ...?", "Who said what and why?") stays one question.
"""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from math import prod

import prompts
from rag.followup import ASKING, PREPOSITION, VERB
from rag.types import Answer, Citation, Passage, Position, Sentence, Token, Turn

Events = Generator[Token | Sentence | Answer, None, None]

_VERB = rf"{VERB}(?:n['’]t)?\b"
# Of "he was, or was not" and "can, and must be" the rest asks nothing: a subject has to follow.
_SUBJECT = (
    r"(?:(?:i|you|he|she|it|we|they|there|this|that|these|those|the|an?|any|his|her|its|our|their)\b"
    r"|(?-i:[A-Z]))"
)
_BEGINS = rf"(?:{PREPOSITION} )?{ASKING}|{_VERB} {_SUBJECT}"
# "..., and who ...", "... and who ...", "...? Who ...", "...; who ..."
_SEAM = re.compile(
    rf"(?:,|;)\s+(?:and|but|or)\s+(?={_BEGINS})|\?\s+(?:and|but|or)?\s*(?={_BEGINS})|;\s+(?={_BEGINS})"
    rf"|\s+and\s+(?=(?:{PREPOSITION} )?{ASKING})",
    re.IGNORECASE,
)
_QUESTION = re.compile(rf"^(?:(?:and|but|so|also)\b,?\s*)*(?:{_BEGINS})", re.IGNORECASE)
_LEAD = re.compile(rf"^(?:{PREPOSITION} )?{ASKING}", re.IGNORECASE)
_CLAUSE = re.compile(rf"\b{ASKING}", re.IGNORECASE)
_RELATIVE = re.compile(r"\b(?:who|whom|whose|which)\b", re.IGNORECASE)
_OF_SOMETHING = re.compile(
    rf"{PREPOSITION} {ASKING}|(?:what|which|whose|how (?:many|much|long|far|old|often))\b",
    re.IGNORECASE,
)
_LEAST_WORDS = 3  # "When and where ...": what is shorter asks nothing by itself
_FEW_WORDS = 5
_MOST = 4  # parts; a longer list is taken as it is


def parts(question: str) -> tuple[str, ...]:
    """The questions in `question`, in its own words and order; one that asks one thing is whole."""
    text = " ".join(question.split())
    if not _QUESTION.match(text):
        return (question,)
    found: list[str] = []
    at = 0
    for seam in _SEAM.finditer(text):
        before = text[at : seam.start()]
        rest = text[seam.end() :]
        if _asks(before) and _asks(rest) and not _joined_on(before, seam[0], rest):
            found.append(before)
            at = seam.end()
    found.append(text[at:])
    if not 1 < len(found) <= _MOST:
        return (question,)
    return tuple(f"{part[:1].upper()}{part[1:].rstrip(' ?.!;,')}?" for part in found)


def _asks(text: str) -> bool:
    return len(text.split()) >= _LEAST_WORDS


def _joined_on(before: str, seam: str, rest: str) -> bool:
    """Whether `rest` goes on with something in `before` instead of asking anew."""
    if "?" in seam:
        return False
    behind = _LEAD.sub("", before)
    bare = seam.strip().lower() == "and"
    return (
        # "Did he say who led it and who paid?"
        (bare and bool(_CLAUSE.search(behind)))
        # "the man who came, and who left"
        or bool(_RELATIVE.match(rest) and re.search(_RELATIVE, behind))
        # "How many soldiers and how many civilians were killed?"
        or (len(before.split()) <= _FEW_WORDS and _shares_verb(before, rest))
        # "between 2003 and when it ended"
        or bool(re.search(r"\bbetween\b(?!.*\band\b)", before, re.IGNORECASE))
    )


def _shares_verb(before: str, rest: str) -> bool:
    return bool(
        _OF_SOMETHING.match(before)
        and _OF_SOMETHING.match(rest)
        and not re.search(rf"\b{_VERB}", before, re.IGNORECASE)
    )


def in_parts(
    question: str, history: Sequence[Turn], answer: Callable[[str, Sequence[Turn]], Events]
) -> Events:
    """Answer each part of `question` by `answer`, as a follow-up of `history` and those before it.

    What can be shown comes as it does, its footnotes numbered through; one answer to all is last.
    """
    asked = parts(question)
    if len(asked) == 1:
        yield from answer(question, history)
        return
    before, whole = list(history), _Whole()
    answers: list[Answer] = []
    for row, part in enumerate(asked):
        if row:
            yield Token(" ")
        shown, shift = False, whole.end
        with closing(answer(part, before)) as events:
            for event in events:
                if isinstance(event, Answer):
                    answers.append(event)
                elif isinstance(event, Sentence):
                    placed = _placed(event, whole.footnotes, shift)
                    shift += len(_markers(placed.citations)) - len(_markers(event.citations))
                    shown = shown or event.shown
                    yield placed
                else:
                    yield event
        last, at = answers[-1], whole.end
        before.append(Turn(part, "" if last.abstained else last.text))
        moved = whole.add(last)
        if not shown and row < len(asked) - 1:  # quotes come with the answer, and it is later
            yield from _sentences(whole.text[at:], at, moved)
    yield whole.answer(question, answers)


def joined(question: str, answers: Sequence[Answer]) -> Answer:
    """The `answers` to the parts of `question`, in their order and at least one, as one answer.

    A refusal where all of them refuse.
    """
    whole = _Whole()
    for answer in answers:
        whole.add(answer)
    return whole.answer(question, answers)


class _Whole:
    """What the parts of a question are answered with, one behind the other."""

    def __init__(self) -> None:
        self.text = ""
        self.footnotes = Footnotes()
        self._citations: list[Citation] = []
        self._disagreement: list[Position] = []
        self._quoted: set[str] = set()  # answers in an article's own words alone

    @property
    def end(self) -> int:
        """Where the text of the next part begins."""
        return len(self.text) + 1 if self.text else 0

    def add(self, answer: Answer) -> list[Citation]:
        """Add the answer to the next part; returns its citations as they are here.

        Where the same sentences of the same article are all that it is, they are not said again.
        """
        if answer.abstained or answer.text in self._quoted:
            return []
        if answer.text.startswith(prompts.QUOTING) and not answer.disagreement:
            self._quoted.add(answer.text)
        more, moved = _moved(answer, self.end, self.footnotes)
        self.text = f"{self.text} {more}" if self.text else more
        numbers = {old.number: new.number for old, new in zip(answer.citations, moved, strict=True)}
        for position in answer.disagreement:
            cited = tuple(numbers[number] for number in position.citations)
            self._disagreement.append(replace(position, citations=cited))
        self._citations += moved
        return moved

    def answer(self, question: str, answers: Sequence[Answer]) -> Answer:
        """All that was added, as the answer to `question`; `answers` are those to its parts."""
        given = [answer for answer in answers if not answer.abstained]
        missing = tuple(answer.question for answer in answers if answer.abstained) if given else ()
        return replace(
            answers[-1],  # its clock is that of them all
            question=question,
            standalone_question=" ".join(answer.standalone_question for answer in answers),
            query=" ".join(answer.query for answer in answers),
            text=" ".join([self.text or prompts.REFUSAL, *map(prompts.missing, missing)]),
            abstained=not given,
            reason="" if given else answers[0].reason,
            confidence=_confidence(given, answers),
            citations=tuple(self._citations),
            passages=_passages(answers),
            disagreement=tuple(self._disagreement),
            weighed=tuple(place for answer in answers for place in answer.weighed),
            judge_prompt=_paragraphs(answer.judge_prompt for answer in answers),
            answer_prompt=_paragraphs(answer.answer_prompt for answer in answers),
            missing=missing,
            unsupported=tuple(text for answer in answers for text in answer.unsupported),
        )


class Footnotes:
    """Numbers quotes through, whichever part of the question they answer: each keeps its own."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int], int] = {}

    def renumber(self, citation: Citation) -> Citation:
        """`citation` with the number that its quote has among all of them."""
        place = (citation.article_id, citation.start)
        number = self._numbers.setdefault(place, len(self._numbers) + 1)
        return replace(citation, number=number)


def _moved(answer: Answer, at: int, footnotes: Footnotes) -> tuple[str, list[Citation]]:
    """The text of `answer`, to stand at `at` of a longer one, and its citations, renumbered."""
    text, done = "", 0
    moved: list[Citation] = []
    for (start, end), group in groupby(answer.citations, lambda c: (c.answer_start, c.answer_end)):
        cited = list(group)
        text += answer.text[done:start]
        offset = at + len(text) - start
        text += answer.text[start:end]
        done = end + len(_markers(cited))
        for citation in map(footnotes.renumber, cited):
            moved.append(replace(citation, answer_start=start + offset, answer_end=end + offset))
        text += _markers(moved[-len(cited) :])
    return text + answer.text[done:], moved


def _placed(sentence: Sentence, footnotes: Footnotes, shift: int) -> Sentence:
    """`sentence` with its citations as they are in the whole answer."""
    placed = [
        replace(citation, answer_start=citation.answer_start + shift,
                answer_end=citation.answer_end + shift)
        for citation in map(footnotes.renumber, sentence.citations)
    ]  # fmt: skip
    return replace(sentence, citations=tuple(placed))


def _sentences(text: str, at: int, citations: Sequence[Citation]) -> Iterator[Sentence]:
    """The sentences of `text`, which stands at `at`, each with what leads it in."""
    done = 0
    for (_, end), group in groupby(citations, lambda c: (c.answer_start, c.answer_end)):
        cited = tuple(group)
        yield Sentence(text[done : end - at].strip(), cited, shown=True)
        done = end - at + len(_markers(cited))


def _markers(citations: Sequence[Citation]) -> str:
    """What stands behind a sentence with these `citations` (rag/draft.py)."""
    return "".join(f" [{citation.number}]" for citation in citations)


def _confidence(given: Sequence[Answer], answers: Sequence[Answer]) -> float:
    """The probability that all that is given is right, taking one to be no sign of another."""
    if given:
        return prod(answer.confidence for answer in given)
    return max(answer.confidence for answer in answers)


def _passages(answers: Sequence[Answer]) -> tuple[Passage, ...]:
    """The nearest passages to each part, those of the first before those of the next."""
    found: dict[str, Passage] = {}
    for passage in (passage for answer in answers for passage in answer.passages):
        known = found.setdefault(passage.id, passage)
        found[passage.id] = replace(known, used=known.used or passage.used)
    return tuple(found.values())


def _paragraphs(texts: Iterable[str]) -> str:
    return "\n\n".join(filter(None, texts))
