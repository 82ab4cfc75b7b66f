"""The report as Markdown, fit for the summary of a CI job: what failed first, then the figures."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from eval.gate import gate_text, goals_text
from eval.metrics import without_markers
from eval.report.change import (
    change_lines,
    difference_rows,
    left_out_line,
    regression_lines,
)
from eval.report.document import Document, checks_of, expected_text, failing, faults
from eval.report.rows import (
    confidence_rows,
    coverage_rows,
    group_rows,
    score_rows,
    share_rows,
    spread_rows,
    stage_rows,
)

_MOST = 200  # cases told whole: a job's summary holds 1 MiB


def markdown(data: Document) -> str:
    """The whole report: gate, figures, changes, every case that went wrong, configuration."""
    whole = data["summary"]
    parts = [f"# Evaluation of {escaped(str(data['configuration']['model']))}"]
    parts += [f"**{escaped(data['note'])}**"] if data["note"] else []
    if data["gate"]:
        parts += ["## Gate", "```\n" + gate_text(checks_of(data["gate"])) + "\n```"]
    if data["goals"]:
        parts.append(escaped(goals_text(checks_of(data["goals"]))))
    if data["comparison"]:
        parts += _changes(data["comparison"])
    tables = {"All cases": whole["overall"]} | (
        {f"Split {name}": group for name, group in whole["splits"].items()}
        if len(whole["splits"]) > 1
        else {}
    )
    for title, group in tables.items():
        rows = share_rows("figure", group)
        parts += [
            f"## {title}",
            table(rows),
            table(score_rows(group)),
            table(spread_rows(group)),
        ]
    parts.append(table(stage_rows(whole["overall"])))
    parts.append(table(confidence_rows(whole["overall"])))
    parts.append(table(coverage_rows(data["results"])))
    parts += ["## By kind", table(group_rows("kind", whole["kinds"]))]
    if whole["tags"]:
        rows = [[escaped(cell) for cell in row] for row in group_rows("tag", whole["tags"])]
        parts += ["## By tag", table(rows)]
    bad = failing(data)
    parts += ["## Cases that went wrong", *map(_case, bad[:_MOST])]
    if (more := len(bad) - _MOST) > 0:
        parts.append(f"And {more} more, which are in report.html.")
    parts += [] if bad else ["None."]
    settings = json.dumps(data["configuration"], indent=2, ensure_ascii=False)
    return "\n\n".join([*parts, "## Configuration", f"```json\n{settings}\n```"]) + "\n"


def _changes(comparison: Mapping[str, Any]) -> list[str]:
    parts = [f"## Change against {escaped(comparison['before'])}"]
    parts += [f"**{escaped(line)}**" for line in regression_lines(comparison)]
    parts.append(table(difference_rows(comparison)))
    changed = [f"- {escaped(line)}" for line in change_lines(comparison)]
    parts.append("\n".join(changed) or "No case has another outcome.")
    if left_out := left_out_line(comparison["left_out"]):
        parts.append(escaped(left_out))
    return parts


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a table, the first of them its head."""
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


def _case(record: Mapping[str, Any]) -> str:
    case, answer = record["case"], record["answer"]
    what = ", ".join(faults(record))
    lines = [f"### {escaped(case['id'])} ({escaped(case['kind'])}, {what})", ""]
    lines += [
        f"- Earlier: {escaped(t['question'])} {escaped(t['answer'])}" for t in case["history"]
    ]
    lines += [f"- Question: {escaped(case['question'])}"]
    lines += [f"- Expected: {escaped(expected_text(case))}"]
    if answer:
        lines += [f"- Answer: {escaped(without_markers(answer['text']))}"]
        lines += [f"- Quote {c['number']}: {escaped(c['quote'])} ({escaped(c['article_id'])})"
                  for c in answer["citations"]]  # fmt: skip
    return "\n".join([*lines, f"- Reason: {escaped(record['reason'])}"])


def escaped(text: str) -> str:
    """Text of an article, a model or a user on one line, none of it taken as Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#|&~])", r"\\\1", " ".join(text.split()))
