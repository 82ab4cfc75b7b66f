"""Does the hybrid search find more than either half of it? python -m benchmarks.retrieval FOLDER

FOLDER holds a set in the BEIR layout (Thakur et al. 2021): corpus.jsonl, queries.jsonl and
qrels.tsv. Documents are split, indexed and searched as Footnote does with articles; a document
ranks by its best passage. The measures are those of ir-measures. With --plain a hybrid as it is
usually built is searched too. See benchmarks/README.md.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import bm25s
import numpy as np
import Stemmer
from langchain_text_splitters import RecursiveCharacterTextSplitter
from numpy.typing import NDArray

from eval.adapters import beir
from eval.retrieval_metrics import mean, score
from eval.stats import bootstrap_mean
from index.build import build
from index.embed import Embedder
from index.store import Index
from rag import FootnoteError, Settings
from rag.loading import load_embedder
from rag.retrieve import Search
from rag.terminal import Meter
from rag.types import Article

MEASURES = ("ndcg@10", "recall@5", "recall@10")
HYBRID = "hybrid"
PLAIN = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # weights of the cosine in a plain hybrid
DEPTH = 100  # passages

Rankings = dict[str, dict[str, list[str]]]
"""The document of each passage, best first, by search and query."""


def main() -> int:
    """Search a set in three ways and print what each found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a set in the BEIR layout")
    parser.add_argument(
        "--field", default="text", help="field of queries.jsonl that is asked (default: text)"
    )
    parser.add_argument(
        "--plain", action="store_true", help="a plain hybrid too, by several weights"
    )
    args = parser.parse_args()
    given = beir.read(args.folder, query=args.field)
    asked = {query: given.queries[query] for query in given.relevant}
    settings = Settings.load()
    embedder = load_embedder(settings)
    articles = [replace(article, titled=bool(article.title)) for article in given.documents]
    with Meter() as meter:
        index = build(articles, embedder, settings.passage_chars, progress=meter)
    print(f"{len(articles)} documents, {len(index.passages)} passages, {len(asked)} queries")
    found = rankings(index, embedder, asked)
    if args.plain:
        published = load_embedder(replace(settings, adapter=False))
        found |= plain(given.documents, published, asked, settings.passage_chars)
    report(found, given.relevant)
    return 0


def rankings(index: Index, embedder: Embedder, asked: Mapping[str, str]) -> Rankings:
    """What each search finds for each query."""
    found: Rankings = {name: {} for name in ("BM25", "dense", HYBRID)}
    vectors = embedder.encode(list(asked.values()))
    owners = [passage.article_id for passage in index.passages]
    for (query, text), vector in zip(asked.items(), vectors, strict=True):
        scores = index.lexical_passages.scores(text)
        best = np.argsort(-scores, kind="stable")[:DEPTH]
        rows = {
            "BM25": [int(row) for row in best if scores[row] > 0],
            "dense": [int(row) for row in index.dense_passages.search(vector, DEPTH)[0]],
        }
        for name, ranked in rows.items():
            found[name][query] = [owners[row] for row in ranked]
        hybrid = Search(index, text, vector).passages(DEPTH)
        found[HYBRID][query] = [passage.article_id for passage in hybrid]
    return found


def plain(
    documents: Sequence[Article], embedder: Embedder, asked: Mapping[str, str], chars: int
) -> Rankings:
    """What a hybrid finds that is put together from libraries, by each weight of its cosine.

    Pieces cut at `chars` characters, the encoder as published, bm25s with its own tokens, and both
    scores brought to 0..1 over all pieces.
    """
    splitter = RecursiveCharacterTextSplitter(chunk_size=chars, chunk_overlap=0)
    pieces = [
        (article.id, piece)
        for article in documents
        for piece in splitter.split_text(f"{article.title}\n{article.text}".strip())
    ]
    owners, texts = zip(*pieces, strict=True)
    questions = list(asked.values())
    cosines = _scaled(embedder.encode(questions) @ embedder.encode(texts).T)
    tokens = partial(
        bm25s.tokenize, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False
    )
    bm25 = bm25s.BM25()
    bm25.index(tokens(list(texts)), show_progress=False)
    queries = tokens(questions, return_ids=False)
    words = _scaled(np.stack([bm25.get_scores(query) for query in queries]))
    found: Rankings = {}
    for weight in PLAIN:
        rows = np.argsort(-(weight * cosines + (1 - weight) * words), kind="stable")
        found[f"plain {weight}"] = {
            query: [owners[row] for row in ranked]
            for query, ranked in zip(asked, rows, strict=True)
        }
    return found


def _scaled(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each query's scores, a row of them, brought to 0..1."""
    least, most = scores.min(1, keepdims=True), scores.max(1, keepdims=True)
    scaled: NDArray[np.float32] = (scores - least) / np.maximum(most - least, 1e-9)
    return scaled


def report(found: Rankings, relevant: Mapping[str, Mapping[str, int]]) -> None:
    """Print each measure's means, and what the hybrid gains, with 95 % intervals."""
    values = {name: score(ranked, relevant, MEASURES) for name, ranked in found.items()}
    for measure in MEASURES:
        means = (f"{name} {mean(values[name][measure]):.3f}" for name in found)
        print(f"{measure:10} {', '.join(means)}")
        for name in (name for name in found if name != HYBRID):
            hybrid, alone = values[HYBRID][measure], values[name][measure]
            gained = bootstrap_mean([hybrid[query] - alone[query] for query in hybrid])
            if gained is not None:
                interval = f"{gained.low:+.3f} to {gained.high:+.3f}"
                print(f"           hybrid against {name}: {gained.estimate:+.3f} ({interval})")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (FootnoteError, OSError) as error:
        sys.exit(f"retrieval: {error}")
