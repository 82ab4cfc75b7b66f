"""How many threads the answer model runs on: tried once, kept, tried again where need be."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.threads import Threads, candidates, fit
from rag.trials import Trials

MODEL = "a-model"


class Machine:
    """A clock, and a context whose work takes so many seconds by the number of threads."""

    def __init__(self, reading: dict[int, float], writing: dict[int, float]) -> None:
        self.now = 0.0
        self.tried = 0
        self.on: Threads | None = None
        self._reading, self._writing = reading, writing

    def run_on(self, writing: int, reading: int) -> None:
        self.on = Threads(writing, reading)

    def evaluate(self, tokens: Sequence[int], at: int) -> None:
        assert self.on is not None
        self.tried += 1
        many = len(tokens) > 1
        assert many == (at == 0)
        self.now += self._reading[self.on.reading] if many else self._writing[self.on.writing]

    def cut(self, start: int) -> bool:
        assert start == 0
        return True


EVEN = {8: 1.0, 6: 1.0, 4: 1.0}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "new" / "machine.json"


def trials(kept: Path, model: str = MODEL) -> Trials:
    return Trials(kept, model)


def on(monkeypatch: pytest.MonkeyPatch, cores: int, machine: Machine) -> Machine:
    monkeypatch.setattr("rag.threads.cores", lambda: cores)
    monkeypatch.setattr("rag.trials.cores", lambda: cores)
    monkeypatch.setattr("rag.threads.time.perf_counter", lambda: machine.now)
    return machine


@pytest.mark.parametrize(
    ("most", "tried"), [(1, [1]), (2, [2]), (3, [3, 2, 1]), (4, [4, 3, 2]), (16, [16, 12, 8])]
)
def test_fewer_threads_are_tried_where_there_are_more_than_two(most: int, tried: list[int]) -> None:
    assert candidates(most) == tried


@pytest.mark.parametrize(
    ("reading", "writing", "found"),
    [
        (EVEN, EVEN, Threads(8, 8)),
        (EVEN, {8: 1.0, 6: 0.7, 4: 0.6}, Threads(4, 8)),
        ({8: 1.0, 6: 0.8, 4: 1.5}, EVEN, Threads(8, 6)),
        ({8: 1.0, 6: 0.95, 4: 0.92}, EVEN, Threads(8, 8)),  # not clearly
    ],
)
def test_the_number_that_is_clearly_the_fastest_is_taken(
    reading: dict[int, float],
    writing: dict[int, float],
    found: Threads,
    kept: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = on(monkeypatch, 8, Machine(reading, writing))
    assert fit(machine, trials(kept)) == machine.on == found
    again = on(monkeypatch, 8, Machine(EVEN, EVEN))
    assert fit(again, trials(kept)) == again.on == found
    assert again.tried == 0, "what was found is kept"


def test_another_model_or_number_of_cores_is_tried_anew(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = {8: 1.0, 6: 0.5, 4: 1.0, 3: 1.0, 2: 1.0}
    for cores, name in ((8, MODEL), (8, "other"), (4, MODEL)):
        machine = on(monkeypatch, cores, Machine(slow, slow))
        fit(machine, trials(kept, name))
        assert machine.tried
    assert len(json.loads(kept.read_text())) == 3


def test_numbers_that_the_machine_does_not_have_are_tried_anew(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(on(monkeypatch, 8, Machine(EVEN, EVEN)), trials(kept))
    for found in ([8, 99], [8], [8, 8, 8], 3.5):
        trials(kept).keep("threads", found)
        machine = on(monkeypatch, 8, Machine(EVEN, EVEN))
        assert fit(machine, trials(kept)) == Threads(8, 8)
        assert machine.tried


def test_two_cores_are_taken_as_they_are(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = on(monkeypatch, 2, Machine(EVEN, EVEN))
    assert fit(machine, trials(kept)) == Threads(2, 2)
    assert machine.on is None
    assert not kept.exists()


def test_a_folder_that_cannot_be_written_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    machine = on(monkeypatch, 8, Machine(EVEN, EVEN))
    assert fit(machine, trials(tmp_path / "file" / "machine.json")) == Threads(8, 8)
