"""The figures of a run, and how they are shown: terminal, Markdown, JSON."""

import errno
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eval.dataset import KINDS, SPLITS
from eval.metrics import (
    GOOD,
    OUTCOMES,
    Check,
    citation_holds_fact,
    citation_holds_some_fact,
    median,
    percentile,
    plain,
    share,
)
from eval.runner import Result
from rag.errors import ConfigError
from rag.types import Answer

Figures = dict[str, Any]

# Figure -> how the report calls it.
SHARES = {
    "right": "answerable, right",
    "wrong": "answerable, wrong",
    "refused_wrongly": "answerable, refused",
    "refused_rightly": "unanswerable, refused",
    "answered_unanswerable": "unanswerable, answered",
    "citation_valid": "citations valid",
    "right_cited": "right, quotes hold every fact",
    "right_cited_some": "right, quotes hold some fact",
    "hit10": "first 10 sentences hold every fact",
    "hit10_some": "first 10 sentences hold some fact",
    "article_hit": "first 10 sentences of a right article",
}


@dataclass(frozen=True, slots=True)
class Report:
    """A run and what is said of it. `note` says what is unusual, such as an interruption."""

    configuration: dict[str, Any]
    results: Sequence[Result]
    summary: dict[str, Any]
    checks: Sequence[Check] = ()
    note: str = ""


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """Figures `overall`, by `splits` and by `kinds` (only those that have cases), and `errors`.

    A crashed case stays in the number of answerable or unanswerable questions, so that a crash
    cannot raise a share; what was never measured, such as its evidence, is left out of that
    figure. Shares have count, of, rate (None of 0) and the bounds of a 95 % Wilson interval.
    """

    def by(name: str, values: Sequence[str]) -> dict[str, Figures]:
        groups = {v: [r for r in results if getattr(r.case, name) == v] for v in values}
        return {value: figures(group) for value, group in groups.items() if group}

    return {
        "overall": figures(results),
        "splits": by("split", SPLITS),
        "kinds": by("kind", KINDS),
        "errors": {result.case.id: result.error for result in results if result.error},
    }


def figures(results: Sequence[Result]) -> Figures:
    """The figures of one group of results; latencies in seconds, None where unmeasured."""
    counts = {o: sum(r.verdict is not None and r.verdict.outcome == o for r in results)
              for o in OUTCOMES}  # fmt: skip
    answerable = sum(result.case.answerable for result in results)
    unanswerable = len(results) - answerable
    valid = [ok for result in results for ok in result.citations_valid]
    right = [(r.case, r.answer) for r in results
             if r.answer and r.verdict and r.verdict.outcome == "right"]  # fmt: skip
    hits = [result.hit for result in results if result.hit]
    in_corpus = [hit.article for hit in hits if hit.article is not None]
    timings = [result.answer.timings for result in results if result.answer]
    # A refusal before any token was written has no first token: 0 is not its latency.
    first = [timing.first_token_s for timing in timings if timing.first_token_s > 0]
    return {
        "cases": len(results),
        "answerable": answerable,
        "unanswerable": unanswerable,
        "errors": sum(bool(result.error) for result in results),
        "right": share(counts["right"], answerable),
        "wrong": share(counts["wrong"], answerable),
        "refused_wrongly": share(counts["refused_wrongly"], answerable),
        "refused_rightly": share(counts["refused_rightly"], unanswerable),
        "answered_unanswerable": share(counts["answered_unanswerable"], unanswerable),
        "citation_valid": share(sum(valid), len(valid)),
        "right_cited": share(sum(citation_holds_fact(*pair) for pair in right), len(right)),
        "right_cited_some": share(
            sum(citation_holds_some_fact(*pair) for pair in right), len(right)
        ),
        "hit10": share(sum(hit.all for hit in hits), len(hits)),
        "hit10_some": share(sum(hit.any for hit in hits), len(hits)),
        "article_hit": share(sum(in_corpus), len(in_corpus)),
        "total_s": _spread([timing.total_s for timing in timings]),
        "first_token_s": _spread(first),
        "prompt_tokens": _spread([float(timing.prompt_tokens) for timing in timings]),
        "answer_tokens": _spread([float(timing.answer_tokens) for timing in timings]),
    }


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    return {"median": median(values), "p90": percentile(values, 90)}


def text(report: Report) -> str:
    """Aligned tables for a terminal."""
    whole = report.summary
    # One split is the whole of the run: its table would say the same again.
    blocks = whole["splits"] if len(whole["splits"]) > 1 else {}
    parts = [_align(_share_rows(name, figures)) for name, figures in blocks.items()]
    title = "all" if blocks else next(iter(whole["splits"]), "all")
    parts.append(_align(_share_rows(title, whole["overall"])))
    parts.append(_align(_spread_rows(whole["overall"])))
    parts.append(_align(_kind_rows(whole["kinds"])))
    errors = [f"{id_}: {error}" for id_, error in whole["errors"].items()]
    if errors:
        parts.append("\n".join(["errors", *errors]))
    parts += [report.note] if report.note else []
    parts += [gate_text(report.checks)] if report.checks else []
    return "\n\n".join(parts)


def gate_text(checks: Sequence[Check]) -> str:
    """A line for each threshold, and one that names those that failed."""
    failed = [check.threshold for check in checks if not check.passed]
    end = f"Below the bar: {', '.join(failed)}." if failed else "Every threshold is met."
    return "\n".join([*map(str, checks), end])


def goals_text(checks: Sequence[Check]) -> str:
    """The goals that are not reached, with the figure that is."""
    missed = [
        f"{check.threshold} {check.bound:g} (now {check.figure:.2f})"
        for check in checks
        if check.figure is not None and not check.passed
    ]
    return f"Goals not reached: {', '.join(missed)}." if missed else "Every goal is reached."


def markdown(report: Report) -> str:
    """The whole report: figures, gate, every case that went wrong, configuration."""
    whole = report.summary
    parts = [f"# Evaluation of {_md(str(report.configuration['model']))}"]
    parts += [f"**{_md(report.note)}**"] if report.note else []
    tables = {"All cases": whole["overall"]} | (
        {f"Split {name}": group for name, group in whole["splits"].items()}
        if len(whole["splits"]) > 1
        else {}
    )
    for title, group in tables.items():
        rows = _share_rows("figure", group)
        parts += [f"## {title}", _table(rows), _table(_spread_rows(group))]
    parts += ["## By kind", _table(_kind_rows(whole["kinds"]))]
    if report.checks:
        parts += ["## Gate", "```\n" + gate_text(report.checks) + "\n```"]
    bad = [r for r in report.results if r.verdict is None or r.verdict.outcome not in GOOD]
    parts += ["## Cases that went wrong", *(_case(result) for result in bad)]
    parts += [] if bad else ["None."]
    settings = json.dumps(report.configuration, indent=2, ensure_ascii=False)
    return "\n\n".join([*parts, "## Configuration", f"```json\n{settings}\n```"]) + "\n"


def to_dict(report: Report) -> dict[str, Any]:
    """The whole report, JSON-ready; of each answer what its verdict rests on."""
    return {
        "configuration": report.configuration,
        "note": report.note,
        "summary": report.summary,
        "gate": [asdict(check) | {"passed": check.passed} for check in report.checks],
        "results": [_record(result) for result in report.results],
    }


def make(folder: Path) -> None:
    """Make the folder of a report. Raises ConfigError when it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _unwritable(folder, error) from error


def write(report: Report, folder: Path) -> list[Path]:
    """Write report.md and report.json and return their paths. Raises ConfigError."""
    files = {
        folder / "report.md": markdown(report),
        folder / "report.json": json.dumps(to_dict(report), indent=2, ensure_ascii=False) + "\n",
    }
    try:
        for file, content in files.items():
            file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise _unwritable(folder, error) from error
    return list(files)


def _unwritable(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"The report cannot be written to {folder}: {error.strerror}. "
        "Choose another folder with --out."
    )


def _record(result: Result) -> dict[str, Any]:
    return {
        "case": asdict(result.case),
        "outcome": result.verdict.outcome if result.verdict else "error",
        "reason": result.verdict.reason if result.verdict else result.error,
        "seconds": result.seconds,
        "hit": asdict(result.hit) if result.hit else None,
        "citations_valid": result.citations_valid,
        "answer": _answer_record(result.answer) if result.answer else None,
    }


def _answer_record(answer: Answer) -> dict[str, Any]:
    # The passages are left out: they are most of the bytes and come from the index again.
    return {name: value for name, value in answer.to_dict().items() if name != "passages"}


def _share_rows(title: str, group: Figures) -> list[list[str]]:
    rows = [[title, "count", "share", "95 % interval"]]
    for name, label in SHARES.items():
        value = group[name]
        rate, interval = "-", "-"
        if value["of"]:
            rate = f"{value['rate']:.1%}"
            interval = f"{value['low']:.1%} to {value['high']:.1%}"
        rows.append([label, f"{value['count']}/{value['of']}", rate, interval])
    rows.append(["crashed", f"{group['errors']}/{group['cases']}", "", ""])
    return rows


def _spread_rows(group: Figures) -> list[list[str]]:
    def cell(value: float | None, form: str) -> str:
        return "-" if value is None else format(value, form)

    rows = [["of an answer", "median", "90th percentile"]]
    for name, label, form in (
        ("total_s", "whole answer (s)", ".2f"),
        ("first_token_s", "first token (s)", ".2f"),
        ("prompt_tokens", "tokens read", ".0f"),
        ("answer_tokens", "tokens written", ".0f"),
    ):
        spread = group[name]
        rows.append([label, cell(spread["median"], form), cell(spread["p90"], form)])
    return rows


def _kind_rows(kinds: Mapping[str, Figures]) -> list[list[str]]:
    rows = [["kind", "cases", *(outcome.replace("_", " ") for outcome in OUTCOMES), "crashed"]]
    for kind, group in kinds.items():
        counts = [str(group[outcome]["count"] or "") for outcome in OUTCOMES]
        rows.append([kind, str(group["cases"]), *counts, str(group["errors"] or "")])
    return rows


def _align(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


def _case(result: Result) -> str:
    case, answer, judged = result.case, result.answer, result.verdict
    facts = "; ".join(" / ".join(wordings) for wordings in case.expected)
    lines = [f"### {_md(case.id)} ({case.kind}, {judged.outcome if judged else 'error'})", ""]
    lines += [f"- Earlier: {_md(turn.question)} {_md(turn.answer)}" for turn in case.history]
    lines += [f"- Question: {_md(case.question)}"]
    lines += [f"- Expected: {_md(facts or 'a refusal')}"]
    if answer:
        lines += [f"- Answer: {_md(plain(answer))}"]
        lines += [f"- Quote {c.number}: {_md(c.quote)} ({_md(c.article_id)})"
                  for c in answer.citations]  # fmt: skip
    return "\n".join([*lines, f"- Reason: {_md(judged.reason if judged else result.error)}"])


def _md(text: str) -> str:
    """Text of an article, a model or a user on one line, none of it taken as Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#|&~])", r"\\\1", " ".join(text.split()))
