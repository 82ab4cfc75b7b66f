"""Footnote: answers about a folder of articles, every sentence with a checked footnote."""

import index as index  # first: it sets how numpy's threads wait, which holds from its import on
from rag.assistant import Assistant, ask
from rag.errors import FootnoteError
from rag.settings import Settings
from rag.types import Answer, Citation, Passage

__all__ = [
    "Answer",
    "Assistant",
    "Citation",
    "FootnoteError",
    "Passage",
    "Settings",
    "ask",
]
