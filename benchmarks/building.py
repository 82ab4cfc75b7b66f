"""Is building an index as fast as its encoder, and opening one again quick?

    python -m benchmarks.building [N]

Makes N articles of the hand-written texts beside this file, builds their index as `footnote index`
does, opens it again unchanged, and has sentence-transformers embed the same texts by itself. Fails
where a goal is missed. See benchmarks/README.md.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sentence_transformers import SentenceTransformer

from index.build import open_index
from index.embed import SentenceTransformerEmbedder, Vectors
from index.types import Progress
from rag import models
from rag.errors import FootnoteError
from rag.settings import Settings

TEXTS = Path(__file__).resolve().parent / "adapter"
FEWEST, MOST = 2, 2000
THROUGHPUT_GOAL = 0.9  # of what sentence-transformers embeds in a second by itself
REOPEN_GOAL = 0.02  # of the time of building


class Timed(SentenceTransformerEmbedder):
    """Notes what it is given to embed, and how long that takes."""

    seconds = 0.0

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """See `Embedder.encode`."""
        self.texts = texts
        start = time.perf_counter()
        found = super().encode(texts, progress)
        self.seconds += time.perf_counter() - start
        return found


def write_articles(folder: Path, count: int) -> None:
    """Deal out the paragraphs of the hand-written texts, in their order, to `count` files."""
    paragraphs = [
        paragraph
        for name in ("articles.jsonl", "texts.jsonl")
        for line in (TEXTS / name).read_text(encoding="utf-8").splitlines()
        for paragraph in json.loads(line)["text"].split("\n\n")
    ]
    for number in range(count):
        first, end = (len(paragraphs) * place // count for place in (number, number + 1))
        text = "\n\n".join([f"# Article {number}", *paragraphs[first:end]])
        (folder / f"{number}.md").write_text(text, encoding="utf-8")


def measure(count: int, place: Path) -> bool:
    """Build, open again and compare; prints the figures, and tells whether both goals are met."""
    settings = Settings.load()
    corpus, kept = place / "articles", place / "kept"
    corpus.mkdir()
    write_articles(corpus, count)
    folder = models.resolve(settings.embedder, settings.models_dir, offline=settings.offline)
    embedder = Timed(
        folder, settings.embedder, adapted=settings.adapter, backend=settings.embedder_backend
    )
    embedder.encode([f"text {number}" for number in range(1000)])  # more load torch than few do
    embedder.seconds = 0.0
    start = time.perf_counter()
    index = open_index(corpus, kept, embedder, settings.passage_chars)
    built = time.perf_counter() - start
    start = time.perf_counter()
    open_index(corpus, kept, embedder, settings.passage_chars)
    reopened = time.perf_counter() - start
    direct = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    direct.encode(list(embedder.texts[:100]))
    start = time.perf_counter()
    direct.encode(list(embedder.texts), normalize_embeddings=True)
    alone = time.perf_counter() - start
    throughput, share = alone / embedder.seconds, reopened / built
    print(
        f"{count:,} articles: {len(index.passages):,} passages, {len(index.sentences):,} sentences"
    )
    print(f"  built in {built:.1f} s, of which embedding {embedder.seconds:.1f} s")
    print(f"  sentence-transformers alone, the same {len(embedder.texts):,} texts: {alone:.1f} s")
    print(f"  embedding throughput of the build: {throughput:.2f} of it (goal: {THROUGHPUT_GOAL})")
    print(f"  throughput of the whole build: {alone / built:.2f} of it")
    print(f"  opened again in {reopened:.2f} s, {share:.1%} of building (goal: {REOPEN_GOAL:.0%})")
    return throughput >= THROUGHPUT_GOAL and share <= REOPEN_GOAL


def main() -> int:
    """Measure once; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("articles", type=int, nargs="?", default=1000, metavar="N")
    args = parser.parse_args()
    if not FEWEST <= args.articles <= MOST:
        parser.error(f"N has to be {FEWEST} to {MOST}")
    with tempfile.TemporaryDirectory(prefix="footnote-building-") as place:
        return 0 if measure(args.articles, Path(place)) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (FootnoteError, OSError) as error:
        sys.exit(f"building: {error}")
