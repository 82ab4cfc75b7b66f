"""Who is right, and can it be checked? python -m benchmarks.quality

Footnote, a plain pipeline and LlamaIndex's CitationQueryEngine answer the same questions about the
same articles with the same model and embedder (`pipelines.py`); one table tells them apart. See
benchmarks/README.md.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.pipelines import WARM, Footnote, beside
from benchmarks.speed import add_cases, chosen, collect, compare, show_stage
from benchmarks.speed_figures import NAMES as SPEED_NAMES
from benchmarks.speed_figures import Row, describe
from eval.report.markdown import table
from eval.stats import wilson
from rag import Assistant, FootnoteError, Settings

NAMES = {**SPEED_NAMES, WARM: "Footnote"}  # nothing is read ahead here
COLUMNS = (
    "right",
    "wrong",
    "refused rightly",
    "citations valid",
    "right answers that cite the fact",
    "seconds, median",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 2 something unusable, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="quality", description=__doc__.splitlines()[0])
    add_cases(parser)
    parser.add_argument(
        "--llamaindex",
        type=Path,
        default=Path("reports/llamaindex"),
        metavar="DIR",
        help="where LlamaIndex is, or is installed (default: %(default)s)",
    )
    args = parser.parse_args(argv)
    try:
        cases = chosen(args)
        settings = Settings.load(corpus=args.corpus)
        with ExitStack() as stack:
            assistant = stack.enter_context(Assistant.open(settings=settings, progress=show_stage))
            pipelines = {WARM: Footnote(assistant), **beside(assistant, stack, args.llamaindex)}
            rows = collect(compare(pipelines, None, cases, assistant.articles()), len(cases))
    except FootnoteError as error:
        print(f"quality: {error}", file=sys.stderr)
        return 2
    print(f"{len(rows)} of {len(cases)} questions, {settings.model}\n")
    if rows:
        print(figures(rows))
    return 0 if len(rows) == len(cases) else 130


def figures(rows: Sequence[Row]) -> str:
    """One row a pipeline, as a Markdown table; shares have Wilson 95 % intervals."""
    lines = [["", *COLUMNS]]
    for name in rows[0].measured:
        side = describe([row.measured[name] for row in rows])
        of = side["outcomes"]
        answerable = of["right"] + of["wrong"] + of["refused_wrongly"]
        unanswerable = of["refused_rightly"] + of["answered_unanswerable"]
        shares = (
            (of["right"], answerable),
            (of["wrong"], answerable),
            (of["refused_rightly"], unanswerable),
            (side["valid"], side["named"]),
            (side["right_cited"], of["right"]),
        )
        seconds = f"{side['total_s']['p50']:.2f}"
        lines.append([NAMES[name], *(share(*each) for each in shares), seconds])
    return table(lines)


def share(count: int, total: int) -> str:
    """`count` of `total` with its 95 % interval; of nothing there is none."""
    if not total:
        return "0/0"
    low, high = wilson(count, total)
    return f"{count}/{total} ({low:.0%} to {high:.0%})"


if __name__ == "__main__":
    sys.exit(main())
