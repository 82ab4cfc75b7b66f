"""On how many threads the answer model runs: tried out once on each machine, and kept.

To read many tokens at once takes arithmetic, to write them one by one memory. Where two threads
share a core, or cores are of different kinds, either may be faster on fewer than there are.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rag.trials import Trials, cores

_NAME = "threads"  # of what is kept
_READ, _WRITTEN, _TRIES = 64, 6, 2  # tokens of a try, at once and one by one; the best of so many
ROOM = _READ + _WRITTEN  # tokens that a context needs for it
_CLEARLY = 0.9  # share of the time on all threads from which on fewer are taken


class Threads(NamedTuple):
    """For writing one token at a time, and for reading many."""

    writing: int
    reading: int


class Tried(Protocol):
    """What runs on threads: `rag.context.Context`."""

    def run_on(self, writing: int, reading: int) -> None:
        """Run on so many threads from now on."""

    def evaluate(self, tokens: Sequence[int], at: int) -> object:
        """Evaluate `tokens` behind the first `at`."""

    def cut(self, start: int) -> bool:
        """Forget the tokens from `start` on."""


def fit(context: Tried, trials: Trials) -> Threads:
    """Have `context` run on as many threads as suit it, and say how many.

    What was found is kept among its model's `trials`. Of up to two cores it is all of them.
    """
    most = cores()
    numbers = candidates(most)
    if len(numbers) == 1:
        return Threads(most, most)
    match trials.get(_NAME):
        case [writing, reading] if {writing, reading} <= set(numbers):
            threads = Threads(writing, reading)
        case _:
            threads = _try(context, numbers)
            trials.keep(_NAME, [*threads])
    context.run_on(*threads)
    return threads


def candidates(most: int) -> list[int]:
    """How many threads are tried where there are `most` cores: all, three quarters, half."""
    return [most] if most <= 2 else sorted({most, most * 3 // 4, most // 2}, reverse=True)


def _try(context: Tried, numbers: Sequence[int]) -> Threads:
    writing: dict[int, float] = {}
    reading: dict[int, float] = {}
    for _ in range(_TRIES):
        for number in numbers:
            context.run_on(number, number)
            start = time.perf_counter()
            context.evaluate([0] * _READ, 0)
            read = time.perf_counter()
            for at in range(_READ, _READ + _WRITTEN):
                context.evaluate([0], at)
            written = time.perf_counter()
            context.cut(0)
            reading[number] = min(read - start, reading.get(number, read - start))
            writing[number] = min(written - read, writing.get(number, written - read))
    return Threads(_fastest(writing, numbers[0]), _fastest(reading, numbers[0]))


def _fastest(seconds: dict[int, float], most: int) -> int:
    """The number that took least, `most` unless it took clearly longer."""
    best = min(seconds, key=seconds.__getitem__)
    return best if seconds[best] < _CLEARLY * seconds[most] else most
