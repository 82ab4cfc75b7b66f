"""Texts that nearly equal an earlier one, such as one agency's story in two papers.

Two texts are near-equal when their shingles, the runs of three words, overlap by Jaccard's measure
(Broder 1997, "On the Resemblance and Containment of Documents"), and when they name the same
numbers and names in the same order and deny the same: a report that gives another figure is no
copy. (A change of a common word alone, such as of "rose" into "fell", is not seen.)
"""

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.alike import Alike

METHOD = "shingles-2"  # part of an index's identity: change it when other texts are found
_ALIKE = 0.8  # share of the shingles of both that two near-equal texts have in common
_SHORTEST = 12  # words; a shorter text says too little to be told from another by
_WORD = re.compile(r"[^\W_]+(?:['’.,][^\W_]+)*")
_TURNS = re.compile(
    "not|no|never|nor|neither|none|nobody|nothing|without|cannot|.*n['’]t|"
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\\w+teen|"
    "(?:twen|thir|for|fif|six|seven|eigh|nine)ty|dozens?|hundreds?|thousands?|millions?|billions?|"
    "half|quarter|first|second|third|(?:four|fif|six|seven|eigh|nin|ten|eleven|twelf)th"
)


def originals(texts: Sequence[str]) -> NDArray[np.int64]:
    """The row of the first text that each one nearly equals, or its own; shape (texts,).

    A row that is named is always an original itself.
    """
    found = np.arange(len(texts), dtype=np.int64)
    told: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        words = _WORD.findall(text)
        if len(words) >= _SHORTEST:
            told[tuple(filter(_tells, words))].append(row)
    for rows in told.values():
        if len(rows) > 1:
            copies = _copies([_shingles(texts[row]) for row in rows])
            found[rows] = [rows[original] for original in copies]
    return found


def _tells(word: str) -> bool:
    """Whether another text that lacks `word` says something else: a number, a name, a denial."""
    return _TURNS.fullmatch(word) is not None or any(
        letter.isdigit() or letter.isupper() for letter in word
    )


def _shingles(text: str) -> frozenset[str]:
    words = _WORD.findall(text.lower())
    return frozenset(map(" ".join, zip(words, words[1:], words[2:], strict=False)))


def _copies(sets: Sequence[frozenset[str]]) -> list[int]:
    """For each set the place of the first original that it is alike to, or its own place."""
    alike = Alike(sets, _ALIKE)
    found = []
    for row in range(len(sets)):
        original = next(alike.to(row), row)
        if original == row:  # copies are not compared with, so that likeness does not drift
            alike.enter(row)
        found.append(original)
    return found
