"""Articles with questions, and conversations -> lessons: a text, and what is asked behind it.

A lesson is made of what the program itself shows its model: a window of three sentences, now and
then two, with the questions that the window answers and those for which it is what a word search
finds, without the answer; an answer by itself, with its question and others that it does not
answer, since sentences that are to be quoted are judged in that way; or the task of rewriting,
with some conversations.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.lexical import LexicalIndex
from index.split import sentence_spans
from rag.compose import compose
from rag.followup import compose_rewriting
from rag.generate import Prompt
from rag.types import Evidence, Turn

_HALF = 0.5  # what the judge should give a window that states one of two things asked for
_NEAREST = 2  # windows without the answer that a question may be asked about
_STATED_ELSEWHERE = 0.4  # share of them that a question with an answer is asked about
_STATED_NOWHERE = 0.6  # that of a question without
_WRITTEN = 0.6  # share of the answers that are written out
_ALONE = 0.2  # share of the answers that are judged by themselves
_BESIDE = 0.3  # share of the questions of which a true sentence beside the point is judged
_OTHERS = 3  # questions that such an answer does not answer
_TOGETHER = 8  # conversations in a lesson


@dataclass(frozen=True, slots=True)
class Task:
    """Something asked behind a lesson's text."""

    prompt: Prompt
    kind: str
    probability: float | None = None  # of yes, where the judge is asked
    reply: str = ""  # where something is written
    question: str = ""  # asked of a window


@dataclass(frozen=True, slots=True)
class Lesson:
    """Tasks that share a system's words and a material."""

    source: str
    genre: str
    tasks: tuple[Task, ...]
    middles: tuple[int, ...] = ()  # the sentences in the middle of its windows, if it has any


def of_articles(articles: Sequence[dict[str, Any]], chance: random.Random) -> list[Lesson]:
    """One lesson for each window of an article that a question is asked of, and some answers."""
    return [lesson for each in articles for lesson in _Article(each, chance).lessons()]


def lines(file: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def of_conversations(cases: Sequence[dict[str, Any]], chance: random.Random) -> list[Lesson]:
    """Rewriting of `cases`, some at a time."""
    tasks = [
        Task(
            compose_rewriting(
                case["question"],
                [Turn(turn["question"], turn["answer"]) for turn in case["history"]],
            ),
            "rewriting",
            reply=case["standalone"],
        )
        for case in chance.sample(list(cases), len(cases))
    ]
    return [
        Lesson("rewriting", "rewriting", tuple(tasks[first : first + _TOGETHER]))
        for first in range(0, len(tasks), _TOGETHER)
    ]


class Text:
    """An article in sentences, and its windows of three."""

    def __init__(self, article: dict[str, Any]) -> None:
        """Split it."""
        self._article = article
        text = article["text"]
        self.sentences = [text[start:end] for start, end in sentence_spans(text)]

    def around(self, middle: int) -> range:
        """The rows of the window around the sentence `middle`."""
        return range(max(0, middle - 1), min(len(self.sentences), middle + 2))

    def shown(self, middle: int) -> str:
        """The text of that window."""
        return " ".join(self.sentences[row] for row in self.around(middle))

    def window(self, middle: int) -> Evidence:
        """That window as the model is shown it."""
        return self.evidence(self.shown(middle))

    def quoted(self, asked: dict[str, Any]) -> set[int]:
        """The rows that a question's answer is quoted from."""
        quotes = asked.get("quotes", [])
        return {row for quote in quotes for row in rows_of(quote, self.sentences)}

    def evidence(self, text: str) -> Evidence:
        """A text as if it stood in the article."""
        article = self._article
        title, source = article["title"], article.get("publisher", "")
        published = article.get("published", "")
        return Evidence(
            article["id"], "", title, "", source, published, (), text, 0, len(text), 0.0
        )


class _Article:
    """An article cut into windows side by side, and those that its answers need besides."""

    def __init__(self, article: dict[str, Any], chance: random.Random) -> None:
        self._article = article
        self._chance = chance
        self._text = Text(article)
        last = len(self._text.sentences) - 1
        first = chance.randrange(3)
        self._middles = sorted({min(row, last) for row in range(first, last + 2, 3)})
        self._asked: dict[tuple[int, ...], list[Task]] = {}

    def lessons(self) -> list[Lesson]:
        for asked in self._article["questions"]:
            self._ask(asked)
        source, genre = self._article["id"], self._article.get("genre", "article")
        lessons = [
            Lesson(source, genre, tuple(tasks), middles) for middles, tasks in self._asked.items()
        ]
        for asked in self._article["questions"]:
            if asked.get("answer") and self._chance.random() < _ALONE:
                lessons.append(Lesson(source, genre, tuple(self._alone(asked))))
            if asked.get("wrong") and self._chance.random() < _BESIDE:
                beside = self._chance.choice(asked["wrong"])
                task = self._judged(asked["question"], beside, "alone", 0.0)
                lessons.append(Lesson(source, genre, (task,)))
        return lessons

    def _alone(self, asked: dict[str, Any]) -> Iterator[Task]:
        """The answer as all there is to read, and the questions nearest to it in their words."""
        answer = asked["answer"]
        yield self._judged(asked["question"], answer, "alone", 1.0)
        others = [
            other
            for other in self._article["questions"]
            if other is not asked and not names_answer(answer, other)
        ]
        if others:
            scores = LexicalIndex.build([other["question"] for other in others]).scores(answer)
            for row in (-scores).argsort(kind="stable")[:_OTHERS]:
                yield self._judged(others[row]["question"], answer, "alone", 0.0)

    def _ask(self, asked: dict[str, Any]) -> None:
        question, kind = asked["question"], asked["kind"]
        if not asked.get("answer"):
            share = _STATED_NOWHERE if len(self._middles) > 1 else 1.0
            for middle in self._nearest(question, self._middles):
                if self._chance.random() < share:
                    self._add((middle,), question, kind, 0.0)
            return
        rows = sorted(self._text.quoted(asked))
        if max(rows) - min(rows) <= 2:
            self._add((self._middle(rows),), question, kind, 1.0, asked["answer"])
        else:
            halves = list(dict.fromkeys(self._middle([row]) for row in rows))[:2]
            self._chance.shuffle(halves)
            self._add(tuple(halves), question, kind, 1.0, asked["answer"])
            for half in halves:
                self._add((half,), question, kind, _HALF)
        silent = [middle for middle in self._middles if not self._hints(middle, asked)]
        for middle in self._nearest(question, silent):
            if self._chance.random() < _STATED_ELSEWHERE:
                self._add((middle,), question, kind, 0.0)

    def _middle(self, rows: Sequence[int]) -> int:
        """Of a window that shows all `rows`, one that is there already if it can be."""
        wanted = set(rows)
        fitting = [middle for middle in self._middles if wanted <= set(self._text.around(middle))]
        if not fitting:
            middle = min(max(round((min(rows) + max(rows)) / 2), 0), len(self._text.sentences) - 1)
            self._middles.append(middle)
            return middle
        return self._chance.choice(fitting)

    def _hints(self, middle: int, asked: dict[str, Any]) -> bool:
        """Whether a window holds a quote or a short form of the answer."""
        shown = flat(self._text.shown(middle))
        return any(flat(part) in shown for part in [*asked["quotes"], *asked["short"]])

    def _nearest(self, question: str, middles: Sequence[int]) -> list[int]:
        texts = [self._text.shown(m) for m in middles]
        if not texts:
            return []
        scores = LexicalIndex.build(texts).scores(question)
        return [middles[row] for row in (-scores).argsort(kind="stable")[:_NEAREST]]

    def _add(
        self,
        middles: tuple[int, ...],
        question: str,
        kind: str,
        probability: float,
        answer: str = "",
    ) -> None:
        judge, write = compose(question, [self._text.window(middle) for middle in middles])
        written = bool(answer) and self._chance.random() < _WRITTEN
        prompt, reply = (write, answer) if written else (judge, "")
        task = Task(prompt, kind, probability, reply, question)
        self._asked.setdefault(middles, []).append(task)

    def _judged(self, question: str, text: str, kind: str, probability: float) -> Task:
        judge, _ = compose(question, [self._text.evidence(text)])
        return Task(judge, kind, probability)


def rows_of(quote: str, sentences: Sequence[str]) -> Iterator[int]:
    """The rows of the sentences that a quote stands in, or that stand in it."""
    wanted = flat(quote)
    for row, sentence in enumerate(map(flat, sentences)):
        if wanted in sentence or sentence in wanted:
            yield row


def names_answer(text: str, asked: dict[str, Any]) -> bool:
    """Whether `text` holds a short form of a question's answer."""
    return any(flat(short) in flat(text) for short in asked.get("short", []))


def flat(text: str) -> str:
    """`text` without what differs between a quote and its place: case, and kinds of spaces."""
    return re.sub(r"\s+", " ", text).lower()


def kinds(lessons: Sequence[Lesson]) -> Iterator[tuple[str, int]]:
    """How many tasks there are of each kind."""
    yield from sorted(Counter(task.kind for lesson in lessons for task in lesson.tasks).items())
