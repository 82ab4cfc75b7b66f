"""Vector search: exact for few rows, by a sketch for many, and the same to its users."""

from pathlib import Path

import numpy as np
import pytest
from fakes import HashEmbedder, Opening

from index import dense
from index.dense import DenseIndex
from index.embed import Vectors
from index.errors import IndexStoreError
from index.store import Index
from rag.retrieve import Search

ROWS, DIMENSION = 3_000, 32


def unit(vectors: Vectors) -> Vectors:
    found: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found.astype(np.float32)


@pytest.fixture
def vectors() -> Vectors:
    """Rows around sixty topics."""
    rng = np.random.default_rng(0)
    topics = rng.standard_normal((60, DIMENSION))
    return unit(topics[rng.integers(60, size=ROWS)] + 1.1 * rng.standard_normal((ROWS, DIMENSION)))


@pytest.fixture
def queries(vectors: Vectors) -> Vectors:
    noise = np.random.default_rng(1).standard_normal((40, DIMENSION))
    return unit(vectors[:40] + 0.1 * noise.astype(np.float32))


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty rows count as many, and few are looked at by their vectors."""
    monkeypatch.setattr(dense, "EXACT_UP_TO", 20)
    monkeypatch.setattr(dense, "_SHORTEST", 40)


def nearest(vectors: Vectors, query: Vectors, k: int, among: np.ndarray | None = None) -> list[int]:
    rows = np.arange(len(vectors)) if among is None else among
    return [int(row) for row in rows[np.argsort(-(vectors[rows] @ query), kind="stable")[:k]]]


def test_the_border_is_between_exact_and_approximate(
    vectors: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "EXACT_UP_TO", 100)
    assert DenseIndex.build(vectors[:100]).exact
    assert not DenseIndex.build(vectors[:101]).exact


@pytest.mark.usefixtures("large")
def test_nearly_all_of_the_nearest_are_found_with_their_true_cosines(
    vectors: Vectors, queries: Vectors
) -> None:
    index = DenseIndex.build(vectors)
    recalls = []
    for query in queries:
        rows, cosines = index.search(query, 10)
        np.testing.assert_allclose(cosines, vectors[rows] @ query, atol=1e-5)
        assert (np.diff(cosines) <= 0).all()
        recalls.append(len(set(rows.tolist()) & set(nearest(vectors, query, 10))) / 10)
    assert 0.95 <= np.mean(recalls) < 1, "one that finds all has looked at all"


@pytest.mark.usefixtures("large")
def test_equal_vectors_make_equal_indexes(
    vectors: Vectors, queries: Vectors, tmp_path: Path
) -> None:
    one, other = DenseIndex.build(vectors), DenseIndex.build(vectors.copy())
    one.save(tmp_path / "one")
    other.save(tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("border", [20, ROWS])
def test_a_stored_index_finds_and_holds_the_same(
    vectors: Vectors, queries: Vectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, border: int
) -> None:
    monkeypatch.setattr(dense, "EXACT_UP_TO", border)
    built = DenseIndex.build(vectors)
    built.save(tmp_path / "a.faiss")
    loaded = DenseIndex.load(tmp_path / "a.faiss", ROWS, DIMENSION)
    assert loaded.exact == built.exact == (border == ROWS)
    for query in queries:
        for ours, theirs in zip(built.search(query, 20), loaded.search(query, 20), strict=True):
            assert np.array_equal(ours, theirs)
    rows = np.array([0, 7, 7, ROWS - 1])
    assert np.array_equal(loaded.vectors(rows), vectors[rows])
    loaded.save(tmp_path / "b.faiss")
    again = DenseIndex.load(tmp_path / "b.faiss", ROWS, DIMENSION)
    (tmp_path / "a.faiss").unlink()
    assert np.array_equal(again.vectors(rows), vectors[rows]), "written whole, not by reference"
    with pytest.raises(IndexStoreError, match="another shape"):
        DenseIndex.load(tmp_path / "b.faiss", ROWS + 1, DIMENSION)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("every", [2, 50, 1000])
def test_a_search_among_some_rows_finds_those_alone_and_enough(
    vectors: Vectors, queries: Vectors, every: int
) -> None:
    index = DenseIndex.build(vectors)
    among = np.arange(3, ROWS, every)
    recalls = []
    for query in queries:
        rows, _ = index.search(query, 10, let_through(among))
        assert len(rows) == min(10, len(among))
        assert set(rows.tolist()) <= set(among.tolist())
        exact = nearest(vectors, query, 10, among)
        recalls.append(len(set(rows.tolist()) & set(exact)) / len(exact))
    assert np.mean(recalls) >= 0.95
    assert index.search(queries[0], 10, np.zeros(ROWS, dtype=np.bool_))[0].tolist() == []


@pytest.mark.usefixtures("large")
def test_few_rows_that_are_let_through_are_compared_one_by_one(vectors: Vectors) -> None:
    query = vectors[0]
    far = np.sort(np.argsort(vectors @ query)[:20])
    rows, _ = DenseIndex.build(vectors).search(query, 10, let_through(far))
    assert rows.tolist() == nearest(vectors, query, 10, far)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("near", [0, 12])
def test_rows_that_the_sketch_hardly_lists_are_compared_one_by_one(
    vectors: Vectors, queries: Vectors, near: int
) -> None:
    index = DenseIndex.build(vectors)
    for query in queries:
        order = np.argsort(-(vectors @ query))
        among = np.sort([*order[:near], *order[-1500:]])
        rows, _ = index.search(query, 10, let_through(among))
        assert rows.tolist() == nearest(vectors, query, 10, among)


@pytest.mark.usefixtures("large")
def test_as_many_as_asked_for_even_where_all_are_asked_for(vectors: Vectors) -> None:
    rows, _ = DenseIndex.build(vectors).search(vectors[0], ROWS)
    assert sorted(rows.tolist()) == list(range(ROWS))
    same = DenseIndex.build(np.repeat(vectors[:1], 50, axis=0))
    assert len(set(same.search(vectors[0], 50)[0].tolist())) == 50


def let_through(rows: np.ndarray) -> np.ndarray:
    """As a mask."""
    return np.isin(np.arange(ROWS), rows)


def found(index: Index) -> list[object]:
    query = "Which line speaks of number 7?"
    search = Search(index, query, HashEmbedder().encode([query])[0])
    return [*search.passages(5), *search.sentences(20)]


@pytest.mark.usefixtures("large")
def test_a_large_index_is_brought_up_to_date_from_its_stored_vectors(
    opening: Opening, tmp_path: Path
) -> None:
    lines = [f"Line {i} speaks of number {i * i}." for i in range(60)]
    (opening.corpus / "log.md").write_text(" ".join(lines))
    opening()
    (opening.corpus / "more.md").write_text("A new line speaks of number 7.")
    updated = opening()
    assert not updated.dense_sentences.exact
    assert opening.embedder.encoded == 1, "its passage and its sentence are one text"
    anew = Opening(opening.corpus, tmp_path / "anew")()
    assert found(updated) == found(anew)
    assert found(opening()) == found(updated)
    assert opening.embedder.encoded == 0
