"""Answer sentence -> the evidence sentences it rests on. The program cites, not the model.

The quotes are chosen by coverage, the share of the claim's words that they hold, each weighted by
how rare it is in the evidence (idf), the words that the question already brought counting a fifth;
and by the likeness of vectors. How well they support the claim is `support.py`'s to say.

A claim is unsupported, whatever that says, when no single quote, read with its neighbours and its
article's head, covers it (words gathered from here and there make up what nobody said), when it
holds a number that neither its quotes nor the question hold, a new name that does not stand near
its quotes, or none of the question's names that do, or when it denies what its quotes do not: those
are what invented answers get wrong.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.comments import unsigned
from index.embed import Embedder, Vectors
from index.lexical import words
from rag.mentions import denies, first_word, may_deny, names, numbers, stands_in
from rag.support import Signals, support
from rag.types import Evidence, SourceSentence

_MAX_QUOTES = 3
_GAIN = 0.2  # coverage that a further quote has to add
_MIN_COVERAGE = 0.5  # of the claim by one quote with its neighbours
_QUESTION_WEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Quote:
    """An evidence sentence found for a claim, with how well it and its fellows support it."""

    evidence: Evidence
    sentence: SourceSentence
    support: float


def quoted_support(claim: str, quotes: Sequence[str], embedder: Embedder) -> float:
    """How well `quotes` together bear `claim` out, as a probability (0 to 1).

    Only they are looked at: `Citation.support` also counts what stands beside a quote. 0 of none.
    """
    texts = [" ".join(quotes), *quotes] if len(quotes) > 1 else list(quotes)
    evidence = [
        Evidence("", "", "", "", "", "", (SourceSentence("", "", text, 0, len(text)),),
                 text, 0, len(text), 0.0)
        for text in texts
    ]  # fmt: skip
    return support(Citer("", evidence, embedder).signals(claim)) if evidence else 0.0


class Citer:
    """Matches the sentences of one answer to the evidence it was given."""

    def __init__(self, question: str, evidence: Sequence[Evidence], embedder: Embedder) -> None:
        """Prepare the evidence: its words and their rarity."""
        self._question = set(words(question))
        self._question_text = question
        self._embedder = embedder
        self._sentences = [(run, sentence) for run in evidence for sentence in run.sentences]
        self._words = [set(words(sentence.text)) for _, sentence in self._sentences]
        self._windows = [self._window(row) for row in range(len(self._words))]
        held_by = Counter(word for held in self._words for word in held)
        total = len(self._words)
        self._idf = {word: math.log(1 + total / n) for word, n in held_by.items()}
        self._unknown_idf = math.log(1 + total)

    @cached_property
    def _vectors(self) -> Vectors:
        """Of the question, first, and the sentences; not made before the first claim is written."""
        texts = [sentence.text for _, sentence in self._sentences]
        return self._embedder.encode([self._question_text, *texts])

    def cite(self, claim: str) -> list[Quote]:
        """The smallest set of evidence sentences that supports `claim`, best first.

        Empty when the claim has no content or holds a number, name or denial that no evidence has.
        """
        weights = self._weights(claim, asked=_QUESTION_WEIGHT)
        if not weights or not self._sentences:
            return []
        cosines = self._cosines(claim)
        coverage = self._coverage(weights, self._words)
        in_context = self._coverage(weights, self._windows)
        relevance = self._vectors[1:] @ self._vectors[0]
        # of quotes that hold the same words, the one that answers the question is meant
        fit = coverage + 0.5 * in_context + 0.6 * cosines + 0.3 * relevance
        best = int(np.argmax(fit))
        if in_context[best] < _MIN_COVERAGE:
            return []
        chosen, covered = [best], set(self._words[best])
        while len(chosen) < _MAX_QUOTES:
            gains = self._coverage(weights, [held - covered for held in self._words])
            further = int(np.argmax(gains + 0.05 * cosines))
            if gains[further] < _GAIN or further in chosen:
                break
            chosen.append(further)
            covered |= self._words[further]
        if self._invents(claim, chosen):
            return []
        supported = support(self._signals(claim, cosines, chosen))
        return [Quote(*self._sentences[row], supported) for row in chosen]

    def signals(self, claim: str) -> Signals:
        """What speaks for `claim` in the evidence, whether or not it would be quoted for it."""
        weights = self._weights(claim)
        if not weights or not self._sentences:
            return Signals(0.0, 0.0, 0.0)
        cosines = self._cosines(claim)
        worded = int(np.argmax(self._coverage(weights, self._windows)))
        return self._signals(claim, cosines, [worded, int(np.argmax(cosines))])

    def _signals(self, claim: str, cosines: NDArray[np.float64], rows: Sequence[int]) -> Signals:
        """What speaks for `claim` in the sentences `rows`; words of the question count in full."""
        near = self._coverage(self._weights(claim), [self._windows[row] for row in rows])
        told = numbers(claim)
        missing = told - self._numbers(rows, reach=1)
        return Signals(
            words=float(near.max()),
            cosine=float(cosines[rows].max()),
            numbers=len(missing) / len(told) if told else 0.0,
        )

    def _cosines(self, claim: str) -> NDArray[np.float64]:
        likeness: NDArray[np.float64] = self._vectors[1:] @ self._embedder.encode([claim])[0]
        return likeness.clip(0.0, 1.0)

    def _weights(self, claim: str, asked: float = 1.0) -> dict[str, float]:
        """The words of `claim` by their idf; those of the question by `asked` of it."""
        return {
            word: self._idf.get(word, self._unknown_idf) * (asked if word in self._question else 1)
            for word in words(claim)
        }

    @staticmethod
    def _coverage(weights: dict[str, float], held: Sequence[set[str]]) -> NDArray[np.float64]:
        total = sum(weights.values())
        return np.array([sum(weights[w] for w in weights.keys() & some) / total for some in held])

    def _window(self, row: int, reach: int = 1) -> set[str]:
        """The words of a sentence, of its run's sentences up to `reach` off, and of its head."""
        held = [self._words[other] for other in self._near(row, reach)]
        return set(words(_head(self._sentences[row][0]))).union(*held)

    def _near(self, row: int, reach: int) -> list[int]:
        """The sentences of a sentence's run up to `reach` off, itself among them."""
        run = self._sentences[row][0]
        near = range(max(0, row - reach), min(len(self._sentences), row + reach + 1))
        return [other for other in near if self._sentences[other][0] is run]

    def _numbers(self, rows: Sequence[int], reach: int) -> set[str]:
        """The numbers told by sentences, those up to `reach` off, their heads and the question.

        When a comment was written is no number that it gives. "One" is seldom a count.
        """
        near = {other for row in rows for other in self._near(row, reach)}
        told = [unsigned(self._sentences[other][1].text) for other in near]
        heads = [_head(self._sentences[row][0]) for row in rows]
        return numbers(" ".join([*told, *heads, self._question_text])) | {"1"}

    def _invents(self, claim: str, rows: Sequence[int]) -> bool:
        """Whether the claim holds a number, a name or a denial that its quotes do not bear out."""
        if denies(claim) and not any(may_deny(self._sentences[row][1].text) for row in rows):
            return True  # "US officials deny it", made of what they say and who denies it next
        if not numbers(claim) <= self._numbers(rows, reach=0):
            return True
        near = set().union(*(self._window(row, reach=2) for row in rows))
        evidence = set().union(*self._words)
        mentioned = names(claim)
        if not all(stands_in(stem, near) for stem in mentioned - self._question):
            return True
        # the question's own names need not all stand there ("the Hot Air post"), but one has to:
        # what is said of Maliki's party is not so of Talabani's because the question asks for it
        asked = mentioned & self._question & evidence
        if asked and not any(stands_in(stem, near) for stem in asked):
            return True
        anywhere = self._question | evidence | near
        return not all(stands_in(stem, anywhere) for stem in first_word(claim))


def _head(run: Evidence) -> str:
    """What the model sees above a run: title, publisher, date, a comment's writer.

    The date stands there also as it is spoken.
    """
    try:
        day = date.fromisoformat(run.published)
    except ValueError:
        return f"{run.title} {run.source} {run.published} {run.writer}"
    spoken = f"{day:%A} {day:%B} {day.day}, {day.year}"
    return f"{run.title} {run.source} {run.published} {spoken} {run.writer}"
