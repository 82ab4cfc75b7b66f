"""What is guessed to come next in a reply, and whether guessing pays on a machine."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import lookup
from rag.lookup import GUESSED, ROOM, fit, guess, shortest_match
from rag.trials import Trials


@pytest.mark.parametrize(
    ("text", "needed", "found"),
    [
        ([1, 2, 3, 4, 1, 2], 2, [3, 4, 1, 2]),
        ([1, 2, 3, 4, 9, 2], 2, []),  # one token alone is alike
        ([1, 2, 3, 4, 9, 2], 1, [3, 4, 9, 2]),
        ([5, 1, 2, 3, 6, 1, 2, 4, 5, 1, 2], 1, [3, 6, 1, 2, 4, 5, 1, 2]),  # the longer match
        ([1, 2, 3, 1, 2, 4, 1, 2], 2, [4, 1, 2]),  # of two as long the later one
        ([7, 7, 7], 2, [7]),  # a match may reach into what it is compared with
        ([1], 1, []),
        ([], 1, []),
    ],
)
def test_what_stood_behind_the_longest_match_is_guessed(
    text: list[int], needed: int, found: list[int]
) -> None:
    assert list(guess(text, needed, 100)) == found


@given(st.lists(st.integers(0, 2), max_size=60), st.integers(1, 6), st.integers(0, 40))
def test_a_guess_stands_in_the_text_behind_as_much_as_has_to_match(
    text: list[int], needed: int, most: int
) -> None:
    found = list(guess(text, needed, most))
    assert len(found) <= min(most, GUESSED)
    if found:
        run = [*text[len(text) - needed :], *found]
        assert any(text[at : at + len(run)] == run for at in range(len(text)))
    elif most:
        ends = range(needed, len(text))
        assert not any(text[end - needed : end] == text[len(text) - needed :] for end in ends)


def test_less_has_to_match_where_tokens_at_once_cost_less() -> None:
    needed = [shortest_match(cost) for cost in (1.0, 3.0, 5.0, 16.0)]
    assert needed[-1] is None
    assert sorted(needed[:-1], key=lambda n: n or 0) == needed[:-1]
    assert needed[0] is not None
    assert needed[0] < (needed[2] or 0)


class Machine:
    """A clock, and a context that takes so many seconds for one token and for many."""

    def __init__(self, one: float, many: float) -> None:
        self.now = 0.0
        self.held = 0
        self.tried = 0
        self._one, self._many = one, many

    def evaluate_each(self, tokens: Sequence[int], at: int) -> None:
        assert at == self.held
        self.held += len(tokens)
        assert self.held <= ROOM
        self.tried += 1
        slowed = 3.0 if self.tried == 1 else 1.0  # the first call of all warms up
        self.now += slowed * (self._one if len(tokens) == 1 else self._many)

    def cut(self, start: int) -> bool:
        self.held = start
        return True


def test_what_tokens_at_once_cost_is_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on(one: float, many: float, threads: int = 0) -> tuple[Machine, int | None]:
        machine = Machine(one, many)
        monkeypatch.setattr(lookup.time, "perf_counter", lambda: machine.now)
        return machine, fit(machine, Trials(tmp_path / "machine.json", "a-model"), threads)

    machine, found = on(0.06, 0.18)
    assert (found, machine.held) == (shortest_match(3.0), 0)
    again, found = on(0.03, 0.48)
    assert (found, again.tried) == (shortest_match(3.0), 0), "what was found is kept"
    other, found = on(0.03, 0.48, threads=1)
    assert (found, bool(other.tried)) == (None, True), "for as many threads"
