"""Hybrid search: dense and BM25, over passages and over sentences, joined by rank fusion.

Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): a row's score is the sum over the
rankings of 1 / (60 + rank). It needs no scales to agree, and no training.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from index.embed import Vectors
from index.store import Index
from rag.types import Evidence, Passage

_RRF = 60
_DEPTH = 100  # rows that each ranking contributes
_NEIGHBOURS = 1  # sentences kept on each side of a found one

Ranks = dict[int, int]


class Search:
    """One query's rankings of an index's passages and sentences, each made once."""

    def __init__(self, index: Index, query: str, vector: Vectors) -> None:
        """Search `index` for `query`, whose vector has shape (dimension,)."""
        self._index = index
        dense, self._cosines = _dense_ranks(index.dense_passages.search(vector, _DEPTH))
        self._bm25 = index.lexical_passages.scores(query)
        self._of_passages = [dense, _lexical_ranks(self._bm25)]
        self._of_sentences = [
            _dense_ranks(index.dense_sentences.search(vector, _DEPTH))[0],
            _lexical_ranks(index.lexical_sentences.scores(query)),
        ]

    def passages(self, k: int) -> list[Passage]:
        """The `k` best passages, best first, with their ranks and scores."""
        fused = {row: _score(self._of_passages, row) for row in set().union(*self._of_passages)}
        return [
            replace(
                self._index.passages[row],
                score=fused[row],
                dense_score=self._cosines.get(row, 0.0),
                lexical_score=float(self._bm25[row]),
                rank=rank,
            )
            for rank, row in enumerate(_best(fused, k), start=1)
        ]

    def sentences(self, k: int) -> list[tuple[int, float]]:
        """Rows of the `k` best sentences with their fused scores, best first.

        Four rankings take part: dense and BM25 of the sentence itself, and those of its passage.
        """
        parents = self._index.passage_rows
        fused = {
            row: _score(self._of_sentences, row) + _score(self._of_passages, int(parents[row]))
            for row in set().union(*self._of_sentences)
        }
        return [(row, fused[row]) for row in _best(fused, k)]


def windows(index: Index, ranked: Sequence[tuple[int, float]], limit: int) -> list[Evidence]:
    """The ranked rows of sentences, each with its neighbours, best first; at most `limit`.

    A sentence that stands in the window of a better one gets none of its own. What a window shows
    depends on its sentence alone, never on the question: what was read of it once can be kept.
    """
    shown: set[int] = set()
    found: list[Evidence] = []
    for row, score in ranked:
        if row in shown or len(found) == limit:
            continue
        rows = _around(index, row)
        shown.update(rows)
        found.append(_run(index, rows, score))
    return found


def _around(index: Index, row: int) -> list[int]:
    article = index.sentences[row].article_id
    near = range(max(0, row - _NEIGHBOURS), min(len(index.sentences), row + _NEIGHBOURS + 1))
    return [r for r in near if index.sentences[r].article_id == article]


def _run(index: Index, rows: list[int], score: float) -> Evidence:
    sentences = tuple(index.sentences[row] for row in rows)
    article = index.articles[sentences[0].article_id]
    start, end = sentences[0].start, sentences[-1].end
    return Evidence(
        article_id=article.id,
        passage_id=sentences[0].passage_id,
        title=article.title,
        path=article.path,
        source=article.source,
        published=article.published,
        sentences=sentences,
        text=article.text[start:end],
        start=start,
        end=end,
        score=score,
    )


def _dense_ranks(found: tuple[NDArray[np.int64], Vectors]) -> tuple[Ranks, dict[int, float]]:
    rows, cosines = found
    order = np.lexsort((rows, -cosines))  # equal ones in reading order
    rows, cosines = rows[order], cosines[order]
    ranks = {int(row): rank for rank, row in enumerate(rows, start=1)}
    return ranks, {int(row): float(cosine) for row, cosine in zip(rows, cosines, strict=True)}


def _lexical_ranks(scores: NDArray[np.float32]) -> Ranks:
    k = min(_DEPTH, len(scores))
    top = np.argpartition(-scores, k - 1)[:k]
    top = top[np.lexsort((top, -scores[top]))]
    return {int(row): rank for rank, row in enumerate(top, start=1) if scores[row] > 0}


def _best(fused: dict[int, float], k: int) -> list[int]:
    """The `k` rows that score highest, equal ones in reading order."""
    return sorted(fused, key=lambda row: (-fused[row], row))[:k]


def _score(rankings: Sequence[Ranks], row: int) -> float:
    return sum(1.0 / (_RRF + ranks[row]) for ranks in rankings if row in ranks)
