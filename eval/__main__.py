"""`python -m eval` and `footnote eval`: ask the cases, report the figures, hold them to the bar."""

import argparse
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

from eval import report
from eval.dataset import SPLITS, Case, load
from eval.metrics import gate
from eval.runner import Result, configuration, run
from index.build import index_folder
from rag import Assistant, FootnoteError, Settings
from rag.errors import ConfigError
from rag.settings import PROJECT

HERE = Path(__file__).resolve().parent
CASES = HERE / "cases" / "seeds.jsonl"
THRESHOLDS = HERE / "thresholds.toml"
NAMES = (
    "right_min",
    "wrong_max",
    "refused_rightly_min",
    "citation_valid_min",
    "right_cited_min",
    "hit10_min",
    "errors_max",
)
PASSED, BELOW, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the evaluation and return the exit code.

    0 passed, 1 below the thresholds, 2 something could not be used, 130 interrupted. Raises
    SystemExit(2) for unknown options, as argparse does.
    """
    args = _parser().parse_args(argv)
    try:
        return _evaluate(args)
    except FootnoteError as error:
        print(f"footnote eval: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("Interrupted before the first question was answered.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="footnote eval",
        description="Ask the hand-written questions, judge the answers and report the figures.",
        epilog="Exit code: 0 passed, 1 below the thresholds, 2 unusable input, 130 interrupted.",
    )
    add = parser.add_argument
    add("--corpus", type=Path, help="folder of articles (default: the settings' corpus)")
    add("--cases", type=Path, default=CASES, help="JSON Lines file of cases (default: bundled)")
    add("--split", choices=(*SPLITS, "all"), default="report", help="default: report")
    add("--out", type=Path, help="folder of the report (default: in reports/, by the corpus)")
    add("--limit", type=_count, metavar="N", help="only the first N cases; skips the gate")
    add("--no-gate", action="store_true", help="report without holding to the thresholds")
    add("--model", help="answer model: catalogue name, GGUF path or hub name")
    add("--verbose", action="store_true", help="print a line for each case as it goes")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _evaluate(args: argparse.Namespace) -> int:
    # Whatever can be refused is refused before minutes of questions.
    cases = _choose(args)
    thresholds, goals = load_thresholds(THRESHOLDS), load_thresholds(THRESHOLDS, "goal")
    settings = Settings.load(model=args.model, corpus=args.corpus)
    out = args.out or report_folder(settings.corpus)
    ticker = Ticker(args.verbose)
    with Assistant.open(settings.corpus, settings=settings, progress=ticker.stage) as assistant:
        report.make(out)  # a mistyped corpus has been refused by now and leaves no folder behind
        assistant.warm()  # loading the models is not the first question's latency
        results = run(assistant, cases, ticker.case, seeds=PROJECT / "seeds")
        ticker.clear()
        if not results:
            raise KeyboardInterrupt
        made_with = configuration(assistant, settings, args.cases, PROJECT / "prompts")
    interrupted = len(results) < len(cases)
    note = _note(args, len(results), len(cases))
    summary = report.summary(results)
    checks = [] if note else gate(summary["overall"], thresholds)
    whole = report.Report(made_with | {"split": args.split}, results, summary, checks, note)
    print(report.text(whole))
    print(report.goals_text(gate(summary["overall"], goals)))
    for file in report.write(whole, out):
        print(f"Written: {file}")
    if interrupted:
        return INTERRUPTED
    return PASSED if all(check.passed for check in checks) else BELOW


def report_folder(corpus: Path) -> Path:
    """Where the report of `corpus` goes; two folders of one name keep two reports."""
    name = corpus.resolve().name or "corpus"
    bundled = corpus.resolve() == Settings().corpus.resolve()
    return Path("reports") / f"eval-{name if bundled else index_folder(corpus, Path()).name}"


def _choose(args: argparse.Namespace) -> list[Case]:
    cases = [case for case in load(args.cases) if args.split in (case.split, "all")]
    if not cases:
        raise ConfigError(f"{args.cases} has no cases of the split {args.split}. Choose another.")
    return cases[: args.limit]


def _note(args: argparse.Namespace, done: int, total: int) -> str:
    """Why the gate is skipped, if it is."""
    if done < total:
        return f"Interrupted after {done} of {total} cases: the gate is skipped."
    if args.limit is not None:
        return f"Asked only {done} of the cases (--limit): the gate is skipped."
    return "The gate is skipped (--no-gate)." if args.no_gate else ""


def load_thresholds(path: Path, section: str = "report") -> dict[str, float]:
    """One table of a TOML file. Raises ConfigError unless it has every threshold."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get(section, {})
    except (OSError, ValueError) as error:
        raise ConfigError(f"The thresholds in {path} cannot be read ({error}).") from error
    if odd := sorted(set(table) ^ set(NAMES)):
        raise ConfigError(f"[{section}] in {path} lacks or does not know: {', '.join(odd)}.")
    for name, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{name} in {path} has to be a number, not {value!r}.")
    return dict(table)


class Ticker:
    """One progress line on stderr: rewritten on a terminal, else now and then a new one."""

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose
        self._rewrite = sys.stderr.isatty()
        self._started: float | None = None

    def stage(self, stage: str, done: int, total: int) -> None:
        """Show a step of opening the assistant."""
        if self._rewrite:
            self._show(f"{stage} {done}/{total}" if total else stage)

    def case(self, result: Result, done: int, total: int) -> None:
        """Show how far the cases are, and the case itself when verbose."""
        # The first case ends here: what it took is known from its own record.
        now = time.monotonic()
        if self._started is None:
            self._started = now - result.seconds
        if self._verbose:
            self.clear()
            outcome = result.verdict.outcome if result.verdict else "error"
            reason = result.verdict.reason if result.verdict else result.error
            print(f"{outcome:<22} {result.case.id}: {reason}", flush=True)
        left = (now - self._started) / done * (total - done)
        # A log is not flooded: ten lines in all, the last one among them.
        if self._rewrite or done == total or done * 10 // total > (done - 1) * 10 // total:
            self._show(f"{done}/{total} questions, {_minutes(left)} left")

    def clear(self) -> None:
        """Take the progress line off a terminal."""
        if self._rewrite:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _show(self, line: str) -> None:
        start, end = ("\r\x1b[K", "") if self._rewrite else ("", "\n")
        print(f"{start}{line}", end=end, file=sys.stderr, flush=True)


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


if __name__ == "__main__":
    sys.exit(main())
