"""Rows of the tables that the terminal and Markdown share."""

from collections.abc import Mapping, Sequence
from typing import Any

from eval.metrics import OUTCOMES, share
from eval.report.figures import RANKING, SHARES, STAGES, Figures
from eval.scores import SCORES


def share_rows(title: str, group: Figures) -> list[list[str]]:
    """Each share with its count and interval, under the title of the group."""
    rows = [[title, "count", "share", "95 % interval"]]
    for name, label in SHARES.items():
        rows.append(_share_row(label, group[name]))
    crashed = group["errors"] - group["timeouts"]
    rows.append(["crashed", f"{crashed}/{group['cases']}", "", ""])
    rows.append(["timed out", f"{group['timeouts']}/{group['cases']}", "", ""])
    return rows


def _share_row(label: str, value: Mapping[str, Any]) -> list[str]:
    rate, interval = "-", "-"
    if value["of"]:
        rate, interval = f"{value['rate']:.1%}", bounds(value, ".1%")
    return [label, f"{value['count']}/{value['of']}", rate, interval]


def spread_rows(group: Figures) -> list[list[str]]:
    """Latencies and tokens; says so when answers of another run are left out of a latency."""

    def cell(value: float | None, form: str) -> str:
        return "-" if value is None else format(value, form)

    rows = [["of an answer", "median", "95 % interval", "90th percentile"]]
    fresh = f" of {group['cases'] - group['cached']} not cached" if group["cached"] else ""
    for name, label, form in (
        ("total_s", f"whole answer (s){fresh}", ".2f"),
        ("first_token_s", f"first token (s){fresh}", ".2f"),
        ("prompt_tokens", "tokens read", ".0f"),
        ("answer_tokens", "tokens written", ".0f"),
    ):
        spread = group[name]
        middle = cell(spread["median"], form)
        rows.append([label, middle, bounds(spread, form), cell(spread["p90"], form)])
    return rows


def score_rows(group: Figures) -> list[list[str]]:
    """The means of answer and citation figures, each over the answers that have it."""
    rows = [["mean over answers", "answers", "mean", "95 % interval"]]
    for name, label in (SCORES | {name: label for name, (label, _) in RANKING.items()}).items():
        value = group["scores"][name]
        middle = "-" if value["estimate"] is None else f"{value['estimate']:.3f}"
        rows.append([label, str(value["of"]), middle, bounds(value, ".3f")])
    return rows


def stage_rows(group: Figures) -> list[list[str]]:
    """Where the seconds went, over all answers that this run has made."""
    whole = group["seconds"]
    stages = {label: group["stages"][name] for name, label in STAGES.items()}
    rows = [["of all answers", "seconds", "share"]]
    for label, seconds in (stages | {"all, with what is between": whole}).items():
        rows.append([label, f"{seconds:.1f}", f"{seconds / whole:.0%}" if whole else "-"])
    return rows


def confidence_rows(group: Figures) -> list[list[str]]:
    """Whether the confidence of the answers given tells the right ones from the others."""
    found = group["confidence"]
    rows = [["confidence, that an answer is right", "answers", "figure"]]
    for name, label in (("auroc", "AUROC"), ("ece", "expected calibration error")):
        value = found[name]
        rows.append([label, str(found["answers"]), "-" if value is None else f"{value:.3f}"])
    return rows


def coverage_rows(records: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """How many answers there would be, and how right, if each needed more confidence.

    Selective prediction (El-Yaniv and Wiener 2010), of the answers that were given: the first row
    is the program as it is. A crash is neither an answer nor a refusal.
    """
    made = [record for record in records if record["answer"]]
    unanswerable = _unanswerable(records)
    rows = [["answers from a confidence of", "given", "right of these", "unanswerable, refused"]]
    for least in (0.0, 0.6, 0.7, 0.8, 0.9):
        kept = [
            record
            for record in made
            if not record["answer"]["abstained"] and record["answer"]["confidence"] >= least
        ]
        right = sum(record["outcome"] == "right" for record in kept)
        refused = _unanswerable(made) - _unanswerable(kept)
        shares = [(len(kept), len(records)), (right, len(kept)), (refused, unanswerable)]
        rows.append([f"{least:.1f}" if least else "any", *(_of(*share) for share in shares)])
    return rows


def _unanswerable(records: Sequence[Mapping[str, Any]]) -> int:
    return sum(not record["case"]["answerable"] for record in records)


def _of(count: int, whole: int) -> str:
    """A share with its interval, in one cell."""
    if not whole:
        return "-"
    value = share(count, whole)
    return f"{count}/{whole} ({value['rate']:.0%}, {bounds(value, '.0%')})"


def group_rows(title: str, groups: Mapping[str, Figures]) -> list[list[str]]:
    """How often each outcome came, group by group: of the kinds, or of the tags."""
    rows = [[title, "cases", *(outcome.replace("_", " ") for outcome in OUTCOMES), "crashed"]]
    for name, group in groups.items():
        counts = [str(group[outcome]["count"] or "") for outcome in OUTCOMES]
        rows.append([name, str(group["cases"]), *counts, str(group["errors"] or "")])
    return rows


def tables(whole: Mapping[str, Any]) -> list[list[list[str]]]:
    """All tables of a summary but the shares: scores, latencies, stages, confidence, groups."""
    overall = whole["overall"]
    found = [of(overall) for of in (score_rows, spread_rows, stage_rows, confidence_rows)]
    found.append(group_rows("kind", whole["kinds"]))
    return [*found, group_rows("tag", whole["tags"])] if whole["tags"] else found


def align(rows: Sequence[Sequence[str]]) -> str:
    """Columns of one width each, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


# Figure of a reading set -> how the report calls it.
READING = {
    "right": "answerable, right",
    "wrong": "answerable, wrong",
    "refused_wrongly": "answerable, refused",
    "refused_rightly": "unanswerable, refused",
    "balanced_accuracy": "balanced accuracy (right, refused)",
    "balanced_answering": "balanced accuracy (answered, refused)",
    "token_f1": "answerable, token F1",
    "within_gold": "citations within gold sentences",
    "planted_stated": "planted wrong answer stated",
    "planted_alone": "planted wrong answer stated alone",
    "disagreement_reported": "planted: disagreement reported",
    "auroc": "confidence that the passages answer it, AUROC",
    "ece": "confidence that the passages answer it, calibration error",
}


def reading_rows(group: Figures) -> list[list[str]]:
    """The figures of a reading set that there is data for, with counts and intervals."""
    rows = [["of the set", "count", "figure", "95 % interval"]]
    for name, label in READING.items():
        value = group[name]
        if isinstance(value, dict) and "rate" in value:
            if value["of"]:
                rows.append(_share_row(label, value))
        elif isinstance(value, dict) and value["estimate"] is not None:
            rows.append([label, "", f"{value['estimate']:.3f}", bounds(value, ".3f")])
        elif isinstance(value, float):
            rows.append([label, "", f"{value:.3f}", "-"])
    seconds = group["seconds"]
    if seconds["median"] is not None:
        rows.append(["seconds, median", "", f"{seconds['median']:.2f}", bounds(seconds, ".2f")])
        rows.append(["seconds, 90th percentile", "", f"{seconds['p90']:.2f}", "-"])
    rows.append(["crashed", f"{group['errors']}/{group['cases']}", "", ""])
    return rows


def bounds(value: Mapping[str, Any], form: str) -> str:
    """An interval as a cell; a dash where there is none."""
    low, high = value["low"], value["high"]
    return "-" if low is None else f"{low:{form}} to {high:{form}}"
