"""How well do sentences bear a claim out? A probability from signals that need no language model.

Three signals, each of the claim against the sentences that speak of it:

- words: the share of its words, weighted by idf, in one sentence with those beside it;
- cosine: its vector's likeness to the nearest sentence's;
- numbers: the share of its numbers that stand near neither of these two places.

They are joined by logistic regression, fitted to whether a claim is supported on the tuning half of
WiCE (Kamoi et al. 2023); `python -m benchmarks.support` fits them and reports on the other half.
Late interaction of the tokens adds nothing that chance would not (docs/experiments.md).
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from index.embed import Embedder, Vectors
from index.lexical import words
from rag.mentions import numbers


class Signals(NamedTuple):
    """What speaks for a claim, each 0 to 1 but `numbers`, which speaks against it."""

    words: float
    cosine: float
    numbers: float


_WEIGHTS, _CONSTANT = Signals(3.71, 5.89, -1.39), -5.96  # of the log odds of support


class Support:
    """The sentences that claims are held to."""

    def __init__(self, sentences: Sequence[str], embedder: Embedder) -> None:
        """Prepare `sentences`, in the order of their text: their words and vectors."""
        self._embedder = embedder
        held = [set(words(sentence)) for sentence in sentences]
        near = [slice(max(0, at - 1), at + 2) for at in range(len(sentences))]
        self._near = [" ".join(sentences[beside]) for beside in near]
        self._held = [set[str]().union(*held[beside]) for beside in near]
        held_by = Counter(word for one in held for word in one)
        self._idf = {word: math.log(1 + len(held) / count) for word, count in held_by.items()}
        self._unknown_idf = math.log(1 + len(held))
        self.vectors: Vectors = embedder.encode(sentences)

    def of(self, claim: str, given: str = "") -> float:
        """Probability (0 to 1) that the sentences bear `claim` out; see `signals`."""
        return probability(self.signals(claim, given))

    def signals(self, claim: str, given: str = "") -> Signals:
        """The signals of `claim`; all of them 0 where there is nothing to compare.

        A number that is `given`, as by the question, need not be borne out.
        """
        weights = {word: self._idf.get(word, self._unknown_idf) for word in words(claim)}
        total = sum(weights.values())
        if not total:  # no words, or no sentences
            return Signals(0.0, 0.0, 0.0)
        held = [sum(weights[w] for w in weights.keys() & near) / total for near in self._held]
        cosines = np.clip(self.vectors @ self._embedder.encode([claim])[0], 0.0, 1.0)
        best = {int(np.argmax(held)), int(np.argmax(cosines))}
        told = numbers(claim) - numbers(given)
        missing = told.difference(*(numbers(self._near[at]) for at in best))
        return Signals(max(held), float(cosines.max()), len(missing) / len(told) if told else 0.0)


def probability(found: Signals) -> float:
    """What the signals of a claim say together."""
    odds = _CONSTANT + sum(w * signal for w, signal in zip(_WEIGHTS, found, strict=True))
    return 1.0 / (1.0 + math.exp(-odds))
