"""Kills the building and updating of an index at random moments: python -m benchmarks.kills

Each time the index found afterwards has to be the old or the new one, whole, and the next
opening has to give what a fresh build gives. Exits with 1 when one of them does not.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from index import store
from index.build import index_folder, open_index
from index.store import Index
from tests.fakes import HashEmbedder

WORDS = ["harbour", "crane", "flood", "river", "delegate", "rocket", "truce", "cleric", "village"]
ARTICLES = 60
BUILD = """
import sys
from pathlib import Path
from index.build import open_index
from tests.fakes import HashEmbedder
print("begins", flush=True)
open_index(Path(sys.argv[1]), Path(sys.argv[2]), HashEmbedder(), 800)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="how many (default: 100)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as place:
        counts = run(Path(place), args.kills, chance)
    print(", ".join(f"{name}: {count}" for name, count in sorted(counts.items())))
    return 1 if counts["BROKEN"] else 0


def run(place: Path, kills: int, chance: random.Random) -> Counter[str]:
    corpus, kept = place / "articles", place / "kept"
    corpus.mkdir()
    for number in range(ARTICLES):
        (corpus / f"{number}.txt").write_text(text(chance))
    counts = Counter({"old": 0, "new": 0, "BROKEN": 0})
    before = None
    for number in range(kills):
        if number:
            chance.choice(sorted(corpus.iterdir())).write_text(text(chance))
            chance.choice(sorted(corpus.iterdir())).rename(corpus / f"again {number}.txt")
        started = time.monotonic()
        fresh = open_index(corpus, place / f"fresh {number}", HashEmbedder(), 800)
        kill(corpus, kept, chance.uniform(0, 1.3 * (time.monotonic() - started)))
        found = stored(index_folder(corpus, kept))
        if same(found, fresh):
            counts["new"] += 1
        else:
            counts["old" if same(found, before) else "BROKEN"] += 1
        before = open_index(corpus, kept, HashEmbedder(), 800)
        counts["BROKEN"] += not same(before, fresh)
    return counts


def kill(corpus: Path, kept: Path, after_s: float) -> None:
    command = [sys.executable, "-c", BUILD, str(corpus), str(kept)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as building:
        assert building.stdout is not None
        building.stdout.readline()
        time.sleep(after_s)
        building.kill()


def stored(folder: Path) -> Index | None:
    manifest = store.read_manifest(folder)
    return store.load(folder, manifest) if manifest is not None else None


def same(one: Index | None, other: Index | None) -> bool:
    """Whether two indexes hold the same to the last bit; no index equals no index."""
    if one is None or other is None:
        return one is other
    rows = np.arange(len(one.sentences))
    return (
        (one.version, one.articles, one.sentences)
        == (other.version, other.articles, other.sentences)
        and one.passages == other.passages
        and np.array_equal(one.dense_sentences.vectors(rows), other.dense_sentences.vectors(rows))
        and np.array_equal(
            one.lexical_sentences.scores(" ".join(WORDS)),
            other.lexical_sentences.scores(" ".join(WORDS)),
        )
    )


def text(chance: random.Random) -> str:
    lines = (" ".join(chance.choices(WORDS, k=12)) for _ in range(40))
    return "\n\n".join(f"{line}." for line in lines)


if __name__ == "__main__":
    sys.exit(main())
