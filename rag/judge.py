"""Does a text state the answer? The model's yes/no margin on it, read as a probability.

The judge is asked of a window of the articles, before anything is written, and of sentences that
are to be quoted, as if they were all there is to read. What was written is checked by a model that
has learned to; of another's the judge is asked in that way too. A draft that does not state the
answer is not one, however true it is.

Platt scaling (Platt 1999): probability = 1 / (1 + exp(-slope * (margin - threshold))), so that
the threshold is where the probability is one half. Both numbers depend on the model, its adapter
and the words it was asked with, and are stored with all three: in `calibration.json` beside this
module, or by `footnote eval calibrate` in the Footnote folder.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import prompts
from rag.errors import ConfigError
from rag.generate import Generator, Prompt

BUNDLED = Path(__file__).with_name("calibration.json")


class Opinion(NamedTuple):
    """How probable (0 to 1) it is that what the model wrote is right."""

    probability: float  # by the window that it is from and by itself
    least: float  # that, or what it has by itself where that is less


class _Weights(NamedTuple):
    """How the opinions on a window and on an answer from it are joined, in log odds.

    By logistic regression on tuning questions (docs/experiments.md): that on the answer says more.
    """

    window: float
    said: float
    more: float


# Two sentences of the window hold more than an answer, so that they pass sooner.
_QUOTED = _Weights(window=0.5, said=1.1, more=0.1)
_WRITTEN = _Weights(window=0.5, said=1.1, more=0.8)
_CHECKED = _Weights(window=0.25, said=0.8, more=-0.6)
# Log odds that what the model wrote needs by itself, whatever its window states.
_ALONE, _CHECKED_ALONE = 0.34, 0.5
_PROMPTS = ("system", "evidence", "judge")


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a model's margin is read; `known` is false for the safe default."""

    threshold: float
    slope: float
    known: bool = True

    def log_odds(self, margin: float) -> float:
        """Natural logarithm of the odds that what was judged states the answer."""
        return self.slope * (margin - self.threshold)

    def probability(self, margin: float) -> float:
        """Probability (0 to 1) that what was judged states the answer."""
        return _logistic(self.log_odds(margin))

    def quoted(self, window: float, said: float) -> float:
        """Probability (0 to 1) that sentences answer, by their margin and that of their window."""
        return self._joined(_QUOTED, window, self.log_odds(said))

    def written(self, window: float, said: float) -> Opinion:
        """Of what the model wrote, by the judge's margins on its window and on it alone.

        It is held to the same bar without its window: where that plainly states the answer, the
        model may have written something else from it.
        """
        odds = self.log_odds(said)
        return _opinion(self._joined(_WRITTEN, window, odds), odds - _ALONE)

    def checked(self, window: float, check: float) -> Opinion:
        """Likewise, by the margin of the check, which has learned to give log odds."""
        return _opinion(self._joined(_CHECKED, window, check), check - _CHECKED_ALONE)

    def _joined(self, weights: _Weights, window: float, odds: float) -> float:
        if not self.known:  # the weights are those of a calibrated model
            return min(self.probability(window), _logistic(odds))
        joined = weights.window * self.log_odds(window) + weights.said * odds
        return _logistic(joined + weights.more)

    def margin(self, probability: float) -> float:
        """The margin that is read as `probability` (0 to 1, both excluded)."""
        return self.threshold + math.log(probability / (1.0 - probability)) / self.slope


def _opinion(probability: float, alone: float) -> Opinion:
    return Opinion(probability, min(probability, _logistic(alone)))


def _logistic(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(max(-60.0, min(60.0, -log_odds))))


SAFE_DEFAULT = Calibration(threshold=1.0, slope=1.0, known=False)
"""For a model without a stored calibration: rather too many refusals than an invention."""


def weigh(asked: Sequence[Prompt], generator: Generator, enough: float) -> list[float]:
    """The margins of the judge's prompts, in their order, up to the first of at least `enough`."""
    margins: list[float] = []
    for prompt in asked:
        margins.append(generator.margin(prompt))
        if margins[-1] >= enough:
            break
    return margins


def calibration(model: str, adapter: str = "", own: Path | None = None) -> Calibration:
    """The calibration of `model` with `adapter` under today's prompts, else a safe default.

    The file `own`, which `keep` writes, goes before the bundled one. Raises ConfigError for a
    damaged file.
    """
    key = _key(model, adapter)
    entries = [*_read(own), *_bundled()] if own is not None else _bundled()
    return next(
        (
            Calibration(float(entry["threshold"]), float(entry["slope"]))
            for entry in entries
            if key.items() <= entry.items()
        ),
        SAFE_DEFAULT,
    )


def keep(found: Calibration, model: str, adapter: str, file: Path) -> None:
    """Write `found` into `file`, in the place of an older one; the others in it stay.

    Raises ConfigError when `file` is damaged or cannot be written.
    """
    key = _key(model, adapter)
    others = [entry for entry in _read(file) if not key.items() <= entry.items()]
    numbers = {"threshold": round(found.threshold, 3), "slope": round(found.slope, 3)}
    unfinished = file.with_suffix(".unfinished")
    text = json.dumps([*others, {**key, **numbers}], indent=2, ensure_ascii=False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(f"{text}\n", encoding="utf-8")
        unfinished.replace(file)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written ({error}). Name another file.") from error


def _key(model: str, adapter: str) -> dict[str, str]:
    return {"model": model, "adapter": adapter, "prompts": prompts.fingerprint(*_PROMPTS)}


@cache
def _bundled() -> list[dict[str, Any]]:
    return _read(BUNDLED)


def _read(file: Path) -> list[dict[str, Any]]:
    """The entries of a file; none of a missing one."""
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        usable = all(
            float(entry["slope"]) > 0 and math.isfinite(float(entry["threshold"]))
            for entry in entries
        )
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{file} is no file of calibrations ({error}). Remove it.") from error
    if not usable:
        raise ConfigError(f"{file} holds a slope or a threshold that cannot be. Remove it.")
    return list(entries)
