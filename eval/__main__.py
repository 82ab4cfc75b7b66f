"""`python -m eval` and `footnote eval`: the commands of the evaluation."""

import sys
from collections.abc import Callable, Sequence

from eval.options import (
    BELOW,
    INTERRUPTED,
    PASSED,
    UNUSABLE,
    calibrate_parser,
    compare_parser,
    overview,
    read_parser,
    report_parser,
    run_parser,
)
from rag.errors import ConfigError, FootnoteError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command of the evaluation and return the exit code; `run` when none is named.

    0 passed, 1 below the bar, 2 something could not be used, 130 interrupted. Raises
    SystemExit(2) for unknown options, as argparse does.
    """
    given = sys.argv[1:] if argv is None else list(argv)
    if given[:1] in (["-h"], ["--help"]):
        print(overview())
        return 0
    named = bool(given) and given[0] in _COMMANDS
    command, rest = (_COMMANDS[given[0]], given[1:]) if named else (_run, given)
    try:
        return command(rest)
    except FootnoteError as error:
        print(f"footnote eval: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("Interrupted before the first question was answered.", file=sys.stderr)
        return INTERRUPTED


def _run(argv: Sequence[str]) -> int:
    args = run_parser().parse_args(argv)
    from eval.evaluate import evaluate

    return evaluate(args)


def _read(argv: Sequence[str]) -> int:
    args = read_parser().parse_args(argv)
    from eval.reading import read_set

    return read_set(args)


def _compare(argv: Sequence[str]) -> int:
    from eval.compare import compare
    from eval.outcomes import load_run
    from eval.report.change import comparison_text
    from eval.report.document import comparison_record

    args = compare_parser().parse_args(argv)
    before, after = load_run(args.before), load_run(args.after)
    print(f"before: {before.model}; after: {after.model}")
    found = compare(before, after)
    if not found.cases:
        raise ConfigError(
            f"{args.before} and {args.after} have no case in common that asks the same. "
            "Name two runs of the same cases."
        )
    print(comparison_text(comparison_record(found)))
    return BELOW if found.regressions else PASSED


def _report(argv: Sequence[str]) -> int:
    from eval.outcomes import read_json
    from eval.report.document import check_format
    from eval.report.files import make, write
    from eval.report.text import text

    args = report_parser().parse_args(argv)
    file = args.report / "report.json" if args.report.is_dir() else args.report
    data = read_json(file)
    check_format(data, str(file))
    out = args.out or file.parent
    make(out)
    try:
        print(text(data))
        written = write(data, out)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigError(f"{file} is damaged ({error!r}). Run the evaluation again.") from error
    for path in written:
        print(f"Written: {path}")
    return 0


def _new(argv: Sequence[str]) -> int:
    from eval.starter import main as starter

    return starter(argv)


def _lint(argv: Sequence[str]) -> int:
    from eval.lint import main as lint

    return lint(argv)


def _from_feedback(argv: Sequence[str]) -> int:
    from eval.from_feedback import main as from_feedback

    return from_feedback(argv)


def _calibrate(argv: Sequence[str]) -> int:
    args = calibrate_parser().parse_args(argv)
    from eval.calibrate import calibrate

    return calibrate(args)


_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "run": _run,
    "read": _read,
    "compare": _compare,
    "report": _report,
    "new": _new,
    "lint": _lint,
    "calibrate": _calibrate,
    "from-feedback": _from_feedback,
}


if __name__ == "__main__":
    sys.exit(main())
