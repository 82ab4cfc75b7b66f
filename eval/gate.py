"""The bar: thresholds from a TOML file, held to the figures with regard to chance."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import ConfigError

NAMES = (
    "right_min",
    "wrong_max",
    "refused_rightly_min",
    "citation_valid_min",
    "right_cited_min",
    "hit10_min",
    "errors_max",
)
# No sample of cases makes these vary: one invalid citation or one crash is a defect.
_NOTHING = "nothing to measure"
HARD = ("citation_valid", "errors")
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Check:
    """One threshold held to its figure; `figure` is None when there was nothing to measure.

    `low` and `high` bound the figure's 95 % interval; without them the bare figure decides.
    `reason` tells more where the figure alone does not tell what to look at.
    """

    threshold: str
    bound: float
    figure: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    @property
    def met(self) -> bool:
        """Whether the bare figure is on the right side of the bound; nothing measured is."""
        return self.figure is None or self._within(self.figure)

    @property
    def passed(self) -> bool:
        """Whether chance alone may account for the figure's being on the wrong side, if it is."""
        if self.met or self.low is None or self.high is None:
            return self.met
        return self._within(self.low if self.threshold.endswith("_max") else self.high)

    @property
    def state(self) -> str:
        """PASS, FAIL, NEAR (short, but within chance), or n/a when nothing was measured."""
        if self.figure is None:
            return "n/a"
        return "PASS" if self.met else "NEAR" if self.passed else "FAIL"

    def _within(self, value: float) -> bool:
        return value <= self.bound if self.threshold.endswith("_max") else value >= self.bound

    def __str__(self) -> str:
        if self.figure is None:
            return (
                f"{self.state:<5} {self.threshold:<20} {self.bound:<6g} {self.reason or _NOTHING}"
            )
        line = f"{self.state:<5} {self.threshold:<20} {self.bound:<6g} figure {self.figure:.4g}"
        if self.met:
            return line
        if self.low is not None and self.high is not None:
            line = f"{line}, 95 % interval {self.low:.3f} to {self.high:.3f}"
        return f"{line}. {self.reason}" if self.reason else line


def gate(
    figures: Mapping[str, Any],
    thresholds: Mapping[str, float],
    *,
    strict: bool = False,
    short: Mapping[str, Sequence[str]] | None = None,
) -> list[Check]:
    """Hold the figures of one group against the thresholds, in their order.

    A share fails when its Wilson interval lies wholly on the wrong side of the bound; `strict`
    takes the bare figure, as is always done for citations and crashes. `short` are the ids of the
    cases that a figure lacks, by figure.
    """
    checks = []
    for threshold, bound in thresholds.items():
        name = threshold.rpartition("_")[0]
        figure, reason = figures[name], through((short or {}).get(name, ()))
        if not isinstance(figure, dict):
            checks.append(Check(threshold, bound, figure, reason=reason))
        elif strict or name in HARD:
            checks.append(Check(threshold, bound, figure["rate"], reason=reason))
        else:
            low, high = figure["low"], figure["high"]
            checks.append(Check(threshold, bound, figure["rate"], low, high, reason))
    return checks


def through(ids: Sequence[str]) -> str:
    """Which cases it is through, the first of them; empty for none."""
    return f"Cases: {', '.join(ids[:_NAMED])}{', ...' if len(ids) > _NAMED else ''}" if ids else ""


def load_thresholds(path: Path, section: str = "report") -> dict[str, float]:
    """One table of a TOML file. Raises ConfigError unless it has every threshold."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get(section, {})
    except (OSError, ValueError) as error:
        raise ConfigError(f"The thresholds in {path} cannot be read ({error}).") from error
    if odd := sorted(set(table) ^ set(NAMES)):
        raise ConfigError(f"[{section}] in {path} lacks or does not know: {', '.join(odd)}.")
    for name, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{name} in {path} has to be a number, not {value!r}.")
    return dict(table)


def gate_text(checks: Sequence[Check]) -> str:
    """A line for each threshold, and one that names those that failed."""
    failed = [check.threshold for check in checks if not check.passed]
    near = [check.threshold for check in checks if check.passed and not check.met]
    lines = [*map(str, checks)]
    if near:
        lines.append(f"Short of the bar, but chance alone may account for it: {', '.join(near)}.")
    if failed:
        return "\n".join([*lines, f"Below the bar: {', '.join(failed)}."])
    return "\n".join([*lines, *([] if near else ["Every threshold is met."])])


def goals_text(checks: Sequence[Check]) -> str:
    """The goals that are not reached, with the figure that is."""
    missed = [
        f"{check.threshold} {check.bound:g} (now {check.figure:.2f})"
        for check in checks
        if check.figure is not None and not check.met
    ]
    return f"Goals not reached: {', '.join(missed)}." if missed else "Every goal is reached."
