"""Which of the windows found is looked at first: late interaction of its words and the question's.

Each token of the question is held to the token of the window that is most like it, and these
likenesses are summed (Khattab and Zaharia 2020, "ColBERT: Efficient and Effective Passage Search
via Contextualized Late Interaction over BERT"), by the encoder's own vectors of tokens. A token
counts for the more, the fewer of the windows hold it (idf of Robertson and Sparck Jones).

One vector says what a text is about, and the windows of a search are all about the same; this says
which of them speaks of each thing that was asked for. docs/experiments.md has the figures.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from index.embed import Embedder
from rag.types import Evidence

_FOUND = 1 / 4  # weight of the search's own score beside the mean likeness


def by_interaction(question: str, found: Sequence[Evidence], embedder: Embedder) -> list[Evidence]:
    """The windows `found`, those first that answer `question` best; equal ones as they were.

    Each has for its score what it was ordered by, where there was something to compare.
    """
    if len(found) < 2:
        return list(found)
    alike = likenesses(question, [window.text for window in found], embedder)
    if alike is None:
        return list(found)
    scores = [
        _FOUND * window.score + likeness for window, likeness in zip(found, alike, strict=True)
    ]
    order = sorted(range(len(found)), key=scores.__getitem__, reverse=True)
    return [replace(found[at], score=scores[at]) for at in order]


def likenesses(question: str, texts: Sequence[str], embedder: Embedder) -> list[float] | None:
    """How much of `question` each of the `texts` speaks of, -1 to 1 (0 of one without a word).

    A token of the question that few of them hold counts for more. None for an encoder that has no
    vectors of tokens.
    """
    read = embedder.tokens(texts)
    asking = embedder.tokens([question])
    if read is None or asking is None:
        return None
    (asked,) = asking
    held_by = Counter(token for text in read for token in set(text.ids.tolist()))
    holding = np.array([held_by[token] for token in asked.ids.tolist()], dtype=np.float64)
    idf = np.log1p((len(texts) - holding + 0.5) / (holding + 0.5))
    found = [0.0] * len(texts)
    for at, text in enumerate(read):
        if len(asked.ids) and len(text.ids):
            nearest = (asked.vectors @ text.vectors.T).max(axis=1)
            found[at] = float(nearest @ idf / idf.sum())
    return found
