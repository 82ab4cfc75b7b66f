"""The search, held against the same computed in the straightforward way over all rows."""

import random

import numpy as np
import pytest
from fakes import HashEmbedder
from hypothesis import given
from hypothesis import strategies as st

from index.build import build
from index.lexical import Scores
from index.store import Index
from index.types import Article
from rag import retrieve
from rag.filters import allows, day
from rag.retrieve import Search, _highest
from rag.types import Filters

EMBEDDER = HashEmbedder()
WORDS = ["harbour", "crane", "flood", "river", "delegate", "rocket", "truce", "cleric", "vote"]
WORDS += ["minister", "strike", "bridge"]
QUERIES = ("Which minister asked for a truce?", "the latest strike at the harbour", "zzz", "bridge")
FILTERS = (Filters(), Filters("Times"), Filters(published_after="2003-01-01"), Filters("None"))


@pytest.fixture(scope="module", name="index")
def made() -> Index:
    rng = random.Random(0)
    articles = []
    for number in range(60):
        lines = (" ".join(rng.choices(WORDS, k=rng.randint(3, 9))) for _ in range(30))
        text = " ".join(f"{line.capitalize()}." for line in lines)
        source = rng.choice(["Times", "Post"])
        published = rng.choice(["", f"200{number % 10}-05-01"])
        name = f"{number}.md"
        articles.append(Article(name, "T", name, text, source, published))
    return build(articles, EMBEDDER, 120)


def combined(index_dense: object, vector: Scores, bm25: Scores, within: np.ndarray) -> Scores:
    let = np.flatnonzero(within)
    total = np.zeros(len(bm25), np.float32)
    if len(let):
        rows, cosines = index_dense.search(vector, 100, within)  # type: ignore[attr-defined]
        spread = cosines.max() - cosines.min() + 1e-6
        total[rows] = 0.4 * (cosines - cosines.min() + 1e-6) / spread
    bm25 = np.where(within, bm25, np.float32(0))
    if bm25.max() > 0:
        best = np.lexsort((np.arange(len(bm25)), -bm25))[:100]
        total[best] += 0.6 * bm25[best] / bm25.max()
    return total


def passages_scored(index: Index, vector: Scores, bm25: Scores, within: np.ndarray) -> Scores:
    total = np.zeros(len(bm25), np.float32)
    bm25 = np.where(within, bm25, np.float32(0))
    vectors = index.dense_passages.vectors(np.arange(len(bm25)))
    near = index.dense_passages.search(vector, 100, within)[0].tolist()
    worded = [row for row in np.lexsort((np.arange(len(bm25)), -bm25))[:100] if bm25[row] > 0]
    found = sorted({*near, *worded})
    if not found:
        return total

    def weighed(query: Scores, dense: float) -> dict[int, float]:
        cosines = {row: float(vectors[row] @ query) for row in found}
        best, most = max(1e-6, *cosines.values()), max(1e-6, *(bm25[row] for row in found))
        near = {row: max(cosines[row], 0) / best + 1e-6 * (1 + cosines[row]) for row in found}
        worded = {row: (bm25[row] / most) ** 1.5 for row in found}
        return {row: dense * near[row] + (1 - dense) * worded[row] for row in found}

    first = weighed(vector, 0.65)
    best = sorted(found, key=lambda row: -first[row])[:2]
    alone = weighed(vector + 0.5 * np.mean([vectors[row] for row in best], axis=0), 0.82)
    lowest = min(alone.values())
    for row in found:
        of_article = [
            place
            for place, passage in enumerate(index.passages)
            if passage.article_id == index.passages[row].article_id
        ]
        share = sum(alone.get(place, lowest) - lowest for place in of_article) / len(of_article)
        total[row] = (alone[row] + 0.5 * share) / 1.5
    return total


def straightforward(index: Index, query: str, filters: Filters) -> tuple[Scores, Scores]:
    """The scores of all passages and of all sentences."""
    vector = EMBEDDER.encode([query])[0]
    let = [allows(filters, index.articles[p.article_id]) for p in index.passages]
    within = np.array(let)
    bm25 = index.lexical_passages.scores(query)
    passages = passages_scored(index, vector, bm25, within)
    alone = combined(
        index.dense_sentences,
        vector,
        index.lexical_sentences.scores(query),
        within[index.passage_rows],
    )
    around = alone[index.next_rows] / 3 + passages[index.passage_rows] / 4
    sentences = np.where(alone > 0, (alone + around) / (1 + 1 / 3 + 1 / 4), 0)
    if "latest" in query:
        days = {name: day(article.published) for name, article in index.articles.items()}
        known = sorted({found for found in days.values() if found})
        place = {name: known.index(d) + 1 if d else 0 for name, d in days.items()}
        newness = np.array([place[p.article_id] / len(known) for p in index.passages])
        passages = np.where(passages > 0, (passages + 0.1 * newness) / 1.1, 0)
        by_sentence = newness[index.passage_rows]
        sentences = np.where(sentences > 0, (sentences + 0.1 * by_sentence) / 1.1, 0)
    return passages, sentences


@pytest.mark.parametrize("group", [2, 64])
@pytest.mark.parametrize("filters", FILTERS, ids=repr)
@pytest.mark.parametrize("query", QUERIES)
def test_the_scores_are_those_of_the_straightforward_computation(
    index: Index, query: str, filters: Filters, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieve, "_GROUP", group)  # 2: groups are looked at in this index too
    assert len(index.passages) > 250
    search = Search(index, query, EMBEDDER.encode([query])[0], filters)
    passages, sentences = straightforward(index, query, filters)
    for scored, plain in ((search._of_passages, passages), (search._of_sentences, sentences)):
        np.testing.assert_allclose(scored.of(np.arange(len(plain))), plain, atol=2e-6)
    assert bool(search.passages(5)) == bool(passages.any())


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 5, 63, 640, 6_399, 6_400, 20_001]),
    st.sampled_from([1, 3, 1_000_000]),
    st.sampled_from([0.0, 0.001, 0.02, 1.0]),
)
def test_the_highest_are_found_without_sorting_all(
    seed: int, rows: int, values: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(1, values + 1, size=rows).astype(np.float32)
    scores[rng.random(rows) >= share] = 0
    ranked = np.lexsort((np.arange(rows), -scores))[:100]
    assert _highest(scores, 100).tolist() == ranked[scores[ranked] > 0].tolist()
