"""A margin read as a probability, and what holds for a model that nobody calibrated."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import ScriptedGenerator

import prompts
from rag import judge
from rag.errors import ConfigError
from rag.generate import Prompt
from rag.judge import SAFE_DEFAULT, Calibration, calibration, keep, weigh

FINGERPRINT = prompts.fingerprint("system", "evidence", "judge")


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    read = {"threshold": 0.4, "slope": 2.0}
    entries = [
        {"model": "known", "adapter": "", "prompts": FINGERPRINT} | read,
        {"model": "known", "adapter": "abc", "prompts": FINGERPRINT} | read | {"threshold": 0.1},
        {"model": "of other words", "adapter": "", "prompts": "0" * 12} | read,
    ]
    file = tmp_path / "calibration.json"
    file.write_text(json.dumps(entries))
    monkeypatch.setattr(judge, "BUNDLED", file)
    judge._bundled.cache_clear()
    yield
    judge._bundled.cache_clear()


@pytest.mark.usefixtures("stored")
def test_a_stored_calibration_is_used_for_its_model_and_words() -> None:
    assert calibration("known") == Calibration(0.4, 2.0)
    assert calibration("of other words") == SAFE_DEFAULT
    assert calibration("unknown") == SAFE_DEFAULT
    assert not SAFE_DEFAULT.known


@pytest.mark.usefixtures("stored")
def test_an_adapter_has_a_calibration_of_its_own() -> None:
    assert calibration("known", "abc") == Calibration(0.1, 2.0)
    assert calibration("known", "another") == SAFE_DEFAULT


@pytest.mark.usefixtures("stored")
def test_a_calibration_of_one_s_own_goes_before_the_bundled_one(tmp_path: Path) -> None:
    own = tmp_path / "home" / "calibration.json"
    assert calibration("known", own=own) == Calibration(0.4, 2.0)
    keep(Calibration(1.23456, 0.5), "known", "", own)
    keep(Calibration(-2.0, 0.7), "known", "abc", own)
    keep(Calibration(9.0, 1.0), "another", "", own)
    keep(Calibration(3.0, 1.0), "another", "", own)
    assert calibration("known", own=own) == Calibration(1.235, 0.5)
    assert calibration("known", "abc", own=own) == Calibration(-2.0, 0.7)
    assert calibration("another", own=own) == Calibration(3.0, 1.0)
    assert calibration("unknown", own=own) == SAFE_DEFAULT
    assert calibration("known") == Calibration(0.4, 2.0)
    assert [file.name for file in own.parent.iterdir()] == ["calibration.json"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "3", "[3]", '[{"threshold": 1}]', '[{"threshold": 1, "slope": 0}]', "\x00\xff"],
)
def test_a_damaged_file_of_calibrations_is_told(tmp_path: Path, content: str) -> None:
    own = tmp_path / "calibration.json"
    own.write_bytes(content.encode("latin-1"))
    with pytest.raises(
        ConfigError, match=r"calibration.json (is no file of|holds a slope).*Remove"
    ):
        calibration("known", own=own)


def test_at_the_threshold_it_is_one_half_and_it_rises() -> None:
    found = Calibration(0.4, 2.0)
    assert found.probability(0.4) == 0.5
    rising = [found.probability(margin / 10) for margin in range(-50, 50)]
    assert rising == sorted(rising)
    assert 0 < rising[0] < 0.5 < rising[-1] < 1


@pytest.mark.parametrize("margin", [math.inf, 1e308, -1e308, -math.inf])
def test_no_margin_is_too_large(margin: float) -> None:
    assert Calibration(1.0, 5.0).probability(margin) == pytest.approx(1.0 if margin > 0 else 0.0)


def test_a_margin_that_is_no_number_never_lets_an_answer_through() -> None:
    assert Calibration(0.4, 2.0).probability(math.nan) < 0.5


def test_the_shipped_calibrations_can_be_read() -> None:
    for entry in judge._bundled():
        found = calibration(str(entry["model"]), str(entry["adapter"]))
        assert found.known, "made with the prompts of today"
        assert found.slope > 0


def test_the_probability_of_a_margin_and_the_margin_of_a_probability() -> None:
    found = Calibration(-1.0, 0.56)
    for probability in (0.01, 0.5, 0.8, 0.99):
        assert found.probability(found.margin(probability)) == pytest.approx(probability)


@pytest.mark.parametrize(
    ("margins", "enough", "weighed"),
    [
        ([], 1.0, 0),
        ([-1.0, 0.5], 1.0, 2),
        ([-1.0, 2.0, -1.0, 0.0], 1.0, 2),
        ([-1.0, 0.0, 0.0, 1.0, 3.0, 9.0, 9.0], 1.0, 4),
        ([-1.0] * 8, 1.0, 8),
    ],
)
def test_weighing_ends_where_a_window_plainly_states_the_answer(
    margins: list[float], enough: float, weighed: int
) -> None:
    asked = [Prompt("s", f"{number}") for number in range(len(margins))]
    generator = ScriptedGenerator(margin=lambda user: margins[int(user)])
    assert weigh(asked, generator, enough) == margins[:weighed]
    assert generator.judged == asked[:weighed]


def test_an_answer_is_held_to_the_bar_without_its_window_too() -> None:
    found = Calibration(threshold=1.0, slope=0.5)
    little, more = found.written(9.0, 1.0), found.written(9.0, 2.0)
    assert little.probability > 0.9, "which its window alone would let pass"
    assert little.least < 0.5 < more.least, "a little above the threshold"
    assert found.quoted(9.0, 1.0) > 0.8, "sentences of the window are what the window says"


def test_a_learned_check_is_read_as_it_is_whatever_the_judges_scale() -> None:
    narrow, wide = Calibration(threshold=1.0, slope=0.5), Calibration(threshold=1.0, slope=5.0)
    assert narrow.checked(1.0, 2.0) == wide.checked(1.0, 2.0)
    assert narrow.checked(9.0, -4.0).least < 0.5 < narrow.checked(9.0, 4.0).least
    found = [narrow.checked(window, check).probability for window in (0, 4) for check in (-1, 3)]
    assert found[0] < min(found[1:3]) <= max(found[1:3]) < found[3], "either opinion counts"


def test_a_model_without_a_calibration_has_to_be_sure_of_both() -> None:
    unknown = Calibration(threshold=1.0, slope=1.0, known=False)
    for opinion in (unknown.checked, unknown.written):
        assert opinion(9.0, -2.0).probability < 0.5
        assert opinion(-2.0, 9.0).probability < 0.5 < opinion(9.0, 9.0).least
