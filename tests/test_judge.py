"""A margin read as a probability, and what holds for a model that nobody calibrated."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

import prompts
from rag import judge
from rag.judge import SAFE_DEFAULT, Calibration, calibration, choose
from rag.types import Evidence

FINGERPRINT = prompts.fingerprint("system", "judge", "verify")


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    weights = {"before": [0.5, 2.0], "after": [-0.5, 1.0, 3.0]}
    entries = {
        "known": weights | {"prompts": FINGERPRINT},
        "of other words": weights | {"prompts": "0" * 12},
    }
    file = tmp_path / "calibration.json"
    file.write_text(json.dumps(entries))
    monkeypatch.setattr(judge, "_FILE", file)
    judge._stored.cache_clear()
    yield
    judge._stored.cache_clear()


@pytest.mark.usefixtures("stored")
def test_a_stored_calibration_is_used_for_its_model_and_words() -> None:
    assert calibration("known") == Calibration((0.5, 2.0), (-0.5, 1.0, 3.0))
    assert calibration("of other words") == SAFE_DEFAULT
    assert calibration("unknown") == SAFE_DEFAULT
    assert not SAFE_DEFAULT.known


def test_probabilities_are_those_of_the_logistic_function_and_rise_with_each_margin() -> None:
    found = Calibration((0.5, 2.0), (-0.5, 1.0, 3.0))
    assert found.expected(-0.25) == 0.5
    assert found.expected(0.25) == pytest.approx(1 / (1 + math.exp(-1.0)))
    assert found.probability(0.5, 0.0) == 0.5
    for rising in (
        [found.expected(margin / 10) for margin in range(-50, 50)],
        [found.probability(margin / 10, 0.2) for margin in range(-50, 50)],
        [found.probability(0.2, margin / 10) for margin in range(-50, 50)],
    ):
        assert rising == sorted(rising)
        assert 0 < rising[0] < 0.5 < rising[-1] <= 1


@pytest.mark.parametrize("margin", [math.inf, 1e308, -1e308, -math.inf])
def test_no_margin_is_too_large(margin: float) -> None:
    sure = Calibration((1.0, 5.0), (1.0, 1.0, 1.0))
    assert sure.expected(margin) == pytest.approx(1.0 if margin > 0 else 0.0)


def test_a_margin_that_is_no_number_never_lets_an_answer_through() -> None:
    sure = Calibration((1.0, 5.0), (1.0, 1.0, 1.0))
    assert sure.expected(math.nan) == 0.0
    assert sure.probability(9.0, math.nan) == 0.0


def test_the_shipped_calibrations_are_of_today_s_prompts() -> None:
    for model in judge._stored():
        assert calibration(model).known, "the prompts have changed: calibrate again"
        assert calibration(model).expected(-9.0) < 0.5 < calibration(model).expected(9.0)


def run(name: str) -> Evidence:
    return Evidence(name, "p", name, name, "", "", (), name, 0, 1, 1.0)


@pytest.mark.parametrize(
    ("margins", "read", "asked"),
    [
        ([2.0, 9.0, 9.0], ["0"], 1),
        ([0.5, 1.2, 9.0], ["1", "0"], 2),
        ([-0.5, 1.2, 9.0], ["1"], 2),
        ([0.1, -0.2, 0.3, 0.2], ["2", "3", "0"], 4),
        ([-3.0, -5.0], ["0"], 2),
    ],
)
def test_a_clear_run_ends_the_search(margins: list[float], read: list[str], asked: int) -> None:
    told: list[str] = []

    def margin(evidence: Evidence) -> float:
        told.append(evidence.title)
        return margins[int(evidence.title)]

    chosen, best = choose([run(str(row)) for row in range(len(margins))], margin)
    assert ([found.title for found in chosen], len(told)) == (read, asked)
    assert best == max(margins[:asked])
