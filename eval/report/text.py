"""The report as aligned tables for a terminal."""

from collections.abc import Mapping

from eval.gate import gate_text, goals_text
from eval.report.change import comparison_text
from eval.report.document import Document, checks_of
from eval.report.rows import align, share_rows, tables


def text(data: Document) -> str:
    """Figures, crashes, what changed against the baseline, the gate and the goals."""
    whole = data["summary"]
    # One split is the whole of the run: its table would say the same again.
    blocks: Mapping[str, Document] = whole["splits"] if len(whole["splits"]) > 1 else {}
    parts = [align(share_rows(name, figures)) for name, figures in blocks.items()]
    title = "all" if blocks else next(iter(whole["splits"]), "all")
    parts.append(align(share_rows(title, whole["overall"])))
    parts += map(align, tables(whole))
    if errors := [f"{id_}: {error}" for id_, error in whole["errors"].items()]:
        parts.append("\n".join(["errors", *errors]))
    if data["comparison"]:
        parts.append(comparison_text(data["comparison"]))
    parts += [data["note"]] if data["note"] else []
    parts += [gate_text(checks_of(data["gate"]))] if data["gate"] else []
    parts += [goals_text(checks_of(data["goals"]))] if data["goals"] else []
    return "\n\n".join(parts)
