"""The thresholds, and what the gate makes of them."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from eval_fakes import mixed

from eval.gate import Check, gate, gate_text, goals_text, load_thresholds, through
from eval.metrics import share
from eval.options import THRESHOLDS
from eval.report.figures import figures, short
from rag.errors import ConfigError


@pytest.mark.parametrize(
    ("threshold", "figure", "passed"),
    [
        ("right_min", 18 / 20, True),
        ("right_min", math.nextafter(0.9, 0), False),
        ("wrong_max", 18 / 20, True),
        ("wrong_max", math.nextafter(0.9, 1), False),
        ("right_min", None, True),
        ("right_min", math.nan, False),
        ("wrong_max", math.nan, False),
    ],
)
def test_a_figure_at_the_bound_passes(threshold: str, figure: float | None, passed: bool) -> None:
    assert Check(threshold, 0.9, figure).passed is passed


def test_gate_reads_shares_and_counts_in_the_thresholds_order() -> None:
    figures = {
        "wrong": share(2, 20),
        "errors": 1,
        "right": share(0, 0),
        "refused_rightly": share(1, 1),
    }
    thresholds = {"right_min": 0.9, "wrong_max": 0.05, "refused_rightly_min": 0.9, "errors_max": 0}
    checks = gate(figures, thresholds, strict=True)
    assert [check.threshold for check in checks] == list(thresholds)
    assert [check.figure for check in checks] == [None, 0.1, 1.0, 1]
    assert [check.passed for check in checks] == [True, False, True, False]
    assert [str(check).split()[0] for check in checks] == ["n/a", "FAIL", "PASS", "FAIL"]
    assert "0.1" in str(checks[1])
    assert "0.05" in str(checks[1])


def test_a_failed_threshold_names_the_cases_that_it_is_through() -> None:
    results = mixed()
    results[0] = replace(results[0], citations_valid=(False,))
    thresholds = {"citation_valid_min": 1.0, "right_cited_min": 0.9, "errors_max": 0.0}
    checks = gate(figures(results), thresholds, strict=True, short=short(results))
    assert [check.reason for check in checks] == ["Cases: a", "Cases: b", "Cases: d"]
    assert str(checks[0]).endswith("Cases: a")
    loose = gate(figures(results), thresholds, short=short(results))
    assert str(loose[1]).endswith("Cases: b")
    assert through([f"c{n}" for n in range(12)]).endswith("c8, c9, ...")
    assert through([]) == ""


def test_the_bundled_goals_are_those_agreed_on() -> None:
    assert load_thresholds(THRESHOLDS, "goal") == {
        "right_min": 0.90,
        "wrong_max": 0.05,
        "refused_rightly_min": 0.90,
        "citation_valid_min": 1.0,
        "right_cited_min": 0.90,
        "hit10_min": 0.95,
        "errors_max": 0,
    }


def test_the_gate_is_no_stricter_than_the_goals_and_bends_no_certainty() -> None:
    goals = load_thresholds(THRESHOLDS, "goal")
    floors = load_thresholds(THRESHOLDS)
    for name, goal in goals.items():
        assert floors[name] >= goal if name.endswith("_max") else floors[name] <= goal
    assert (floors["citation_valid_min"], floors["errors_max"]) == (1.0, 0)


def test_the_goals_that_are_missed_are_named_with_their_figures() -> None:
    goals = load_thresholds(THRESHOLDS, "goal")
    text = goals_text(gate(figures(mixed()), goals))
    assert text.startswith("Goals not reached: right_min 0.9 (now ")
    assert "citation_valid_min" not in text
    assert goals_text([]) == "Every goal is reached."


def test_the_gate_names_what_failed() -> None:
    goals = load_thresholds(THRESHOLDS, "goal")
    checks = gate(figures(mixed()), goals, strict=True)
    text = gate_text(checks)
    assert [check.threshold for check in checks if not check.passed] == [
        "right_min", "wrong_max", "refused_rightly_min", "right_cited_min", "errors_max",
    ]  # fmt: skip
    assert text.splitlines()[-1] == (
        "Below the bar: right_min, wrong_max, refused_rightly_min, right_cited_min, errors_max."
    )
    assert text.count("FAIL") == 5
    assert text.count("PASS") == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[report\n", "cannot be read"),
        ("", "lacks or does not know: citation_valid_min"),
        ("[report]\nright_min = 0.9\ncolour = 1\n", "colour"),
    ],
)
def test_unusable_thresholds_are_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "t.toml"
    file.write_text(content)
    with pytest.raises(ConfigError, match=message):
        load_thresholds(file)


def test_a_threshold_has_to_be_a_number(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text(THRESHOLDS.read_text().replace("right_min = 0.90", 'right_min = "0.9"'))
    with pytest.raises(ConfigError, match=r"right_min in .* has to be a number, not '0.9'"):
        load_thresholds(file, "goal")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_thresholds(tmp_path / "none.toml")


def test_a_share_fails_only_when_its_interval_is_wholly_on_the_wrong_side() -> None:
    figures = {"right": share(7, 10), "wrong": share(3, 10)}
    thresholds = {"right_min": 0.8, "wrong_max": 0.1}
    near = gate(figures, thresholds)
    assert [check.met for check in near] == [False, False]
    assert [check.passed for check in near] == [True, False]
    assert str(near[0]).startswith("NEAR  right_min")
    assert "95 % interval 0.397 to 0.892" in str(near[0])
    assert not gate({"right": share(7, 10)}, {"right_min": 0.9})[0].passed
    assert "chance alone may account for it: right_min." in gate_text(near[:1])
    assert "Below the bar: wrong_max." in gate_text(near)
    assert [check.passed for check in gate(figures, thresholds, strict=True)] == [False, False]


@pytest.mark.parametrize("strict", [False, True])
def test_one_invalid_citation_or_crash_is_never_chance(strict: bool) -> None:
    figures = {"citation_valid": share(99, 100), "errors": 1}
    checks = gate(figures, {"citation_valid_min": 1.0, "errors_max": 0}, strict=strict)
    assert [check.passed for check in checks] == [False, False]
