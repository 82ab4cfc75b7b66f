"""How do build, memory and search grow with the folder? python -m benchmarks.scale N…

Made articles of N passages are indexed, stored, loaded and searched by the project's own code; no
model is needed. See benchmarks/README.md.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.metrics import percentile
from index import store
from index.dense import DenseIndex
from index.embed import Vectors
from index.lexical import LexicalIndex
from index.store import Index
from index.types import Article, Passage, Sentence
from rag import FootnoteError
from rag.retrieve import Search

DIMENSION = 384
PER_SUBJECT = 50  # passages for each subject, and a passage speaks of three
NOISE = 0.7  # length of what a vector has beside its subjects
VOCABULARY, OWN_WORDS = 50_000, 8  # words in all, and those that a subject's texts prefer
WORDS, ASKED_WORDS = 24, 8  # of a sentence, of a query
PER_ARTICLE = 20  # passages
QUERIES, WARM_UP = 200, 20
BLOCK = 100_000  # vectors that are compared with at once
SEED = 0
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Rows:
    """Made texts, as numbers of words of shape (n, words), and the vectors of the same rows."""

    words: NDArray[np.int32]
    vectors: Vectors


class World:
    """The subjects that made texts speak of, each with a direction and words of its own."""

    def __init__(self, passages: int) -> None:
        rng = np.random.default_rng(SEED)
        count = max(3, passages // PER_SUBJECT)
        self._directions = _directions(rng, count)
        self._words = rng.integers(VOCABULARY, size=(count, OWN_WORDS), dtype=np.int32)
        # Zipf's law as Mandelbrot has it; stop words, the head of it, are not indexed
        often = 1 / (np.arange(VOCABULARY) + 30)
        self._cumulative = np.cumsum(often / often.sum())

    def rows(self, count: int, words: int, seed: int) -> Rows:
        """`count` texts of `words` words; half of those are their subjects' own."""
        rng = np.random.default_rng([SEED, seed])
        subjects = rng.integers(len(self._directions), size=(count, 3))
        shares = rng.dirichlet((1, 1, 1), size=count).astype(np.float32)
        vectors = np.empty((count, DIMENSION), dtype=np.float32)
        for start in range(0, count, BLOCK):
            some = slice(start, start + BLOCK)
            about = np.einsum("rs,rsd->rd", shares[some], self._directions[subjects[some]])
            noise = NOISE * _directions(rng, len(about))
            vectors[some] = _unit(_unit(about) + noise)
        general = np.searchsorted(self._cumulative, rng.random((count, words)), side="right")
        of = (
            rng.random((count, words, 1), dtype=np.float32) > np.cumsum(shares, axis=1)[:, None, :2]
        ).sum(axis=2)
        subject = np.take_along_axis(subjects, of, axis=1)
        own = self._words[subject, rng.integers(OWN_WORDS, size=(count, words))]
        chosen = np.where(rng.random((count, words)) < 0.5, own, general).astype(np.int32)
        return Rows(np.minimum(chosen, VOCABULARY - 1), vectors)


def _directions(rng: np.random.Generator, count: int) -> Vectors:
    """Unit vectors that, as an encoder's, lie in some directions more than in others."""
    spread = (1 + np.arange(DIMENSION, dtype=np.float32)) ** -0.35
    return _unit(rng.standard_normal((count, DIMENSION), dtype=np.float32) * spread)


def _unit(vectors: Vectors) -> Vectors:
    found: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found


def spelt() -> list[str]:
    """A word for each number, no two alike and none a stop word."""
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    return [
        "x" + "".join(syllables[number // 70**place % 70] for place in range(3))
        for number in range(VOCABULARY)
    ]


def texts(rows: Rows) -> Iterator[str]:
    """The text of each row: one sentence."""
    words = spelt()
    for numbers in rows.words.tolist():
        yield " ".join([words[number] for number in numbers]) + "."


def built(count: int, folder: Path) -> Figures:
    """Make `count` passages of one sentence each, index and store them in `folder`.

    So passages and sentences are the same rows: they are indexed once and stored twice.
    """
    made = World(count).rows(count, WORDS, seed=1)
    written = list(texts(made))
    took: Figures = {}
    dense = _timed(took, "dense_s", lambda: DenseIndex.build(made.vectors))
    lexical = _timed(took, "lexical_s", lambda: LexicalIndex.build(written))
    articles, passages, sentences = _articles(written)
    index = Index(
        articles=articles,
        passages=passages,
        sentences=sentences,
        dense_passages=dense,
        dense_sentences=dense,
        lexical_passages=lexical,
        lexical_sentences=lexical,
        identity={"dimension": DIMENSION},
        passage_originals=np.arange(count),
        sentence_originals=np.arange(count),
    )
    with store.writing(folder):
        _timed(took, "save_s", lambda: store.save(index, folder))
    files = [file for file in folder.rglob("*") if file.is_file()]
    disk = {
        f"{kind}_mb": sum(file.stat().st_size for file in files if kind in str(file)) / 1e6
        for kind in ("faiss", "bm25")
    }
    whole = sum(file.stat().st_size for file in files) / 1e6
    return {**took, **disk, "disk_mb": whole, "build_peak_mb": _peak_mb()}


def _articles(
    written: list[str],
) -> tuple[dict[str, Article], list[Passage], list[Sentence]]:
    articles, passages, sentences = {}, [], []
    for first in range(0, len(written), PER_ARTICLE):
        some = written[first : first + PER_ARTICLE]
        name = f"{first // PER_ARTICLE}.md"
        article = articles[name] = Article(name, name, name, "\n".join(some))
        at = 0
        for text in some:
            passages.append(article.passage(at, at + len(text)))
            sentences.append(article.sentence(passages[-1].id, at, at + len(text)))
            at += len(text) + 1
    return articles, passages, sentences


def searched(count: int, folder: Path) -> Figures:
    """Load what `built` stored, and search it."""
    manifest = store.read_manifest(folder)
    assert manifest is not None
    took: Figures = {}
    index = _timed(took, "load_s", lambda: store.load(folder, manifest))
    took["loaded_mb"] = _now_mb()
    asked = World(count).rows(QUERIES, ASKED_WORDS, seed=2)
    queries = list(zip(texts(asked), asked.vectors, strict=True))

    def hybrid(text: str, vector: Vectors) -> None:
        search = Search(index, text, vector)
        search.passages(10)
        search.sentences(14)

    ways: dict[str, Callable[[str, Vectors], object]] = {
        "dense": lambda _, vector: index.dense_passages.search(vector, 100),
        "bm25": lambda text, _: index.lexical_passages.scores(text),
        "hybrid": hybrid,
    }
    for name, way in ways.items():
        times = []
        for text, vector in [*queries[:WARM_UP], *queries]:
            start = time.perf_counter()
            way(text, vector)
            times.append((time.perf_counter() - start) * 1e3)
        took[f"{name}_p50_ms"] = percentile(times[WARM_UP:], 50)
        took[f"{name}_p95_ms"] = percentile(times[WARM_UP:], 95)
    took["searched_mb"] = _now_mb()
    found = [set(index.dense_passages.search(v, 10)[0].tolist()) for _, v in queries]
    truth = _nearest(index.dense_passages, count, asked.vectors)
    took["recall_at_10"] = float(
        np.mean([len(set(row) & got) / len(row) for row, got in zip(truth, found, strict=True)])
    )
    return took


def _nearest(dense: DenseIndex, count: int, queries: Vectors) -> list[list[int]]:
    """The ten rows that are nearest to each query, every row compared with."""
    best = np.full((len(queries), 10), -np.inf, dtype=np.float32)
    rows = np.zeros((len(queries), 10), dtype=np.int64)
    for start in range(0, count, BLOCK):
        block = np.arange(start, min(count, start + BLOCK))
        cosines = np.hstack([best, queries @ dense.vectors(block).T])
        held = np.hstack([rows, np.broadcast_to(block, (len(queries), len(block)))])
        top = np.argsort(-cosines, axis=1, kind="stable")[:, :10]
        best = np.take_along_axis(cosines, top, axis=1)
        rows = np.take_along_axis(held, top, axis=1)
    found: list[list[int]] = rows.tolist()
    return found


def _timed(took: Figures, name: str, step: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = step()
    took[name] = took.get(name, 0.0) + time.perf_counter() - start
    return result


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def _now_mb() -> float:
    """What the process holds now: its own memory and the parts of mapped files that are in it."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # no Linux
        return _peak_mb()
    return pages * resource.getpagesize() / 1e6


def measured(count: int, work: Path) -> Figures:
    """Build and search in processes of their own, so that neither holds the other's memory."""
    found: Figures = {"passages": count}
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for step in (built, searched):
            found |= processes.submit(step, count, work / str(count)).result()
    return found


def main() -> int:
    """Measure each size that is asked for and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("passages", type=int, nargs="+", metavar="N", help="passages: 10000 100000")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    args = parser.parse_args()
    if min(args.passages) < QUERIES:
        parser.error(f"N has to be {QUERIES} or more")
    results = []
    for count in args.passages:
        with tempfile.TemporaryDirectory(prefix="footnote-scale-") as work:
            results.append(measured(count, Path(work)))
        print(f"{count:,} passages")
        for name, value in results[-1].items():
            print(f"  {name:15} {value:,.{3 if value < 10 else 0}f}", flush=True)
        if args.json is not None:
            args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (FootnoteError, OSError) as error:
        sys.exit(f"scale: {error}")
