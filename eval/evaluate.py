"""`footnote eval run`: ask the cases, report the figures, hold them to the bar."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval import memory, outcomes
from eval.compare import Comparison, compare
from eval.configuration import answer_context, configuration
from eval.dataset import Case, load, of_split
from eval.drift import Setup, deleted, drift, misfit, setup_of, stale
from eval.export import export
from eval.gate import Check, gate, load_thresholds
from eval.options import BELOW, CASES, HERE, INTERRUPTED, PASSED
from eval.report import files
from eval.report.document import Document, Findings, document, result_record
from eval.report.figures import figures, short
from eval.report.text import text
from eval.runner import Result, Rules, run
from eval.ticker import Ticker
from index.build import index_folder
from index.errors import CorpusError
from index.selection import Selection
from rag import Assistant, Settings
from rag.errors import ConfigError
from rag.settings import PROJECT
from rag.states import States

BASELINE = HERE / "baseline.json"


def evaluate(args: argparse.Namespace) -> int:
    """Run the evaluation and return the exit code.

    Raises FootnoteError for what cannot be used, KeyboardInterrupt when not one case was asked.
    """
    # Whatever can be refused is refused before minutes of questions.
    every = load(args.cases)
    cases = _choose(args, every)
    thresholds = load_thresholds(args.thresholds)
    goals = load_thresholds(args.thresholds, "goal")
    settings = Settings.load(model=args.model, corpus=args.corpus)
    out = args.out or report_folder(settings.corpus)
    baseline = args.baseline or baseline_file(args.cases, settings.corpus, out)
    before = _load_baseline(args, baseline)
    ticker = Ticker(args.verbose)
    with Assistant.open(settings.corpus, settings=settings, progress=ticker.stage) as assistant:
        files.make(out)  # a mistyped corpus has been refused by now and leaves no folder behind
        assistant.warm()  # loading the models is not the first question's latency
        made_with = configuration(assistant, settings, args.cases, PROJECT / "prompts")
        kept = _remember(args, out, settings, answer_context(made_with))
        rules = Rules(kept, args.timeout, PROJECT / "seeds")
        articles = assistant.articles()
        setup = setup_of(made_with, articles)
        results = run(assistant, cases, ticker.case, rules)
        ticker.clear()
    if not results:
        memory.forget(out)
        raise KeyboardInterrupt
    note = _note(args, len(results), len(cases))
    group = figures(results)
    checks = gate(group, thresholds, strict=args.strict, short=short(results))
    checks.append(stale(articles, _files(settings)))
    after = _run_of(results, str(out), setup)
    if before and (why := misfit(before, after)):
        # One that was named was meant: a swapped model has to be told, and not only by a line.
        figure = 1.0 if args.baseline else None
        reason = f"Not compared with {baseline}: {why}"
        checks.append(Check("misfit_baselines_max", 0, figure, reason=reason))
        before = None
    if before:
        checks += drift(before, after, cases, PROJECT / "seeds")
        checks.append(deleted(before, every))
    findings = Findings(
        checks=[] if note else checks,
        goals=gate(group, goals, strict=True),
        comparison=_compare(before, after) if before else None,
        note=note,
        setup=setup,
    )
    options = {"split": args.split, "strict": args.strict, "timeout_s": args.timeout}
    whole = document(made_with | options, results, findings)
    _tell(whole, out)
    for layout in args.export:
        print(f"Written: {export([(r.case, r.answer) for r in results], layout, out)}")
    if len(results) < len(cases):
        same = "the same command with --no-cache in the place of --fresh"
        print(f"Run {same if args.fresh else 'the same command'} again to go on from here.")
        return INTERRUPTED
    kept.finish()
    if args.save_baseline:
        _save_baseline(args, baseline, whole)
    elif before is None and not note:
        print(f"No baseline in {baseline}: --save-baseline writes one, for finding what got worse.")
    return BELOW if findings.passed is False else PASSED


def report_folder(corpus: Path) -> Path:
    """Where the report of `corpus` goes; two folders of one name keep two reports."""
    name = corpus.resolve().name or "corpus"
    return (
        Path("reports")
        / f"eval-{name if is_bundled(corpus) else index_folder(corpus, Path()).name}"
    )


def baseline_file(cases: Path, corpus: Path, out: Path) -> Path:
    """Where the baseline is looked for: beside the cases, but each corpus has its own."""
    if cases.resolve() != CASES:
        return cases.with_suffix(".baseline.json")
    return BASELINE if is_bundled(corpus) else out / "baseline.json"


def is_bundled(corpus: Path) -> bool:
    """Whether these are the articles that the bundled cases are about."""
    return corpus.resolve() == Settings().corpus.resolve()


def _choose(args: argparse.Namespace, every: Sequence[Case]) -> list[Case]:
    cases = of_split(every, args.split)
    if not cases:
        raise ConfigError(f"{args.cases} has no cases of the split {args.split}. Choose another.")
    return cases[: args.limit]


def _load_baseline(args: argparse.Namespace, file: Path) -> outcomes.Run | None:
    """None when there is none to compare with; one that was asked for has to be there."""
    if args.save_baseline or (args.baseline is None and not file.exists()):
        return None
    return outcomes.load_run(file)


def _remember(
    args: argparse.Namespace, out: Path, settings: Settings, context: str
) -> memory.Memory:
    if args.fresh:
        memory.forget(out)
        States(settings.states_dir, 0)  # a model that has read the articles answers sooner
    cache = settings.home / "answers"
    read = not (args.fresh or args.no_cache)
    kept = memory.Memory(context, out / memory.JOURNAL, cache, read=read)
    if kept.resumed:
        print(f"Going on with the interrupted run: {kept.resumed} answers are there already.")
    return kept


def _files(settings: Settings) -> dict[str, Path]:
    """The files of the corpus as they are now, by article id."""
    try:
        selection = Selection.read(index_folder(settings.corpus, settings.index_root))
        return selection.files(settings.corpus)[0]
    except CorpusError:  # gone since it was opened: then every article is
        return {}


def _run_of(results: Sequence[Result], name: str, setup: Setup) -> outcomes.Run:
    records = [result_record(result) for result in results]
    return outcomes.run_of(name, setup["model"], records, setup)


def _compare(before: outcomes.Run, after: outcomes.Run) -> Comparison:
    # A split or the first few cases are compared with the same ones of the baseline.
    cases = {id_: case for id_, case in before.cases.items() if id_ in after.cases}
    return compare(replace(before, cases=cases), after)


def _note(args: argparse.Namespace, done: int, total: int) -> str:
    """Why the gate is skipped, if it is."""
    if done < total:
        return f"Interrupted after {done} of {total} cases: the gate is skipped."
    if args.limit is not None:
        return f"Asked only {done} of the cases (--limit): the gate is skipped."
    return "The gate is skipped (--no-gate)." if args.no_gate else ""


def _tell(whole: Document, out: Path) -> None:
    print(text(whole))
    for file in files.write(whole, out):
        print(f"Written: {file}")


def _save_baseline(args: argparse.Namespace, file: Path, whole: dict[str, Any]) -> None:
    if args.limit is not None or whole["summary"]["errors"]:
        print("No baseline is written: cases crashed or were left out.")
        return
    found = outcomes.of_records(whole["results"])
    outcomes.save_baseline(file, whole["configuration"]["model"], found, whole["setup"])
    print(f"Written: {file} (baseline)")
