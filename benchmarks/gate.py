"""Does the gate catch what it is for? python -m benchmarks.gate

Breaks Footnote in twelve ways, one after another, and holds each to the gate of `footnote eval run`
and to a baseline of the unchanged system; then runs that system again, which must raise no alarm.
See benchmarks/README.md.
"""

import argparse
import hashlib
import json
import random
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest import mock

import eval.evaluate
from benchmarks.mutations import MUTATIONS
from eval.configuration import program_sha256
from eval.dataset import Case, load, of_split
from eval.options import CASES, INTERRUPTED, run_parser
from eval.report.rows import align
from eval.sample import draw
from index.build import index_folder
from rag import FootnoteError, Settings
from rag.errors import ConfigError
from rag.settings import PROJECT

DONE = "study.json"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study and print its table; 0 all caught and no false alarm, 1 otherwise."""
    args = _parser().parse_args(argv)
    try:
        return _study(args)
    except FootnoteError as error:
        print(f"gate: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted. Run the same command again to go on from here.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gate", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--cases", type=int, metavar="N", help="a seeded sample of so many of the report split")
    add("--seed", type=int, default=0, help="which sample (default: 0)")
    add("--only", choices=MUTATIONS, action="append", help="this mutation; may be given again")
    add("--runs", type=int, default=10, help="runs of the unchanged system (default: 10)")
    add("--again", action="store_true", help="ask the model in those runs too, cached or not")
    add("--corpus", type=Path, default=PROJECT / "seeds", help="folder of the articles")
    add("--file", type=Path, default=CASES, help="file of cases (default: bundled)")
    add("--model", help="answer model (default: that of the settings)")
    add("--work", type=Path, default=Path("reports/gate"), help="folder of what was done")
    add("--json", type=Path, help="write what was found to this file")
    return parser


def _study(args: argparse.Namespace) -> int:
    whole = of_split(load(args.file), "report")
    cases = draw(whole, args.cases, args.seed, lambda c: c.answerable, lambda c: c.kind)
    args.work.mkdir(parents=True, exist_ok=True)
    done = _Done(args.work / DONE, _key(args, cases))
    baseline = args.work / "baseline.json"
    if "baseline" not in done.found or not baseline.exists():
        baseline.unlink(missing_ok=True)  # of another program
        done.keep("baseline", _run(args, "baseline", cases, ["--save-baseline"]))
    if not baseline.exists():
        raise ConfigError(
            f"The unchanged system makes no baseline; {args.work}/baseline/log.txt says why."
        )
    known = set(done.found["baseline"]["alarms"])
    for name in args.only or MUTATIONS:
        if name not in done.found:
            done.keep(name, _run(args, name, cases, []))
        _say(name, done.found[name])
    for seed in range(1, args.runs + 1):
        name = f"unchanged-{seed}"
        if name not in done.found:
            order = random.Random(seed).sample(cases, len(cases))
            done.keep(name, _run(args, name, order, ["--no-cache"] if args.again else []))
        _say(name, done.found[name])
    asked = [*(args.only or MUTATIONS), *(f"unchanged-{n}" for n in range(1, args.runs + 1))]
    found = {
        name: done.found[name] | {"new": sorted(set(done.found[name]["alarms"]) - known)}
        for name in asked
    }
    print(f"{len(cases)} cases of {len(whole)}, baseline: {baseline}")
    print(align(_rows(found)))
    if known:
        print(f"The unchanged system itself fails: {', '.join(sorted(known))}; not counted above.")
    if args.json:
        args.json.write_text(json.dumps({"cases": len(cases), "runs": found}, indent=1) + "\n")
    missed = [name for name in found if bool(found[name]["new"]) != (name in MUTATIONS)]
    print(f"Not as it should be: {', '.join(missed)}." if missed else "All as it should be.")
    return 1 if missed else 0


def _rows(found: dict[str, Any]) -> list[list[str]]:
    rows = [["run", "alarm", "by"]]
    return rows + [
        [name, "yes" if one["new"] else "no", ", ".join(one["new"]) or one["error"] or "-"]
        for name, one in found.items()
    ]


def _say(name: str, one: dict[str, Any]) -> None:
    print(f"{name}: {', '.join(one['alarms']) or one['error'] or 'no alarm'}", file=sys.stderr)


class _Done:
    """What earlier calls with the same key have found, on disk."""

    def __init__(self, file: Path, key: str) -> None:
        self._file, self._key = file, key
        self.found: dict[str, Any] = {}
        if file.exists():
            stored = json.loads(file.read_text(encoding="utf-8"))
            self.found = stored["found"] if stored["key"] == key else {}

    def keep(self, name: str, one: dict[str, Any]) -> None:
        if not one["error"]:  # what could not be run is tried again the next time
            kept = self.found | {name: one}
            text = json.dumps({"key": self._key, "found": kept}, indent=1)
            unfinished = self._file.with_suffix(".unfinished")
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(self._file)
        self.found[name] = one


def _key(args: argparse.Namespace, cases: Sequence[Case]) -> str:
    """A hash of all that the study's outcome depends on."""
    digest = hashlib.sha256(program_sha256(PROJECT).encode())
    parts = [PROJECT / "eval", Path(__file__).parent, args.corpus]
    for folder in parts:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and (folder == args.corpus or file.suffix in (".py", ".toml")):
                digest.update(file.relative_to(folder).as_posix().encode() + file.read_bytes())
    settings = Settings.load(model=args.model)
    told = [{k: str(v) for k, v in asdict(settings).items()}, [asdict(case) for case in cases]]
    digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()


def _run(
    args: argparse.Namespace, name: str, cases: Sequence[Case], more: list[str]
) -> dict[str, Any]:
    """One run of `footnote eval run` on a copy of the articles, broken as `name` says.

    Raises KeyboardInterrupt; a run that cannot be made is told in `error`.
    """
    folder = args.work / name
    folder.mkdir(exist_ok=True)
    corpus, file = folder / "articles", folder / "cases.jsonl"
    shutil.rmtree(corpus, ignore_errors=True)
    shutil.copytree(args.corpus, corpus)
    file.write_text("".join(json.dumps(asdict(c)) + "\n" for c in cases), encoding="utf-8")
    argv = ["--cases", str(file), "--split", "all", "--corpus", str(corpus), "--out", str(folder)]
    argv += ["--baseline", str(args.work / "baseline.json"), *more]
    argv += ["--model", args.model] if args.model else []
    print(f"{name} ...", file=sys.stderr)
    try:
        with (
            (folder / "log.txt").open("w", encoding="utf-8") as log,
            redirect_stdout(log),
            _broken(name, corpus, cases),
        ):
            code = eval.evaluate.evaluate(run_parser().parse_args(argv))
    except FootnoteError as error:
        return {"alarms": [], "error": f"not run: {error}"}
    finally:
        shutil.rmtree(index_folder(corpus, Settings.load().index_root), ignore_errors=True)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return {"alarms": alarms(report), "error": ""}


def alarms(report: dict[str, Any]) -> list[str]:
    """What fails the gate in a report: thresholds, and figures that got worse beyond chance."""
    found = [check["threshold"] for check in report["gate"] if not check["passed"]]
    differences = report["comparison"]["differences"] if report["comparison"] else []
    return found + [f"worse: {one['figure']}" for one in differences if one["regressed"]]


@contextmanager
def _broken(name: str, corpus: Path, cases: Sequence[Case]) -> Iterator[None]:
    """The system as `name` says, its answers kept apart from those of any other; or as it is."""
    if name not in MUTATIONS:
        yield
        return
    context = eval.evaluate.answer_context

    def salted(made_with: dict[str, Any]) -> str:
        return hashlib.sha256(f"{context(made_with)} {name}".encode()).hexdigest()

    with (
        mock.patch.object(eval.evaluate, "answer_context", salted),
        MUTATIONS[name](corpus, cases),
    ):
        yield


if __name__ == "__main__":
    sys.exit(main())
