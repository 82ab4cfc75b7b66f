"""Answer sentence -> the evidence sentences it rests on. The program cites, not the model.

The support of a claim by a quote is the mean of two figures, both 0 to 1:

- coverage: the share of the claim's words that the quote holds, each weighted by how rare it is
  in the evidence (idf), the words that the question already brought counting half;
- the cosine of the two sentences' vectors.

A number or a name in the claim that neither its quotes nor the question hold makes it
unsupported: those are what invented answers get wrong.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index.embed import Embedder, Vectors
from index.lexical import words
from index.split import sentence_spans
from rag.types import Evidence, SourceSentence

_MAX_QUOTES = 3
_GAIN = 0.12  # coverage that a further quote has to add
_QUESTION_WEIGHT = 0.5
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"\b[A-ZÀ-Þ][\w’'-]+")
_SPELLED = "zero one two three four five six seven eight nine ten eleven twelve"
_BARE_NUMBERS = {word: str(number) for number, word in enumerate(_SPELLED.split(" "))}


@dataclass(frozen=True, slots=True)
class Quote:
    """An evidence sentence found for a claim, with how well it and its fellows support it."""

    evidence: Evidence
    sentence: SourceSentence
    support: float


class Citer:
    """Matches the sentences of one answer to the evidence it was given."""

    def __init__(self, question: str, evidence: Sequence[Evidence], embedder: Embedder) -> None:
        """Prepare the evidence: its words, their rarity and its vectors."""
        self._question = set(words(question))
        self._question_text = question
        self._embedder = embedder
        self._sentences = [(run, sentence) for run in evidence for sentence in run.sentences]
        self._words = [set(words(sentence.text)) for _, sentence in self._sentences]
        texts = [question, *(sentence.text for _, sentence in self._sentences)]
        vectors = embedder.encode(texts)
        self._relevance = vectors[1:] @ vectors[0]
        self._vectors: Vectors = vectors[1:]
        held_by = Counter(word for held in self._words for word in held)
        total = len(self._words)
        self._idf = {word: math.log(1 + total / n) for word, n in held_by.items()}
        self._unknown_idf = math.log(1 + total)

    def cite(self, claim: str) -> list[Quote]:
        """The smallest set of evidence sentences that supports `claim`, best first.

        Empty when the claim has no content or holds a number or name that no evidence has.
        """
        weights = self._weights(claim)
        if not weights or not self._sentences:
            return []
        cosines = np.clip(self._vectors @ self._embedder.encode([claim])[0], 0.0, 1.0)
        total = sum(weights.values())
        coverage = np.array(
            [sum(weights[word] for word in weights.keys() & held) / total for held in self._words]
        )
        # of quotes that hold the same words, the one that answers the question is meant
        best = int(np.argmax(coverage + 0.6 * cosines + 0.3 * self._relevance))
        chosen, covered = [best], set(self._words[best])
        while len(chosen) < _MAX_QUOTES:
            gains = [self._gain(weights, covered, held) / total for held in self._words]
            further = int(np.argmax(np.array(gains) + 0.05 * cosines))
            if gains[further] < _GAIN or further in chosen:
                break
            chosen.append(further)
            covered |= self._words[further]
        if self._invents(claim, [self._sentences[row][1].text for row in chosen]):
            return []
        covers = sum(weights[word] for word in weights.keys() & covered) / total
        support = float(0.5 * covers + 0.5 * max(cosines[row] for row in chosen))
        return [Quote(*self._sentences[row], support) for row in chosen]

    def _weights(self, claim: str) -> dict[str, float]:
        return {
            word: self._idf.get(word, self._unknown_idf)
            * (_QUESTION_WEIGHT if word in self._question else 1.0)
            for word in words(claim)
        }

    @staticmethod
    def _gain(weights: dict[str, float], covered: set[str], held: set[str]) -> float:
        return sum(weights[word] for word in (weights.keys() & held) - covered)

    def _invents(self, claim: str, quotes: Sequence[str]) -> bool:
        """Whether a number or name of the claim is in no quote, its article's head or question."""
        heads = [f"{run.title} {run.source} {run.published}" for run, _ in self._sentences]
        known = " ".join([*quotes, *heads, self._question_text])
        if not _numbers(claim) <= _numbers(known):
            return True
        evidence = " ".join(sentence.text for _, sentence in self._sentences) + known
        stems = set(words(evidence))
        names = {stem for name in _names(claim) for stem in words(name)}
        return not names <= stems


def split_claims(text: str) -> list[tuple[int, int]]:
    """Offsets of the sentences of an answer."""
    return sentence_spans(text)


def _numbers(text: str) -> set[str]:
    digits = {found.replace(",", "").rstrip(".") for found in _NUMBER.findall(text)}
    spelled = {_BARE_NUMBERS[w] for w in re.findall(r"[a-z]+", text.lower()) if w in _BARE_NUMBERS}
    return digits | (spelled - {"1"})  # "one" is seldom a count


def _names(text: str) -> list[str]:
    """Capitalised words but for a sentence's first, which is capitalised anyway."""
    return [found.group() for found in _NAME.finditer(text) if found.start() > 0]
