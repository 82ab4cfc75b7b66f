"""The options of `footnote eval` and its subcommands."""

import argparse
import math
from pathlib import Path

from eval.dataset import SPLITS
from rag.terminal import whole_number

HERE = Path(__file__).resolve().parent
CASES = HERE / "cases" / "seeds.jsonl"
THRESHOLDS = HERE / "thresholds.toml"
PASSED, BELOW, UNUSABLE, INTERRUPTED = 0, 1, 2, 130  # exit codes
TIMEOUT = 300.0  # seconds for one case: many times what the default model takes on two cores

FORMATS = ("reading", "squad", "rgb", "clapnq")

_OVERVIEW = """\
Asks hand-written questions, judges the answers by their facts and holds the
figures to a bar and to a baseline.

commands:
  run        ask the cases and report (what `footnote eval` does without a command)
  read       a set whose passages are given: SQuAD, RGB, CLAPNQ or your own
  compare    two runs on the same cases: what changed, and whether by chance
  report     show a stored report.json again, in every form
  new        write a commented file of cases to begin with
  lint       check a file of cases
  calibrate  learn from cases how the model's yes and no are to be read
  from-feedback
             draft cases from the thumbs that were given on the page

`footnote eval COMMAND --help` tells more. Without a command, the options are
those of `run`."""
_EXITS = "Exit code: 0 passed, 1 below the bar, 2 unusable input, 130 interrupted."


def overview() -> str:
    """What `footnote eval --help` prints."""
    return f"usage: footnote eval [COMMAND] [OPTION ...]\n\n{_OVERVIEW}\n\n{_EXITS}"


def run_parser() -> argparse.ArgumentParser:
    """The options of `footnote eval run`."""
    parser = argparse.ArgumentParser(
        prog="footnote eval run",
        description="Ask the hand-written questions, judge the answers and report the figures. "
        "A run that was interrupted goes on where it stopped when nothing has changed since.",
        epilog=_EXITS,
    )
    add = parser.add_argument
    add("--corpus", type=Path, help="folder of articles (default: the settings' corpus)")
    add("--cases", type=Path, default=CASES, help="file of cases (default: bundled)")
    add("--split", choices=(*SPLITS, "all"), default="report", help="default: report")
    add("--out", type=Path, help="folder of the report (default: in reports/, by the corpus)")
    add("--limit", type=whole_number, metavar="N", help="only the first N cases; skips the gate")
    add("--model", help="answer model: catalogue name, GGUF path or hub name")
    add("--timeout", type=_seconds, default=TIMEOUT, metavar="S",
        help=f"seconds that a case may take (default: {TIMEOUT:g}); counted apart")  # fmt: skip
    add("--export", choices=("ragas", "deepeval"), action="append", default=[],
        help="also write the answers in this library's layout; may be given again")  # fmt: skip
    add("--verbose", action="store_true", help="print a line for each case as it goes")
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--resume", action="store_true", help="go on with an interrupted run (the default)"
    )
    again.add_argument(
        "--fresh", action="store_true", help="ask every case anew, whatever was answered before"
    )
    add("--no-cache", action="store_true", help="take no answers from earlier, finished runs")
    bar = parser.add_argument_group("the gate")
    add = bar.add_argument
    add("--no-gate", action="store_true", help="report without holding to the bar")
    add("--strict", action="store_true", help="hold the bare figures to the bar, not intervals")
    add("--thresholds", type=Path, default=THRESHOLDS, metavar="FILE",
        help="the bar, as TOML (default: bundled)")  # fmt: skip
    add("--baseline", type=Path, metavar="FILE",
        help="outcomes to compare with: a baseline or a report.json")  # fmt: skip
    add("--save-baseline", action="store_true", help="make this run the baseline")
    return parser


def read_parser() -> argparse.ArgumentParser:
    """The options of `footnote eval read`."""
    parser = argparse.ArgumentParser(
        prog="footnote eval read",
        description="Ask the questions of a set from the passages that it gives with each, and "
        "report what is right and what is refused. A run that was interrupted goes on where it "
        "stopped when nothing has changed since.",
        epilog="Exit code: 0 done, 2 unusable input, 130 interrupted.",
    )
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="the set, in one file")
    add("--format", choices=FORMATS, default="reading",
        help="layout of the file (default: reading, that of docs/cases.md)")  # fmt: skip
    add("--limit", type=whole_number, metavar="N",
        help="only N cases, answerable or not and of each kind in turn")  # fmt: skip
    add("--seed", type=int, default=0, help="which N (default: 0)")
    add("--altered", type=int, default=0, metavar="N",
        help="rgb: so many snippets altered to state a wrong answer (default: 0)")  # fmt: skip
    add("--model", help="answer model: catalogue name, GGUF path or hub name")
    add("--out", type=Path, help="folder of the report (default: in reports/, by the file)")
    add("--fresh", action="store_true", help="ask every case anew, whatever was answered before")
    add("--verbose", action="store_true", help="print a line for each case as it goes")
    return parser


def compare_parser() -> argparse.ArgumentParser:
    """The options of `footnote eval compare`."""
    parser = argparse.ArgumentParser(
        prog="footnote eval compare",
        description="Compare two runs case by case: the difference of each figure with its "
        "interval, the exact McNemar test, and the cases that changed.",
        epilog="Exit code: 0 no figure got worse beyond chance, 1 one did, 2 unusable input.",
    )
    for name, text in (("before", "the run to compare with"), ("after", "the other run")):
        parser.add_argument(
            name, type=Path, metavar=name.upper(), help=f"{text}: report folder, JSON or baseline"
        )
    return parser


def report_parser() -> argparse.ArgumentParser:
    """The options of `footnote eval report`."""
    parser = argparse.ArgumentParser(
        prog="footnote eval report",
        description="Show a stored report again and write its HTML, Markdown, JUnit XML and JSON.",
    )
    parser.add_argument("report", type=Path, help="report.json, or the folder that holds it")
    parser.add_argument("--out", type=Path, help="folder to write to (default: the report's)")
    return parser


def calibrate_parser() -> argparse.ArgumentParser:
    """The options of `footnote eval calibrate`."""
    parser = argparse.ArgumentParser(
        prog="footnote eval calibrate",
        description="Have the judge weigh the questions of a split, with an answer and without, "
        "and learn how sure its yes has to be. The result is kept for this model, its adapter and "
        "the prompts, and used from then on.",
        epilog="Exit code: 0 done, 2 unusable input, 130 interrupted; then nothing is changed.",
    )
    add = parser.add_argument
    add("--corpus", type=Path, action="append",
        help="folder of articles (default: the settings' corpus); may be given again")  # fmt: skip
    add("--cases", type=Path, default=CASES, help="file of cases (default: bundled)")
    add("--split", choices=(*SPLITS, "all"), default="tune", help="default: tune")
    add("--limit", type=whole_number, metavar="N", help="only N cases, drawn with a fixed seed")
    add("--model", help="answer model: catalogue name, GGUF path or hub name")
    add("--verbose", action="store_true", help="print a line for each case as it goes")
    add("--out", type=Path, metavar="FILE",
        help="file to keep it in (default: calibration.json in the Footnote folder)")  # fmt: skip
    add("--dry-run", action="store_true", help="say what it would be, and keep nothing")
    return parser


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds
