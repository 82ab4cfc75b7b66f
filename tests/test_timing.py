"""Seconds by stage, with a clock that the test turns."""

import pytest

from rag import timing
from rag.timing import Clock


class Turned:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture(name="time")
def turn(monkeypatch: pytest.MonkeyPatch) -> Turned:
    turned = Turned()
    monkeypatch.setattr(timing, "time", turned)
    return turned


def test_stages_add_up_and_tokens_are_counted(time: Turned) -> None:
    clock = Clock()
    for _ in range(2):
        with clock.stage("retrieve_s"):
            time.now += 1
    with pytest.raises(KeyError), clock.stage("judge_s"):
        time.now += 3
        raise KeyError
    for _ in range(4):
        time.now += 0.5
        clock.tick()
    found = clock.timings()
    assert (found.retrieve_s, found.judge_s, found.total_s) == (2.0, 3.0, 7.0)
    assert (found.first_token_s, found.generate_s, found.answer_tokens) == (5.5, 1.5, 4)


def test_without_a_token_the_first_one_counts_as_now(time: Turned) -> None:
    clock = Clock()
    time.now += 2
    found = clock.timings()
    assert (found.first_token_s, found.generate_s, found.answer_tokens) == (2.0, 0.0, 0)


def test_what_was_done_before_the_first_token_is_not_taken_off_the_writing(time: Turned) -> None:
    clock = Clock()
    with clock.stage("cite_s"):
        time.now += 3
    clock.tick()
    time.now += 5
    clock.tick()
    assert clock.timings().generate_s == 5.0


def test_judging_what_was_written_is_not_writing(time: Turned) -> None:
    clock = Clock()
    with clock.stage("judge_s"):
        time.now += 2
    for _ in range(2):
        time.now += 1
        clock.tick()
    with clock.stage("judge_s"):
        time.now += 4
    found = clock.timings()
    assert (found.judge_s, found.first_token_s, found.generate_s) == (6.0, 3.0, 1.0)
