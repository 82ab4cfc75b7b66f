"""The report as one HTML file that needs nothing else: no script, no request, dark and light."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eval.gate import Check, goals_text
from eval.outcomes import PAIRED
from eval.report import curves, plots
from eval.report.change import changes, difference_rows, left_out_line, regression_lines
from eval.report.document import Document, checks_of, failing, faults, went_well
from eval.report.rows import share_rows, tables

_FOLDER = Path(__file__).parent
Segments = list[tuple[str, tuple[int, ...]]]


def html(data: Document) -> str:
    """The whole page. Whatever the document holds is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup((_FOLDER / "page.css").read_text(encoding="utf-8"))  # ours, not escaped
    whole, comparison = data["summary"], data["comparison"]
    checks = checks_of(data["gate"])
    bad = failing(data)
    return environment.get_template("page.html").render(
        style=style,
        data=data,
        overall=whole["overall"],
        tiles=_tiles(whole["overall"]),
        gate=_gate_rows(checks) if checks else [],
        goals=goals_text(checks_of(data["goals"])) if data["goals"] else "",
        regressions=regression_lines(comparison) if comparison else [],
        change=_change(comparison) if comparison else None,
        figures=drawings(data["results"]),
        tables=[
            share_rows("figure", whole["overall"]),
            *tables(whole),
        ],
        failing=[
            record | {"evidence": _evidence(record), "faults": ", ".join(faults(record))}
            for record in bad
        ],
        passing=[record for record in data["results"] if went_well(record)],
        configuration=json.dumps(data["configuration"], indent=2, ensure_ascii=False),
    )


def highlight(text: str, start: int, citations: Sequence[Mapping[str, Any]]) -> Segments:
    """A passage cut where quotes begin and end, each piece with the numbers of its quotes.

    `start` is the passage's own offset in its article, which the citations point into.
    """
    spans = [(max(0, c["start"] - start), min(len(text), c["end"] - start), c["number"])
             for c in citations]  # fmt: skip
    spans = [span for span in spans if span[0] < span[1]]
    cuts = sorted({0, len(text), *(edge for low, high, _ in spans for edge in (low, high))})
    return [
        (text[low:high], tuple(n for first, last, n in spans if first <= low and high <= last))
        for low, high in pairwise(cuts)
    ]


def _evidence(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    answer = record["answer"]
    if not answer:
        return []
    return [
        passage
        | {
            "segments": highlight(
                passage["text"],
                passage["start"],
                [c for c in answer["citations"] if c["article_id"] == passage["article_id"]],
            )
        }
        for passage in answer.get("passages", ())
    ]


def _gate_rows(checks: Sequence[Check]) -> list[list[str]]:
    rows = [["threshold", "", "bound", "figure", "95 % interval, or why"]]
    for check in checks:
        interval = "-"
        if check.low is not None and check.high is not None:
            interval = f"{check.low:.3f} to {check.high:.3f}"
        elif check.reason and (check.figure is None or not check.met):
            interval = check.reason
        figure = "-" if check.figure is None else f"{check.figure:.4g}"
        rows.append([check.threshold, check.state, f"{check.bound:g}", figure, interval])
    return rows


def _tiles(group: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The figures at the head: what it is, the figure, what it is of."""
    tiles = []
    for name, label in (
        ("right", "answered rightly"),
        ("refused_rightly", "refused rightly"),
        ("citation_valid", "citations valid"),
        ("hit10", "facts found"),
    ):
        share = group[name]
        if share["of"]:
            interval = f"{share['low']:.0%} to {share['high']:.0%}"
            tiles.append(
                (label, f"{share['rate']:.0%}", f"{share['count']} of {share['of']}, {interval}")
            )
    seconds = group["total_s"]
    if seconds["median"] is not None:
        tiles.append(("median answer", f"{seconds['median']:.1f} s", f"p90 {seconds['p90']:.1f} s"))
    return tiles


def drawings(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, Markup]]:
    """The plots that there is data for: title, caption, drawing."""
    found = []
    if points := curves.coverage(records):
        caption = "Were the least sure answers refused: how many would be left, how many right."
        found.append(("Accuracy over coverage", caption, plots.coverage_plot(points)))
    if bins := curves.reliability(records):
        caption = "Answers by confidence, with 95 % intervals. On the dashed line it is honest."
        found.append(("Reliability", caption, plots.reliability_plot(bins)))
    if seconds := curves.latencies(records):
        left_out = sum(record["cached"] for record in records)
        caption = f"Whole answers made in this run; {left_out} from the cache are left out."
        found.append(("Latency", caption, plots.latency_plot(seconds)))
    if recall := curves.recall(records):
        caption = "Share of the expected facts among the first k sentences found."
        found.append(("Recall of the search", caption, plots.recall_plot(recall)))
    for name, shares in (("kind", curves.kinds(records)), ("tag", curves.tags(records))):
        if shares:
            caption = "Cases that went well, with 95 % intervals."
            found.append((f"By {name}", caption, plots.share_plot(name, shares)))
    return found


def _change(comparison: Mapping[str, Any]) -> dict[str, Any]:
    rows = [
        (
            PAIRED[found["figure"]],
            found["difference"]["estimate"],
            found["difference"]["low"],
            found["difference"]["high"],
            found["regressed"],
        )
        for found in comparison["differences"]
        if found["difference"]
    ]
    return {
        "before": comparison["before"],
        "cases": comparison["cases"],
        "plot": plots.change_plot(rows) if rows else "",
        "rows": difference_rows(comparison),
        "changes": changes(comparison),
        "left_out": left_out_line(comparison["left_out"]),
    }
