"""A seeded sample in which every group of cases has its share."""

import random
from collections.abc import Callable, Hashable, Sequence
from itertools import chain, zip_longest
from typing import TypeVar

Item = TypeVar("Item")
_GAP = object()


def draw(
    items: Sequence[Item],
    limit: int | None,
    seed: int = 0,
    *groups: Callable[[Item], Hashable],
) -> list[Item]:
    """`limit` of the items in their own order, taken from the groups in turn; all for None.

    `groups` split the items, the first of them, then within each part the next: by
    "answerable", then kind, half of the sample is answerable and each kind has its share of
    that half, while there are enough. The same items and seed give the same sample.
    """
    if limit is None or limit >= len(items):
        return list(items)
    rows = list(range(len(items)))
    random.Random(seed).shuffle(rows)
    return [items[row] for row in sorted(_in_turn(items, rows, groups)[:limit])]


def _in_turn(
    items: Sequence[Item], rows: list[int], groups: Sequence[Callable[[Item], Hashable]]
) -> list[int]:
    if not groups:
        return rows
    parts: dict[Hashable, list[int]] = {}
    for row in rows:
        parts.setdefault(groups[0](items[row]), []).append(row)
    ordered = [_in_turn(items, part, groups[1:]) for part in parts.values()]
    turns = chain.from_iterable(zip_longest(*ordered, fillvalue=_GAP))
    return [row for row in turns if isinstance(row, int)]
