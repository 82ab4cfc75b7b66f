"""Footnote: answers about a folder of articles, every sentence with a checked footnote."""

import os

# The threads of OpenBLAS, which numpy computes with, wait for their next work at full speed, for
# some 30 ms unless told otherwise: the model, which is asked just then, goes without their cores.
# Read when numpy is first imported, so this stands before all other imports.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # 2 to the power of it, in clock ticks

from rag.assistant import Assistant, ask  # noqa: E402
from rag.errors import FootnoteError  # noqa: E402
from rag.settings import Settings  # noqa: E402
from rag.types import Answer, Citation, Passage  # noqa: E402

__all__ = [
    "Answer",
    "Assistant",
    "Citation",
    "FootnoteError",
    "Passage",
    "Settings",
    "ask",
]
