"""On how many threads the answer model runs: tried out once on each machine, and kept.

To read many tokens at once takes arithmetic, to write them one by one memory. Where two threads
share a core, or cores are of different kinds, either may be faster on fewer than there are.
"""

import json
import os
import platform
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

FILE = "threads.json"  # in the Footnote folder
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


def fit(context: Tried, name: str, file: Path) -> Threads:
    """Have `context`, of the model `name`, run on as many threads as suit it, and say how many.

    What was found is kept in `file`, for this processor and so many of its cores. Of up to two
    cores it is all of them.
    """
    most = cores()
    numbers = candidates(most)
    if len(numbers) == 1:
        return Threads(most, most)
    key = f"{name}, {most} of {_processor()}"
    kept = _read(file)
    found = kept.get(key)
    if found is None or not set(found) <= set(numbers):
        found = _try(context, numbers)
        _write(file, {**kept, key: found})
    context.run_on(*found)
    return found


def candidates(most: int) -> list[int]:
    """How many threads are tried where there are `most` cores: all, three quarters, half."""
    return [most] if most <= 2 else sorted({most, most * 3 // 4, most // 2}, reverse=True)


def cores() -> int:
    """Cores this process may use; a container's limit counts where the system tells it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _read(file: Path) -> dict[str, Threads]:
    """What is kept in `file`; nothing of one that is missing or damaged: it is tried anew."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {str(key): Threads(*map(int, numbers)) for key, numbers in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(file: Path, kept: dict[str, Threads]) -> None:
    unfinished = file.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # a folder that may only be read: it is tried anew the next time
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        unfinished.replace(file)
