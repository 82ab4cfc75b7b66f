"""Word search by BM25 (bm25s), with English stemming and stop words."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import Stemmer
from numpy.typing import NDArray

from index.errors import IndexStoreError
from index.lean import Later, lean

with lean({"bm25s": {"scipy.sparse": Later("scipy.sparse")}}):  # for building, not for searching
    import bm25s

Scores = NDArray[np.float32]
_WORD = re.compile(r"\w+")
_ACRONYM = re.compile(r"\b(?:[A-Za-z]\.){2,}")
_STEMMER = Stemmer.Stemmer("english")
STOP_WORDS = frozenset(bm25s.tokenization.STOPWORDS_EN_PLUS)


def words(text: str) -> list[str]:
    """The lower-case word stems of `text`, stop words left out, in order.

    "U.S." counts as one word, as does each half of a hyphenated one.
    """
    text = _ACRONYM.sub(lambda found: found.group().replace(".", ""), text).lower()
    text = text.replace("’s", "").replace("'s", "").replace("’", "").replace("‘", "")
    kept = [word for word in _WORD.findall(text) if word not in STOP_WORDS]
    stems: list[str] = _STEMMER.stemWords(kept)
    return stems


class LexicalIndex:
    """BM25 over rows of text (Robertson and Zaragoza 2009; Lucene's variant, k1 1.5, b 0.75)."""

    def __init__(self, index: bm25s.BM25, rows: int) -> None:
        self._index = index
        self._rows = rows

    @classmethod
    def build(cls, texts: Sequence[str]) -> "LexicalIndex":
        """From one text a row."""
        index = bm25s.BM25(method="lucene")
        numbers: dict[str, int] = {}  # a number takes a tenth of the memory that a word does
        # a row of stop words only would leave nothing to index, as would no row: an impossible
        # word stands in
        rows = [
            [numbers.setdefault(word, len(numbers)) for word in words(text) or ["\x00"]]
            for text in texts or [""]
        ]
        index.index((rows, numbers), show_progress=False)
        return cls(index, len(texts))

    @classmethod
    def load(cls, folder: Path, rows: int) -> "LexicalIndex":
        """Read a saved index, memory-mapped; raises IndexStoreError when it cannot be read."""
        try:
            index = bm25s.BM25.load(str(folder), mmap=True, show_progress=False)
        except (OSError, ValueError, KeyError) as error:
            raise IndexStoreError(f"{folder.name} of the index cannot be read.") from error
        return cls(index, rows)

    def save(self, folder: Path) -> None:
        """Write into `folder`; arrays and JSON only, nothing executable."""
        self._index.save(str(folder), show_progress=False)

    def scores(self, query: str) -> Scores:
        """BM25 of every row for `query`, shape (rows,); zeros when no word is known."""
        known = [word for word in words(query) if word in self._index.vocab_dict]
        if not known:
            return np.zeros(self._rows, dtype=np.float32)
        found: Scores = np.asarray(self._index.get_scores(known), dtype=np.float32)
        return found
