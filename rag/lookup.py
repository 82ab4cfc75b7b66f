"""Prompt lookup decoding: what comes next is guessed from the text that is answered from.

An answer copies much of what it rests on. Where its last tokens stand in the prompt, those behind
them are guessed to come next, and all of them are evaluated at once: as many as the model would
have written itself are kept (Saxena 2023, github.com/apoorvumang/prompt-lookup-decoding; the check
is that of greedy speculative decoding, Leviathan, Kalman and Matias 2023). Whether that pays
depends on the machine: where tokens evaluated together cost nearly as much as one by one, none are
guessed, or only behind a long match, which is rarely wrong.
"""

import time
from collections.abc import Sequence
from math import inf
from typing import Protocol

from rag.trials import Trials

GUESSED = 15  # tokens at a time
ROOM = GUESSED + 1  # tokens that a context needs to try what it costs
_WRITTEN, _TRIES = 3, 3  # tokens of a try one by one; the best of so many
_LONGEST = 8  # tokens that a match is looked for with
# Up to a cost (see below), the tokens that have to match: behind two of them five and a half of the
# guessed ones are right on average, behind five eight (answers to tuning questions,
# docs/experiments.md), so that a call of sixteen writes as much as six or nine calls of one.
_SHORTEST = ((4.0, 2), (7.0, 5))


def shortest_match(cost: float) -> int | None:
    """How many tokens have to match before any are guessed; None where guessing never pays.

    `cost` is the time that `ROOM` tokens take at once, divided by that of one.
    """
    return next((tokens for most, tokens in _SHORTEST if cost <= most), None)


def guess(text: Sequence[int], shortest: int, most: int) -> Sequence[int]:
    """What may come behind `text`, at most `most` tokens and `GUESSED`.

    It is what stood behind the longest run of its last tokens that is in it before, which is of at
    least the `shortest` length, and of several such places behind the last.
    """
    most, length = min(most, GUESSED), len(text)
    best, place = 0, 0
    for end in range(length - 1, 0, -1):
        if text[end - 1] != text[-1]:
            continue
        alike = 1
        while alike < min(_LONGEST, end) and text[end - 1 - alike] == text[-1 - alike]:
            alike += 1
        if alike > best:
            best, place = alike, end
    return text[place : place + most] if best >= shortest else ()


class Tried(Protocol):
    """What evaluates tokens: `rag.context.Context`."""

    def evaluate_each(self, tokens: Sequence[int], at: int) -> object:
        """Evaluate `tokens` behind the first `at`, for the logits behind each."""

    def cut(self, start: int) -> bool:
        """Forget the tokens from `start` on."""


def fit(context: Tried, trials: Trials, threads: int) -> int | None:
    """How many tokens have to match on this machine, by `shortest_match`; tried once and kept.

    `threads` is what `context` was told to run on; 0 for what suits the machine.
    """
    name = f"{ROOM} tokens at once" + (f" on {threads} threads" if threads else "")
    cost = trials.get(name)
    if not isinstance(cost, float):
        cost = _try(context)
        trials.keep(name, cost)
    return shortest_match(cost)


def _try(context: Tried) -> float:
    one, all_at_once = inf, inf
    for _ in range(_TRIES):
        start = time.perf_counter()
        context.evaluate_each(range(ROOM), 0)
        read = time.perf_counter()
        context.cut(0)
        all_at_once = min(all_at_once, read - start)
        for at in range(_WRITTEN):
            start = time.perf_counter()
            context.evaluate_each([0], at)
            one = min(one, time.perf_counter() - start)
        context.cut(0)
    return round(all_at_once / one, 2)
