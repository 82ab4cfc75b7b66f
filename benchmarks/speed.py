"""Footnote and others side by side: how long does a reader wait for the same answers?

All of them answer every question in turn, with the same articles, embedder and answer model, each
with a model context of its own; which of them goes first changes. See benchmarks/README.md.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.pipelines import (
    COLD,
    FLOOR,
    WARM,
    Answering,
    Floor,
    Footnote,
    Pipeline,
    beside,
    named,
)
from benchmarks.speed_figures import (
    Measured,
    Row,
    guarded,
    slower,
    summary,
    text,
)
from benchmarks.speed_plot import plot
from eval.configuration import configuration
from eval.dataset import SPLITS, Case, load, of_split
from eval.matching import held_by
from eval.metrics import verdict
from rag import Answer, Assistant, FootnoteError, Settings, models
from rag.errors import ConfigError
from rag.settings import PROJECT
from rag.terminal import whole_number
from rag.trials import Trials
from rag.types import Article

CASES = PROJECT / "eval" / "cases" / "seeds.jsonl"
BASELINE = Path(__file__).with_name("baseline.json")
# No pipeline's first measured question should pay for what a library does only once.
WARM_UP = Case("warm-up", "What do these articles report?", "list", "tune", True, (), ())


def measure(case: Case, answering: Answering, texts: Sequence[str] = ()) -> Measured:
    """Drain what a pipeline yields, pieces and last the answer; one clock outside of all.

    A footnote is valid where its quote stands in one of the articles' `texts`, which are `spaced`.
    """
    answer: Answer | None = None
    first = 0.0
    started = time.perf_counter()
    for event in answering:
        if isinstance(event, Answer):
            answer = event
        elif event.strip():
            first = first or time.perf_counter() - started
    total = time.perf_counter() - started
    assert answer is not None, "a pipeline ends with its answer"
    quotes = [citation.quote for citation in answer.citations]
    numbers = named(answer.text)
    valid = {
        citation.number
        for citation in answer.citations
        if any(spaced(citation.quote) in text for text in texts)
    }
    return Measured(
        total_s=total,
        # a refusal before any token: the refusal itself is the first that the reader sees
        first_token_s=first or total,
        prompt_tokens=answer.timings.prompt_tokens,
        answer_tokens=answer.timings.answer_tokens,
        outcome=verdict(case, answer).outcome,
        cites=bool(quotes),
        cites_facts=bool(quotes) and all(held_by(quotes, case.expected)),
        named=len(numbers),
        valid=len(valid & numbers),
        text=answer.text,
    )


def spaced(text: str) -> str:
    """`text` with one space wherever it has any."""
    return " ".join(text.split())


def at_least(floor: Floor, tokens: int) -> Measured:
    """How long it takes to write so many tokens behind nothing; to write none takes no time."""
    if not tokens:
        return Measured(0.0, 0.0, 0, 0)
    started = time.perf_counter()
    first = 0.0
    for _ in floor.write(tokens):
        first = first or time.perf_counter() - started
    return Measured(time.perf_counter() - started, first, 0, tokens)


def compare(
    pipelines: Mapping[str, Pipeline],
    floor: Floor | None,
    cases: Sequence[Case],
    articles: Sequence[Article],
) -> Iterator[Row]:
    """A row for each case; which of the pipelines goes first changes from case to case."""
    texts = [spaced(article.text) for article in articles]
    for pipeline in pipelines.values():
        measure(WARM_UP, pipeline.answer(WARM_UP))
    if floor:
        at_least(floor, 4)
    order = list(pipelines)
    for case in cases:
        measured = {name: measure(case, pipelines[name].answer(case), texts) for name in order}
        if floor:
            measured[FLOOR] = at_least(floor, measured[WARM].answer_tokens)
        yield Row(case.id, measured)
        order = [*order[1:], order[0]]


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 slower than the baseline, 2 something unusable, 130 interrupted."""
    args = _parser().parse_args(argv)
    try:
        return _run(args)
    except FootnoteError as error:
        print(f"speed: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="speed", description="Footnote and others side by side.")
    add_cases(parser)
    add = parser.add_argument
    add("--llamaindex", type=Path, nargs="?", const=Path("reports/llamaindex"), metavar="DIR",
        help="also LlamaIndex, installed into DIR when it is not there")  # fmt: skip
    add("--json", type=Path, metavar="OUT", help="also write figures and every answer to this file")
    add("--plot", type=Path, metavar="OUT", help="also draw the seconds into this SVG file")
    add("--check", action="store_true", help=f"fail when slower than {BASELINE.name} says")
    add("--save-baseline", action="store_true", help="make this run's ratios the baseline")
    return parser


def add_cases(parser: argparse.ArgumentParser) -> None:
    """The options that say which questions are asked of which articles."""
    add = parser.add_argument
    add("--corpus", type=Path, help="folder of articles (default: the settings' corpus)")
    add("--cases", type=Path, default=CASES, help="JSON Lines file of cases (default: bundled)")
    add("--split", choices=(*SPLITS, "all"), default="report", help="default: report")
    add("--limit", type=whole_number, metavar="N", help="only the first N cases")


def chosen(args: argparse.Namespace) -> list[Case]:
    """The cases that those options name; raises ConfigError where there are none."""
    cases = of_split(load(args.cases), args.split)[: args.limit]
    if not cases:
        raise ConfigError(f"{args.cases} has no cases of the split {args.split}. Choose another.")
    return list(cases)


def _run(args: argparse.Namespace) -> int:
    # Whatever can be refused is refused before minutes of questions.
    cases = chosen(args)
    for out in filter(None, (args.json, args.plot)):
        if out.is_dir() or not out.parent.is_dir():
            raise ConfigError(f"{out} cannot be written: name a file in a folder that exists.")
    settings = Settings.load(corpus=args.corpus)
    of = {"model": settings.model, "split": args.split, "cases": len(cases)}
    before = _baseline(of) if args.check else {}
    with ExitStack() as stack:
        assistant = stack.enter_context(Assistant.open(settings=settings, progress=show_stage))
        assistant.read_ahead(show_stage)
        pipelines, floor = _open(args, settings, assistant, stack)
        compared = compare(pipelines, floor, cases, assistant.articles())
        rows = collect(compared, len(cases))
        made_with = configuration(assistant, settings, args.cases, PROJECT / "prompts")
    if not rows:
        raise KeyboardInterrupt
    figures = summary(rows)
    print(f"{len(rows)} of {len(cases)} questions, {settings.model}\n\n{text(figures)}")
    if args.json:
        made_with |= {"split": args.split, "asked": len(cases)}
        report = {"configuration": made_with, "summary": figures, "rows": list(map(asdict, rows))}
        args.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
        print(f"\nWritten: {args.json}")
    if args.plot:
        args.plot.write_text(plot(figures), "utf-8")
        print(f"\nWritten: {args.plot}")
    if len(rows) < len(cases):
        return 130
    now = guarded(rows)
    if worse := slower(now, before):
        print(f"\nSlower than the baseline: {'; '.join(worse)}.")
        return 1
    if args.save_baseline:
        BASELINE.write_text(json.dumps({"of": of, "ratios": now}, indent=2) + "\n", "utf-8")
    return 0


def _baseline(of: Mapping[str, object]) -> dict[str, float]:
    """The stored ratios; raises ConfigError where there are none that are `of` the same."""
    try:
        stored = json.loads(BASELINE.read_text(encoding="utf-8"))
        ratios = {str(label): float(one) for label, one in stored["ratios"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{BASELINE} cannot be used ({error}). Make one: --save-baseline."
        ) from error
    if stored.get("of") != of:
        raise ConfigError(f"The baseline is of {stored.get('of')}, this run of {of}.")
    return ratios


def _open(
    args: argparse.Namespace, settings: Settings, assistant: Assistant, stack: ExitStack
) -> tuple[dict[str, Pipeline], Floor]:
    """Each has a model context of its own, so that none finds another's text in its cache."""
    home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (home / "models").symlink_to(settings.models_dir.resolve())
    for kept in (settings.calibrations, settings.machine):
        if kept.exists():
            shutil.copy(kept, home)
    model = models.resolve(settings.model, folder=settings.models_dir, offline=settings.offline)
    floor = stack.enter_context(closing(Floor(model, settings.answer_tokens, settings.threads)))
    if not settings.threads:  # as many as Footnote
        floor.fit_threads(Trials(settings.machine, settings.model))
    forgetful = stack.enter_context(Assistant.open(settings=replace(settings, home=home)))
    pipelines: dict[str, Pipeline] = {
        WARM: Footnote(assistant),
        COLD: Footnote(forgetful, cold=True),
        **beside(assistant, stack, args.llamaindex),
    }
    return pipelines, floor


def collect(compared: Iterable[Row], total: int) -> list[Row]:
    """All rows, a line on stderr for each; after Ctrl-C those measured before it."""
    rows: list[Row] = []
    with suppress(KeyboardInterrupt):
        for row in compared:
            rows.append(row)
            seconds = ", ".join(f"{name} {one.total_s:.1f}" for name, one in row.measured.items())
            print(f"{len(rows)}/{total} {row.case}: {seconds}", file=sys.stderr, flush=True)
    return rows


def show_stage(stage: str, done: int, total: int) -> None:
    if done == total:  # the end of a step; its parts would flood a log
        print(stage, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
