"""What `speed.py` makes of what it measured: percentiles, ratios, a table and a baseline."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.pipelines import COLD, FLOOR, LLAMAINDEX, PLAIN, WARM
from eval.metrics import OUTCOMES, Outcome, percentile

NAMES = {
    WARM: "Footnote, articles read ahead",
    COLD: "Footnote, nothing read before",
    PLAIN: "plain pipeline",
    LLAMAINDEX: "LlamaIndex",
    FLOOR: "the answer's tokens alone",
}
RESAMPLES, SEED = 2_000, 0
REFUSED = {"refused_rightly", "refused_wrongly"}
FIGURES = {
    "total_s": ("whole answer (s)", ".2f"),
    "first_token_s": ("first token (s)", ".2f"),
    "prompt_tokens": ("prompt tokens", ".0f"),
    "answer_tokens": ("answer tokens", ".0f"),
}
_COMPARED = (
    (WARM, FLOOR),
    (COLD, WARM),
    (PLAIN, WARM),
    (PLAIN, COLD),
    (LLAMAINDEX, WARM),
    (LLAMAINDEX, COLD),
)
_GUARDED = ((WARM, FLOOR), (WARM, PLAIN), (COLD, PLAIN))
SLOWER = 1.25  # times the baseline's ratio, from which on it is a regression


@dataclass(frozen=True, slots=True)
class Measured:
    """One answer of one pipeline. `first_token_s` is when the reader first sees any of it."""

    total_s: float
    first_token_s: float
    prompt_tokens: int
    answer_tokens: int
    outcome: Outcome | None = None  # None for what answers nothing
    cites: bool = False  # it names a source that there is
    cites_facts: bool = False  # the sources that it names hold every expected fact
    named: int = 0  # sources that it names
    valid: int = 0  # of these, in an article's own words
    text: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One question, answered by all of them in the order of `measured`."""

    case: str
    measured: Mapping[str, Measured]


def ratio(rows: Sequence[Row], over: str, under: str, figure: str) -> dict[str, Any]:
    """Median over the rows of the ratio of two pipelines' times.

    `low` and `high` bound its 95 % percentile bootstrap interval (Efron 1979), rows resampled. Rows
    in which `under` took no time are left out; of no rows there is nothing but their number.
    """
    pairs = [(getattr(r.measured[over], figure), getattr(r.measured[under], figure)) for r in rows]
    ratios = np.array([one / other for one, other in pairs if other])
    if not len(ratios):
        return {"rows": 0}
    drawn = np.random.default_rng(SEED).integers(0, len(ratios), (RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(ratios[drawn], axis=1), [2.5, 97.5])
    bounds = {"low": float(low), "high": float(high)}
    return {"median": float(np.median(ratios)), **bounds, "rows": len(ratios)}


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Figures of each pipeline, and how often as long it takes as Footnote."""
    names = [name for name in NAMES if name in rows[0].measured]
    ratios: dict[str, Any] = {}
    for over, under in _COMPARED:
        if {over, under} <= set(names):
            both = [r for r in rows if not {r.measured[n].outcome for n in (over, under)} & REFUSED]
            for what, chosen in (("", rows), (", both answered", both)):
                ratios[f"{over} / {under}{what}"] = {
                    figure: ratio(chosen, over, under, figure)
                    for figure in ("total_s", "first_token_s")
                }
    return {
        "pipelines": {name: describe([row.measured[name] for row in rows]) for name in names},
        "ratios": ratios,
    }


def describe(side: Sequence[Measured]) -> dict[str, Any]:
    """Outcomes, citations and percentiles of one pipeline."""
    outcomes = Counter(measured.outcome for measured in side)
    right = [measured for measured in side if measured.outcome == "right"]
    answered = [m for m in side if m.outcome and m.outcome not in REFUSED]
    described: dict[str, Any] = {
        "outcomes": {outcome: outcomes[outcome] for outcome in OUTCOMES},
        "answered": len(answered),
        "cites": sum(m.cites for m in answered),
        "named": sum(m.named for m in answered),
        "valid": sum(m.valid for m in answered),
        "right_cited": sum(measured.cites_facts for measured in right),
    }
    for figure in FIGURES:
        values = [getattr(measured, figure) for measured in side]
        described[figure] = {f"p{q}": percentile(values, q) for q in (10, 50, 90)}
    return described


def text(figures: dict[str, Any]) -> str:
    """The summary as Markdown tables."""
    sides = figures["pipelines"]
    lines = [_cells("median (10th to 90th percentile)", *(NAMES[name] for name in sides))]
    lines.append(_cells("---", *("---" for _ in sides)))
    for figure, (label, form) in FIGURES.items():
        found = [side[figure] for side in sides.values()]
        lines.append(_cells(label, *(
            f"{p['p50']:{form}} ({p['p10']:{form}} to {p['p90']:{form}})" for p in found
        )))  # fmt: skip
    answering = [side for name, side in sides.items() if name != FLOOR]
    for outcome in OUTCOMES:
        counts = (side["outcomes"][outcome] for side in answering)
        lines.append(_cells(outcome.replace("_", " "), *counts, ""))
    cites = (f"{side['cites']} of {side['answered']}" for side in answering)
    lines.append(_cells("answers that cite a source", *cites, ""))
    valid = (f"{side['valid']} of {side['named']}" for side in answering)
    lines.append(_cells("footnotes in an article's own words", *valid, ""))
    held = (f"{side['right_cited']} of {side['outcomes']['right']}" for side in answering)
    lines.append(_cells("right answers whose sources hold every fact", *held, ""))
    lines += ["", _cells("times as long", "whole answer", "first token"), _cells(*["---"] * 3)]
    for label, found in figures["ratios"].items():
        cells = [_interval(found.get(figure)) for figure in ("total_s", "first_token_s")]
        lines.append(_cells(label, *cells))
    return "\n".join(lines)


def _cells(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _interval(found: Mapping[str, Any] | None) -> str:
    if not found or not found["rows"]:
        return ""
    return f"{found['median']:.2f} ({found['low']:.2f} to {found['high']:.2f}; {found['rows']})"


def guarded(rows: Sequence[Row]) -> dict[str, float]:
    """The ratios that a baseline holds: the lower, the quicker Footnote is."""
    found = {f"{over} / {under}": ratio(rows, over, under, "total_s") for over, under in _GUARDED}
    return {label: round(one["median"], 3) for label, one in found.items() if one["rows"]}


def slower(now: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """The ratios of `baseline` that are worse `now` by more than one run differs from another."""
    return [
        f"{label}: {now[label]:.2f}, was {before:.2f}"
        for label, before in baseline.items()
        if label in now and now[label] > SLOWER * before
    ]
