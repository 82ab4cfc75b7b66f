"""Reading ahead: each window of the articles, once, so that later questions find it read."""

from collections.abc import Iterator

from index.store import Index
from rag.compose import compose
from rag.generate import Prompt
from rag.retrieve import windows


def all_windows(index: Index) -> Iterator[Prompt]:
    """What the judge would be asked behind, for each window that a search can find."""
    seen: set[tuple[str, int, int]] = set()
    for row in range(len(index.sentences)):
        for window in windows(index, [(row, 0.0)], 1):
            place = (window.article_id, window.start, window.end)
            if place not in seen:
                seen.add(place)
                yield compose("", [window])[0]
