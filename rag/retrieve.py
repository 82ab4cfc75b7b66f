"""Hybrid search: dense and BM25, over passages and over sentences, joined by rank fusion.

Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): a row's score is the sum over the
rankings of 1 / (60 + rank). It needs no scales to agree, and no training.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from index.embed import Vectors
from index.store import Index
from rag.types import Evidence, Passage, SourceSentence

_RRF = 60
_DEPTH = 100  # rows that each ranking contributes
_NEIGHBOURS = 1  # sentences kept on each side of a found one

Ranks = dict[int, int]


def rank_passages(index: Index, query: str, vector: Vectors, k: int) -> list[Passage]:
    """The `k` best passages for `query`, best first, with their ranks and scores."""
    dense, cosines = _dense_ranks(index.dense_passages.search(vector, _DEPTH))
    bm25 = index.lexical_passages.scores(query)
    fused = _fuse([dense, _lexical_ranks(bm25)])
    best = sorted(fused, key=lambda row: (-fused[row], row))[:k]
    return [
        replace(
            index.passages[row],
            score=fused[row],
            dense_score=cosines.get(row, 0.0),
            lexical_score=float(bm25[row]),
            rank=rank,
        )
        for rank, row in enumerate(best, start=1)
    ]


def rank_sentences(
    index: Index, query: str, vector: Vectors, k: int
) -> list[tuple[SourceSentence, float]]:
    """The `k` best sentences with their fused scores, best first.

    Four rankings take part: dense and BM25 of the sentence itself, and those of its passage.
    """
    own = [
        _dense_ranks(index.dense_sentences.search(vector, _DEPTH))[0],
        _lexical_ranks(index.lexical_sentences.scores(query)),
    ]
    passages = [
        _dense_ranks(index.dense_passages.search(vector, _DEPTH))[0],
        _lexical_ranks(index.lexical_passages.scores(query)),
    ]
    passage_row = {passage.id: row for row, passage in enumerate(index.passages)}
    fused: dict[int, float] = {}
    for row in set().union(*own):
        parent = passage_row[index.sentences[row].passage_id]
        fused[row] = _score(own, row) + _score(passages, parent)
    best = sorted(fused, key=lambda row: (-fused[row], row))[:k]
    return [(index.sentences[row], fused[row]) for row in best]


def gather(
    index: Index,
    ranked: Sequence[tuple[SourceSentence, float]],
    budget: int,
    count: Callable[[str], int],
) -> list[Evidence]:
    """Ranked sentences with their neighbours, merged into runs of one article's text.

    Sentences are taken best first while `count` of their text keeps within `budget` tokens, the
    best one at any length; the runs come best first. `text` of each equals the article's text at
    its offsets.
    """
    rows = {(s.article_id, s.start): row for row, s in enumerate(index.sentences)}
    taken: dict[int, float] = {}
    spent = 0
    for sentence, score in ranked:
        row = rows[(sentence.article_id, sentence.start)]
        wanted = [row, *_neighbours(index, row)]
        cost = sum(count(index.sentences[r].text) for r in wanted if r not in taken)
        if spent + cost > budget:
            wanted = [row]  # the sentence alone may still fit
            cost = 0 if row in taken else count(sentence.text)
            if taken and spent + cost > budget:
                continue
        spent += cost
        for r in wanted:
            taken[r] = max(taken.get(r, 0.0), score)
    runs = [_run(index, run, max(taken[r] for r in run)) for run in _runs(index, sorted(taken))]
    return sorted(runs, key=lambda run: -run.score)


def _neighbours(index: Index, row: int) -> list[int]:
    article = index.sentences[row].article_id
    around = range(max(0, row - _NEIGHBOURS), min(len(index.sentences), row + _NEIGHBOURS + 1))
    return [r for r in around if r != row and index.sentences[r].article_id == article]


def _runs(index: Index, rows: Iterable[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for row in rows:
        follows = runs and runs[-1][-1] == row - 1
        if follows and index.sentences[row - 1].article_id == index.sentences[row].article_id:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


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


def _fuse(rankings: Sequence[Ranks]) -> dict[int, float]:
    return {row: _score(rankings, row) for row in set().union(*rankings)}


def _score(rankings: Sequence[Ranks], row: int) -> float:
    return sum(1.0 / (_RRF + ranks[row]) for ranks in rankings if row in ranks)
