"""Sets that have most in common, among very many, without comparing each with each.

Similarity is that of Jaccard (1901): what two sets share of what both hold, 0 to 1. It is exact;
two sets are compared only where they share one of their rarest members, since sets that are alike
cannot differ in all of those (prefix filter; Chaudhuri, Ganti and Kaushik 2006, "A Primitive
Operator for Similarity Joins in Data Cleaning").
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from math import ceil


class Alike:
    """Which of the sets entered so far another one is alike to."""

    def __init__(self, sets: Sequence[frozenset[str]], least: float) -> None:
        """Among `sets`, look for a similarity of at least `least` (above 0, at most 1)."""
        self._sets, self._least = sets, least
        frequency = Counter(member for held in sets for member in held)
        self._prefixes = [_prefix(held, frequency, least) for held in sets]
        self._rows_with: defaultdict[str, list[int]] = defaultdict(list)

    def to(self, row: int) -> Iterator[int]:
        """The entered rows that `row` is alike to, the lowest first."""
        held = self._sets[row]
        candidates = {other for member in self._prefixes[row] for other in self._rows_with[member]}
        for other in sorted(candidates):
            together = len(held & self._sets[other])
            if together / (len(held) + len(self._sets[other]) - together) >= self._least:
                yield other

    def enter(self, row: int) -> None:
        """Let later rows be found alike to `row`."""
        for member in self._prefixes[row]:
            self._rows_with[member].append(row)


def _prefix(held: frozenset[str], frequency: Counter[str], least: float) -> list[str]:
    """The rarest members: a set alike to this one has at least one of them among its own."""
    rarest = sorted(held, key=lambda member: (frequency[member], member))
    return rarest[: len(held) - ceil(least * len(held) - 1e-9) + 1]
