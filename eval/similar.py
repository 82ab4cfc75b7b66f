"""Sets of words that have most in common, among very many, without comparing each with each."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from math import ceil


def similar_pairs(
    sets: Sequence[frozenset[str]], groups: Sequence[Hashable], least: float
) -> Iterator[tuple[int, int]]:
    """Pairs (later row, earlier row) of different groups with a similarity of at least `least`.

    Similarity is that of Jaccard (1901): what two sets share of what both hold, 0 to 1. Of each
    later row only the first such pair is given. Rows are compared only where they share one of
    their rarest words, since sets that alike cannot differ in all of those (prefix filter;
    Chaudhuri, Ganti and Kaushik 2006).
    """
    frequency = Counter(word for held in sets for word in held)
    rows_with: defaultdict[str, list[int]] = defaultdict(list)
    for row, held in enumerate(sets):
        rarest = sorted(held, key=lambda word: (frequency[word], word))
        prefix = rarest[: len(held) - ceil(least * len(held) - 1e-9) + 1]
        candidates = {other for word in prefix for other in rows_with[word]}
        for other in sorted(candidates):
            together = len(held & sets[other])
            all_words = len(held) + len(sets[other]) - together
            if groups[other] != groups[row] and together >= least * all_words:
                yield row, other
                break
        for word in prefix:
            rows_with[word].append(row)
