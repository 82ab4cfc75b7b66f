"""Hybrid search: dense and BM25, over passages and over sentences, in a convex combination.

A row's score is weight * cosine + (1 - weight) * BM25, each brought to 0..1 for the query at hand
(Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval"): unlike a
fusion of ranks it keeps how far apart two rows are. Passages are scored once more with the query
moved towards the best of them (pseudo-relevance feedback: Rocchio 1971), more by their vectors
then, and gain where much of their article was found. The weights were chosen on one half of the
queries of three sets, among equals on all of them, and on the tuning questions; docs/experiments.md
has the figures. A question for the latest, newest or most recent adds a small share for the day of
the article; other questions take no notice of it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.comments import Writer, announced, signed, writer
from index.embed import Vectors
from index.lexical import Scores
from index.store import Index
from rag.filters import allows, day
from rag.orders import gives_orders
from rag.rerank import FIRST, Ranked, Reranker, reordered
from rag.types import Evidence, Filters, Passage, SourceSentence

_DEPTH = 100  # rows that each search contributes
_GROUP = 128  # rows of which the highest score is looked at before each
_DENSE = 0.4  # weight of the cosine beside that of BM25, of sentences
_DENSE_PASSAGES = 0.65  # the same of passages, whose cosine counts from 0 on
_DENSE_MOVED = 0.82  # and of passages by the moved query, for which the words have spoken before
_FALL = 1.5  # power of a passage's share of the best BM25: what is half as good counts for less
_FEEDBACK, _FED_BACK = 0.5, 2  # weight of the best passages beside the query, and how many they are
_ARTICLE = 0.5  # weight of what was found of a passage's article, beside its own score
_FOLLOWER = 1 / 3  # weight of the sentence behind, whose text in the index holds this one too
_PARENT = 1 / 4  # weight of the passage that a sentence is in
_TRACE = 1e-6  # of a score: what was found, however far off, is not what was not found
_RECENCY = 0.1  # weight of an article's newness, where a question asks for what is newest
_NEWEST = re.compile(r"(?<!at the )\b(?:latest|newest|most recent(?:ly)?)\b", re.IGNORECASE)
_NEIGHBOURS = 1  # sentences kept on each side of a found one
_REACH = 2  # sentences beyond them in which the name of a comment's writer is looked for


class Scored(NamedTuple):
    """The rows that a query found, which are few, and nothing of all the others."""

    rows: NDArray[np.int64]  # in reading order, shape (found,)
    values: Scores  # above 0, up to 1, shape (found,)

    def of(self, rows: NDArray[np.int64]) -> Scores:
        """The values of `rows`, 0 of one that was not found."""
        if not len(self.rows):
            return np.zeros(len(rows), dtype=np.float32)
        places = np.searchsorted(self.rows, rows).clip(max=len(self.rows) - 1)
        found: Scores = np.where(self.rows[places] == rows, self.values[places], np.float32(0))
        return found


class Search:
    """One query's scores of an index's passages and sentences."""

    def __init__(
        self,
        index: Index,
        query: str,
        vector: Vectors,
        filters: Filters | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        """Search `index` for `query`, whose vector has shape (dimension,), within `filters`.

        A `reranker` has the last word on the first of what is found.
        """
        self._index, self._query, self._reranker = index, query, reranker
        within = within_filters(index, filters or Filters())
        sentences_within = None if within is None else within[index.passage_rows]
        rows, cosines = index.dense_passages.search(vector, _DEPTH, within)
        self._cosines = dict(zip(rows.tolist(), cosines.tolist(), strict=True))
        self._bm25 = _masked(index.lexical_passages.scores(query), within)
        self._worded = _highest(self._bm25, _DEPTH)
        self._of_passages = self._passages_scored(vector, np.union1d(rows, self._worded))
        bm25 = _masked(index.lexical_sentences.scores(query), sentences_within)
        rows, cosines = index.dense_sentences.search(vector, _DEPTH, sentences_within)
        self._of_sentences = self._with_company(
            _combined(rows, cosines, bm25, _highest(bm25, _DEPTH))
        )
        if _NEWEST.search(query):
            newness = _newness(index)
            of_passages = newness[index.article_rows[self._of_passages.rows]]
            rows = index.passage_rows[self._of_sentences.rows]
            self._of_passages = _lifted(self._of_passages, of_passages)
            self._of_sentences = _lifted(self._of_sentences, newness[index.article_rows[rows]])

    @property
    def reranked(self) -> bool:
        """Whether a cross-encoder has had the last word."""
        return self._reranker is not None

    def passages(self, k: int) -> list[Passage]:
        """The `k` best passages, best first, with their scores and ranks.

        Of near-equal ones (`index.duplicates`) the best alone is among them.
        """
        passages, originals = self._index.passages, self._index.passage_originals

        def whole(row: int) -> str:
            return f"{passages[row].title}\n{passages[row].text}"

        ranked = self._ranked(self._of_passages, k, originals, whole)
        dense = _places(self._cosines)
        lexical = _places(self._worded.tolist())
        return [
            replace(
                passages[row],
                score=score,
                dense_score=self._cosines.get(row, 0.0),
                lexical_score=float(self._bm25[row]),
                rank=rank,
                dense_rank=dense.get(row, 0),
                lexical_rank=lexical.get(row, 0),
            )
            for rank, (row, score) in enumerate(ranked, start=1)
        ]

    def sentences(self, k: int) -> Ranked:
        """Rows of the `k` best sentences with their scores, best first; no near-equal ones."""
        index = self._index

        def in_window(row: int) -> str:
            return _run(index, _around(index, row), 0.0).text

        return self._ranked(self._of_sentences, k, index.sentence_originals, in_window)

    def _ranked(
        self, scores: Scored, k: int, originals: NDArray[np.int64], text: Callable[[int], str]
    ) -> Ranked:
        if self._reranker is None:
            return _best(scores, k, originals)
        ranked = _best(scores, max(k, FIRST), originals)
        return reordered(self._reranker, self._query, ranked, text)[:k]

    def _passages_scored(self, vector: Vectors, rows: NDArray[np.int64]) -> Scored:
        """The passages at `rows`, which either search found, in the light of each other."""
        if not len(rows):
            return Scored(rows, np.empty(0, dtype=np.float32))
        index, bm25 = self._index, self._bm25[rows]
        vectors = index.dense_passages.vectors(rows)
        first = _weighed(vectors @ vector, bm25, _DENSE_PASSAGES)
        best = np.argsort(-first, kind="stable")[:_FED_BACK]
        moved = vector + _FEEDBACK * vectors[best].mean(axis=0)
        alone = _weighed(vectors @ moved, bm25, _DENSE_MOVED)
        articles = index.article_rows[rows]
        # what was not found counts as the last that was; of a long article more has to be found
        found = np.bincount(articles, alone - alone.min(), minlength=len(index.passage_counts))
        total = alone + _ARTICLE * found[articles] / index.passage_counts[articles]
        return Scored(rows, (total / (1 + _ARTICLE)).astype(np.float32))

    def _with_company(self, alone: Scored) -> Scored:
        """Sentences' scores with a share of what stands around them.

        A sentence is indexed behind the one before it, so the score of the next one speaks of
        this one and of what follows it; that of its passage, of the subject.
        """
        rows = alone.rows
        behind = alone.of(self._index.next_rows[rows])
        parent = self._of_passages.of(self._index.passage_rows[rows])
        total = alone.values + _FOLLOWER * behind + _PARENT * parent
        values: Scores = total / (1 + _FOLLOWER + _PARENT)
        return Scored(rows, values)


def _places(ranked: Iterable[int]) -> dict[int, int]:
    """The place, counted from 1, of each row among the `ranked`."""
    return {row: place for place, row in enumerate(ranked, start=1)}


def _newness(index: Index) -> Scores:
    """How new each article is among all days, 0..1, 0 where it states none; (articles,)."""
    days = [day(article.published) for article in index.articles.values()]
    order = {found: place for place, found in enumerate(sorted(filter(None, set(days))), start=1)}
    ages = [order[found] / len(order) if found else 0.0 for found in days]
    return np.array(ages, dtype=np.float32)


def _lifted(scored: Scored, newness: Scores) -> Scored:
    """With a share of the `newness` of each row that was found, shape (found,)."""
    values = (scored.values + _RECENCY * newness) / (1 + _RECENCY)
    return Scored(scored.rows, values.astype(np.float32))


def within_filters(index: Index, filters: Filters) -> NDArray[np.bool_] | None:
    """Which passages `filters` let through, shape (passages,); None where all are."""
    if filters == Filters():
        return None
    let = [allows(filters, article) for article in index.articles.values()]
    found: NDArray[np.bool_] = np.array(let, dtype=np.bool_)[index.article_rows]
    return found


def _masked(scores: Scores, within: NDArray[np.bool_] | None) -> Scores:
    return scores if within is None else np.where(within, scores, np.float32(0))


def windows(index: Index, ranked: Sequence[tuple[int, float]], limit: int) -> list[Evidence]:
    """The ranked rows of sentences, each with its neighbours, best first; at most `limit`.

    A sentence that stands in the window of a better one, or is a copy of one that does, gets none
    of its own. What a window shows depends on its sentence alone, never on the question: what was
    read of it once can be kept. A sentence that gives orders to a model is in none (`rag.orders`).
    """
    shown: set[int] = set()
    found: list[Evidence] = []
    for row, score in ranked:
        if int(index.sentence_originals[row]) in shown or len(found) == limit:
            continue
        if gives_orders(index.sentences[row].text):
            continue
        rows = _around(index, row)
        shown.update(index.sentence_originals[rows].tolist())
        found.append(_run(index, rows, score))
    return found


def _around(index: Index, row: int) -> list[int]:
    """A sentence's row with its neighbours; of a reader's comment, as far as its writer's name.

    A window does not reach from one comment into another, whose writer would seem to speak, nor as
    far as a sentence that gives orders to whoever reads it.
    """
    sentences = index.sentences

    def ends(at: int) -> bool:
        """Whether what is behind row `at` does not belong to the same article or comment."""
        if at < 0 or int(index.next_rows[at]) == at:
            return True
        return any(gives_orders(sentences[each].text) for each in (at, at + 1))

    low = high = row
    while low > row - _NEIGHBOURS and not ends(low - 1):
        low -= 1
    while high < row + _NEIGHBOURS and not ends(high):
        high += 1
    for end in range(high, high + _REACH + 1):
        if signed(sentences[end].text):
            high = end
        if ends(end):
            break
    for start in range(low, low - _REACH - 1, -1):
        if announced(sentences[start].text):
            low = start
        if ends(start - 1):
            break
    return list(range(low, high + 1))


def _run(index: Index, rows: list[int], score: float) -> Evidence:
    sentences = tuple(index.sentences[row] for row in rows)
    article = index.articles[sentences[0].article_id]
    start, end = sentences[0].start, sentences[-1].end
    written = writer(index.sentences, rows[0])
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
        writer=written.name if written else "",
        signature=_signature(index, written),
    )


def _signature(index: Index, written: Writer | None) -> SourceSentence | None:
    """The sentence that says for certain whose comment it is; none that gives orders."""
    if written is None or not written.certain:
        return None
    sentence = index.sentences[written.row]
    return None if gives_orders(sentence.text) else sentence


def _combined(
    rows: NDArray[np.int64], cosines: Vectors, bm25: Scores, top: NDArray[np.int64]
) -> Scored:
    """The sentences that either search found, each by itself.

    `rows` are those that the vectors found, with their `cosines`; `top` those that the words did,
    by `bm25` of shape (all rows,).
    """
    found = np.union1d(rows, top)
    values = np.zeros(len(found), dtype=np.float32)
    if len(rows):
        # cosines have no zero of their own: the last one found is as good as not found
        lowest, highest = cosines.min(), cosines.max()
        shares = _DENSE * (cosines - lowest + _TRACE) / (highest - lowest + _TRACE)
        values[np.searchsorted(found, rows)] = shares
    if len(top):
        values[np.searchsorted(found, top)] += (1 - _DENSE) * bm25[top] / bm25[top].max()
    return Scored(found, values)


def _weighed(cosines: Vectors, bm25: Scores, dense: float) -> Scores:
    """The score of each passage that was found, by itself: about 0..1, the best of both has 1.

    `dense` is the weight of the cosine.
    """
    # one below 0 is as far off as any, but they keep their order
    near = cosines.clip(min=0) / max(cosines.max(), _TRACE) + _TRACE * (1 + cosines)
    worded = (bm25 / max(bm25.max(), _TRACE)) ** _FALL
    found: Scores = dense * near + (1 - dense) * worded
    return found


def _highest(scores: Scores, k: int) -> NDArray[np.int64]:
    """Rows of the `k` highest scores above 0, equal ones in reading order; fewer if there are.

    Nearly all rows of a large index score 0, so that whole groups of them are passed over; a
    group's rows stand equally far apart.
    """
    length = len(scores) // _GROUP
    groups = scores[: _GROUP * length].reshape(_GROUP, length).max(axis=0)
    lowest = 0.0
    if length >= k:  # k groups hold a row as high as this: no lower one is among the k highest
        lowest = float(np.partition(groups, length - k)[length - k])
    held = np.flatnonzero((groups > 0) & (groups >= lowest))
    grouped = held + length * np.arange(_GROUP)[:, np.newaxis]
    rows = np.concatenate([grouped.ravel(), np.arange(_GROUP * length, len(scores))])
    rows = np.sort(rows[(scores[rows] > 0) & (scores[rows] >= lowest)])
    found: NDArray[np.int64] = rows[np.argsort(-scores[rows], kind="stable")[:k]]
    return found


def _best(scored: Scored, k: int, originals: NDArray[np.int64]) -> Ranked:
    """The `k` rows that score highest, equal ones in reading order, with their scores.

    Of rows with one original, the first in rank stays and the others leave their places.
    """
    order = np.argsort(-scored.values, kind="stable")
    _, firsts = np.unique(originals[scored.rows[order]], return_index=True)
    order = order[np.sort(firsts)[:k]]
    return [(int(scored.rows[place]), float(scored.values[place])) for place in order]
