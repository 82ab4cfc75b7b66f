"""Reading ahead: each window of the articles, once, so that later questions find it read."""

from collections.abc import Iterator

from index.store import Index
from rag.compose import compose
from rag.generate import Generator, Prompt
from rag.retrieve import windows


def all_windows(index: Index, generator: Generator) -> Iterator[Prompt]:
    """What the judge would be asked behind, for each window that a search can find.

    Windows that are longer than the model can hold are left out.
    """
    seen: set[tuple[str, int, int]] = set()
    for row in range(len(index.sentences)):
        window = windows(index, [(row, 0.0)], 1)[0]
        place = (window.article_id, window.start, window.end)
        prompt, _ = compose("", [window])
        if place not in seen and generator.length(prompt) < generator.context_tokens:
            seen.add(place)
            yield prompt
