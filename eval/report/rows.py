"""Rows of the tables that the terminal and Markdown share."""

from collections.abc import Mapping, Sequence

from eval.metrics import OUTCOMES
from eval.report.figures import SHARES, STAGES, Figures


def share_rows(title: str, group: Figures) -> list[list[str]]:
    """Each share with its count and interval, under the title of the group."""
    rows = [[title, "count", "share", "95 % interval"]]
    for name, label in SHARES.items():
        value = group[name]
        rate, interval = "-", "-"
        if value["of"]:
            rate = f"{value['rate']:.1%}"
            interval = f"{value['low']:.1%} to {value['high']:.1%}"
        rows.append([label, f"{value['count']}/{value['of']}", rate, interval])
    crashed = group["errors"] - group["timeouts"]
    rows.append(["crashed", f"{crashed}/{group['cases']}", "", ""])
    rows.append(["timed out", f"{group['timeouts']}/{group['cases']}", "", ""])
    return rows


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
        interval = "-"
        if spread["low"] is not None:
            interval = f"{cell(spread['low'], form)} to {cell(spread['high'], form)}"
        middle = cell(spread["median"], form)
        rows.append([label, middle, interval, cell(spread["p90"], form)])
    return rows


def stage_rows(group: Figures) -> list[list[str]]:
    """Where the seconds went, over all answers that this run has made."""
    whole = group["seconds"]
    stages = {label: group["stages"][name] for name, label in STAGES.items()}
    rows = [["of all answers", "seconds", "share"]]
    for label, seconds in (stages | {"all, with what is between": whole}).items():
        rows.append([label, f"{seconds:.1f}", f"{seconds / whole:.0%}" if whole else "-"])
    return rows


def kind_rows(kinds: Mapping[str, Figures]) -> list[list[str]]:
    """How often each outcome came, kind by kind."""
    rows = [["kind", "cases", *(outcome.replace("_", " ") for outcome in OUTCOMES), "crashed"]]
    for kind, group in kinds.items():
        counts = [str(group[outcome]["count"] or "") for outcome in OUTCOMES]
        rows.append([kind, str(group["cases"]), *counts, str(group["errors"] or "")])
    return rows


def align(rows: Sequence[Sequence[str]]) -> str:
    """Columns of one width each, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
