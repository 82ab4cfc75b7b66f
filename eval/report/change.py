"""What changed between two runs, as text; from the record of a comparison in a document."""

from collections.abc import Mapping, Sequence
from typing import Any

from eval.outcomes import PAIRED
from eval.report.rows import align


def difference_rows(comparison: Mapping[str, Any]) -> list[list[str]]:
    """A row for each figure: both shares, their difference, its interval and p-values."""
    rows = [["figure", "before", "after", "change", "95 % interval", "p", "p, worse"]]
    for found in comparison["differences"]:
        change = (found["after"] - found["before"]) / found["cases"]
        interval = found["difference"]
        rows.append([
            PAIRED[found["figure"]],
            f"{found['before']}/{found['cases']}",
            f"{found['after']}/{found['cases']}",
            f"{change:+.1%}",
            f"{interval['low']:+.1%} to {interval['high']:+.1%}" if interval else "-",
            f"{found['p']:.3f}",
            f"{found['p_worse']:.3f}",
        ])  # fmt: skip
    return rows


def changes(comparison: Mapping[str, Any]) -> list[dict[str, str]]:
    """The cases with another outcome, each with a `word` for it, what got worse first."""
    order = {False: 0, None: 1, True: 2}
    word = {False: "worse", None: "other", True: "better"}
    found = sorted(comparison["changes"], key=lambda change: order[change["better"]])
    return [change | {"word": word[change["better"]]} for change in found]


def change_lines(comparison: Mapping[str, Any]) -> list[str]:
    """A line for each case with another outcome."""
    return [
        f"{change['word']}: {change['id']}: {change['before']} -> {change['after']}"
        for change in changes(comparison)
    ]


def regression_lines(comparison: Mapping[str, Any]) -> list[str]:
    """For each figure that got worse beyond chance, which it is and through which cases."""
    return [
        f"Regression: {PAIRED[found['figure']]}: {found['before']} -> {found['after']} of "
        f"{found['cases']} (p = {found['p_worse']:.4f}); worse: {', '.join(found['worse'])}."
        for found in comparison["differences"]
        if found["regressed"]
    ]


def comparison_text(comparison: Mapping[str, Any]) -> str:
    """The differences, the cases that changed, and the verdict."""
    parts = [f"{comparison['before']} -> {comparison['after']}, {comparison['cases']} cases"]
    if comparison["differences"]:
        parts.append(align(difference_rows(comparison)))
    if seconds := comparison["seconds"]:
        parts.append(
            f"median answer time {seconds['estimate']:+.2f} s "
            f"({seconds['low']:+.2f} to {seconds['high']:+.2f})"
        )
    parts.append("\n".join(change_lines(comparison)) or "No case has another outcome.")
    if left_out := left_out_line(comparison["left_out"]):
        parts.append(left_out)
    found = regression_lines(comparison)
    parts.append("\n".join(found) or "No figure got worse beyond chance.")
    return "\n\n".join(parts)


def left_out_line(names: Sequence[str], most: int = 10) -> str:
    """Which cases could not be compared; empty when all could."""
    if not names:
        return ""
    shown = ", ".join(names[:most]) + (", ..." if len(names) > most else "")
    count = "1 case is" if len(names) == 1 else f"{len(names)} cases are"
    return f"{count} in one run only, or changed between the two, and left out: {shown}."
