"""Does the hybrid search find more than either half of it? python -m benchmarks.retrieval FOLDER

FOLDER holds a set in the BEIR layout (Thakur et al. 2021): corpus.jsonl, queries.jsonl and
qrels.tsv. Documents are split, indexed and searched as Footnote does with articles; a document
ranks by its best passage. The measures are those of ir-measures. See benchmarks/README.md.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from eval.adapters import beir
from eval.retrieval_metrics import mean, score
from eval.stats import bootstrap_mean
from index.build import build
from index.embed import Embedder, SentenceTransformerEmbedder
from index.store import Index
from rag import FootnoteError, Settings, models
from rag.retrieve import Search
from rag.terminal import Meter

MEASURES = ("ndcg@10", "recall@5", "recall@10")
SEARCHES = ("BM25", "dense", "hybrid")
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
    args = parser.parse_args()
    given = beir.read(args.folder, query=args.field)
    asked = {query: given.queries[query] for query in given.relevant}
    settings = Settings.load()
    folder = models.resolve(settings.embedder, settings.models_dir, offline=settings.offline)
    embedder = SentenceTransformerEmbedder(folder, settings.embedder, adapted=settings.adapter)
    articles = [replace(article, titled=bool(article.title)) for article in given.documents]
    with Meter() as meter:
        index = build(articles, embedder, settings.passage_chars, progress=meter)
    print(f"{len(articles)} documents, {len(index.passages)} passages, {len(asked)} queries")
    report(rankings(index, embedder, asked), given.relevant)
    return 0


def rankings(index: Index, embedder: Embedder, asked: Mapping[str, str]) -> Rankings:
    """What each search finds for each query."""
    found: Rankings = {name: {} for name in SEARCHES}
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
        found["hybrid"][query] = [passage.article_id for passage in hybrid]
    return found


def report(found: Rankings, relevant: Mapping[str, Mapping[str, int]]) -> None:
    """Print each measure's means, and what the hybrid gains, with 95 % intervals."""
    values = {name: score(ranked, relevant, MEASURES) for name, ranked in found.items()}
    for measure in MEASURES:
        means = (f"{name} {mean(values[name][measure]):.3f}" for name in SEARCHES)
        print(f"{measure:10} {', '.join(means)}")
        for name in SEARCHES[:-1]:
            hybrid, alone = values["hybrid"][measure], values[name][measure]
            gained = bootstrap_mean([hybrid[query] - alone[query] for query in hybrid])
            if gained is not None:
                interval = f"{gained.low:+.3f} to {gained.high:+.3f}"
                print(f"           hybrid against {name}: {gained.estimate:+.3f} ({interval})")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (FootnoteError, OSError) as error:
        sys.exit(f"retrieval: {error}")
