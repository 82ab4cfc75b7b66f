"""Footnote and a plain pipeline side by side: how long does a reader wait for the same answers?

Both answer every question in turn, with the same articles, embedder and answer model, each with
a model context of its own; which of them goes first alternates. See benchmarks/README.md.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from langchain_text_splitters import RecursiveCharacterTextSplitter

import prompts
from eval.configuration import configuration
from eval.dataset import SPLITS, Case, load, of_split
from eval.metrics import OUTCOMES, Outcome, percentile, verdict
from index.embed import Embedder, SentenceTransformerEmbedder
from rag import Answer, Assistant, FootnoteError, Settings, models
from rag.errors import ConfigError
from rag.generate import Generator, LlamaGenerator, Prompt
from rag.settings import PROJECT
from rag.terminal import whole_number
from rag.types import Article, Timings, Token

CASES = PROJECT / "eval" / "cases" / "seeds.jsonl"
CHUNK_CHARS, OVERLAP, TOP = 800, 100, 4
SYSTEM = "You are a helpful assistant."
INSTRUCTION = """Answer the question using only these passages and cite them like [1]. \
If they do not contain the answer, say so."""
# Neither pipeline's first measured question should pay for what a library does only once.
WARM_UP = Case("warm-up", "What do these articles report?", "list", "tune", True, (), ())
RESAMPLES, SEED = 2_000, 0
REFUSED = {"refused_rightly", "refused_wrongly"}
SPREAD = {"median": 50, "p10": 10, "p90": 90}
FIGURES = {
    "total_s": ("whole answer (s)", ".2f"),
    "first_token_s": ("first token (s)", ".2f"),
    "prompt_tokens": ("prompt tokens", ".0f"),
    "answer_tokens": ("answer tokens", ".0f"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One answer of one pipeline. `first_token_s` is when the reader first sees any of it."""

    total_s: float
    first_token_s: float
    prompt_tokens: int
    answer_tokens: int
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One question answered by both."""

    case: str
    first: str  # which of the two went first
    footnote: Measured
    plain: Measured


class Plain:
    """The pipeline that tutorials build: chunks, dense top four, one prompt."""

    def __init__(self, articles: Sequence[Article], embedder: Embedder, generator: Generator):
        splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK_CHARS, chunk_overlap=OVERLAP)
        self._chunks = [chunk for a in articles for chunk in splitter.split_text(a.text)]
        self._index = faiss.IndexFlatIP(embedder.dimension)
        self._index.add(embedder.encode(self._chunks))
        self._embedder, self._generator = embedder, generator

    def answer(self, case: Case, max_tokens: int) -> Iterator[str | Answer]:
        # It rewrites no follow-up: what was said before is put in front of the question.
        turns = [f"{turn.question}\n{turn.answer}" for turn in case.history]
        question = "\n".join([*turns, case.question])
        prompt = Prompt(SYSTEM, self._fill(question))
        prompt_tokens = self._generator.length(prompt)
        if prompt_tokens + max_tokens > self._generator.context_tokens:
            raise ConfigError("The plain prompt does not fit. Raise FOOTNOTE_CONTEXT_TOKENS.")
        pieces: list[str] = []
        for piece in self._generator.stream(prompt, max_tokens):
            pieces.append(piece)
            yield piece
        text = "".join(pieces).strip()
        timings = Timings(prompt_tokens=prompt_tokens, answer_tokens=len(pieces))
        answer = Answer(case.question, question, text, False, "", 1.0, (), (), timings=timings)
        yield mark_refusal(case, answer)

    def close(self) -> None:
        self._generator.close()

    def _fill(self, question: str) -> str:
        vector = self._embedder.encode([question])
        _, rows = self._index.search(vector, min(TOP, len(self._chunks)))
        passages = [f"[{number}] {self._chunks[row]}" for number, row in enumerate(rows[0], 1)]
        return "\n\n".join([INSTRUCTION, *passages, f"Question: {question}"])


def mark_refusal(case: Case, answer: Answer) -> Answer:
    """A plain answer as a refusal where it is one, the doubt in the plain pipeline's favour.

    Whatever states the expected facts stays an answer, whatever it adds; of the rest, any
    sentence that says the passages do not say makes it a refusal.
    """
    refuses = prompts.is_refusal(answer.text) and verdict(case, answer).outcome != "right"
    return replace(answer, abstained=refuses)


def ask_footnote(assistant: Assistant, case: Case) -> Iterator[str | Answer]:
    for event in assistant.stream(case.question, case.history):
        if isinstance(event, Token | Answer):
            yield event.text if isinstance(event, Token) else event


def measure(case: Case, answering: Iterator[str | Answer]) -> Measured:
    """Drain what a pipeline yields, pieces and last the answer; one clock outside of both."""
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
    read, written = answer.timings.prompt_tokens, answer.timings.answer_tokens
    # A refusal before any token: the refusal itself is the first that the reader sees.
    outcome = verdict(case, answer).outcome
    return Measured(total, first or total, read, written, outcome, answer.text)


def compare(assistant: Assistant, plain: Plain, cases: Sequence[Case]) -> Iterator[Pair]:
    """A pair for each case, which of the two goes first alternating."""
    pipelines: dict[str, Callable[[Case], Iterator[str | Answer]]] = {
        "footnote": partial(ask_footnote, assistant),
        "plain": partial(plain.answer, max_tokens=assistant.settings.answer_tokens),
    }
    for pipeline in pipelines.values():
        measure(WARM_UP, pipeline(WARM_UP))
    order = list(pipelines)
    for case in cases:
        measured = {name: measure(case, pipelines[name](case)) for name in order}
        yield Pair(case.id, order[0], **measured)
        order.reverse()


def ratio(pairs: Sequence[Pair], figure: str) -> dict[str, Any]:
    """Median of plain / footnote over the pairs; above 1 Footnote is the quicker.

    `low` and `high` bound its 95 % percentile bootstrap interval (Efron 1979), pairs resampled.
    Of no pairs there is nothing but their number.
    """
    if not pairs:
        return {"pairs": 0}
    ratios = np.array([getattr(p.plain, figure) / getattr(p.footnote, figure) for p in pairs])
    rows = np.random.default_rng(SEED).integers(0, len(ratios), (RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(ratios[rows], axis=1), [2.5, 97.5])
    bounds = {"low": float(low), "high": float(high)}
    return {"median": float(np.median(ratios)), **bounds, "pairs": len(pairs)}


def summary(pairs: Sequence[Pair]) -> dict[str, Any]:
    both = [p for p in pairs if not {p.footnote.outcome, p.plain.outcome} & REFUSED]
    return {
        "footnote": describe([pair.footnote for pair in pairs]),
        "plain": describe([pair.plain for pair in pairs]),
        "ratios": {
            "whole answer": ratio(pairs, "total_s"),
            "first token": ratio(pairs, "first_token_s"),
            "whole answer, both answered": ratio(both, "total_s"),
            "first token, both answered": ratio(both, "first_token_s"),
        },
    }


def describe(side: Sequence[Measured]) -> dict[str, Any]:
    outcomes = [measured.outcome for measured in side]
    described: dict[str, Any] = {"outcomes": {o: outcomes.count(o) for o in OUTCOMES}}
    for figure in FIGURES:
        values = [getattr(measured, figure) for measured in side]
        described[figure] = {name: percentile(values, q) for name, q in SPREAD.items()}
    return described


def text(figures: dict[str, Any]) -> str:
    """The summary as aligned tables."""
    sides = {name: figures[name] for name in ("footnote", "plain")}
    lines = [f"{'':<28}" + "".join(f"{name:^30}" for name in sides)]
    lines += [f"{'':<28}" + f"{'median':>10}{'p10':>10}{'p90':>10}" * 2]
    for figure, (label, form) in FIGURES.items():
        cells = [value for side in sides.values() for value in side[figure].values()]
        lines.append(f"{label:<28}" + "".join(f"{format(cell, form):>10}" for cell in cells))
    lines.append(f"\n{'plain / footnote':<28}{'median':>10}{'95 % interval':>20}{'pairs':>10}")
    for label, found in figures["ratios"].items():
        if found["pairs"]:
            interval = f"{found['low']:.2f} to {found['high']:.2f}"
            lines.append(f"{label:<28}{found['median']:>10.2f}{interval:>20}{found['pairs']:>10}")
    lines.append(f"\n{'':<28}" + "".join(f"{name:>10}" for name in sides))
    for outcome in OUTCOMES:
        counts = "".join(f"{side['outcomes'][outcome]:>10}" for side in sides.values())
        lines.append(f"{outcome.replace('_', ' '):<28}{counts}")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 2 something could not be used, 130 interrupted."""
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
    parser = argparse.ArgumentParser(prog="speed", description="Footnote and plain, side by side.")
    add = parser.add_argument
    add("--corpus", type=Path, help="folder of articles (default: the settings' corpus)")
    add("--cases", type=Path, default=CASES, help="JSON Lines file of cases (default: bundled)")
    add("--split", choices=(*SPLITS, "all"), default="report", help="default: report")
    add("--limit", type=whole_number, metavar="N", help="only the first N cases")
    add("--json", type=Path, metavar="OUT", help="also write figures and every answer to this file")
    return parser


def _run(args: argparse.Namespace) -> int:
    # Whatever can be refused is refused before minutes of questions.
    cases = of_split(load(args.cases), args.split)[: args.limit]
    if not cases:
        raise ConfigError(f"{args.cases} has no cases of the split {args.split}. Choose another.")
    if args.json and (args.json.is_dir() or not args.json.parent.is_dir()):
        raise ConfigError(f"{args.json} cannot be written: name a file in a folder that exists.")
    settings = Settings.load(corpus=args.corpus)
    with Assistant.open(settings=settings, progress=_show_stage) as assistant:
        assistant.warm()
        with closing(_open_plain(settings, assistant.articles())) as plain:
            pairs = _collect(compare(assistant, plain, cases), len(cases))
        made_with = configuration(assistant, settings, args.cases, PROJECT / "prompts")
    if not pairs:
        raise KeyboardInterrupt
    figures = summary(pairs)
    print(f"{len(pairs)} of {len(cases)} questions, {assistant.settings.model}\n\n{text(figures)}")
    if args.json:
        made_with |= {"split": args.split, "asked": len(cases)}
        report = {"configuration": made_with, "summary": figures, "pairs": list(map(asdict, pairs))}
        args.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
        print(f"\nWritten: {args.json}")
    return 0 if len(pairs) == len(cases) else 130


def _open_plain(settings: Settings, articles: Sequence[Article]) -> Plain:
    """Has an embedder and a model context of its own, so that no cache is shared."""
    find = partial(models.resolve, folder=settings.models_dir, offline=settings.offline)
    sizes = (settings.context_tokens, settings.threads)
    generator = LlamaGenerator(find(settings.model), settings.model, *sizes)
    embedder = SentenceTransformerEmbedder(
        find(settings.embedder), settings.embedder, adapted=False
    )
    return Plain(articles, embedder, generator)


def _collect(compared: Iterable[Pair], total: int) -> list[Pair]:
    """All pairs, a line on stderr for each; after Ctrl-C those measured before it."""
    pairs: list[Pair] = []
    with suppress(KeyboardInterrupt):
        for pair in compared:
            pairs.append(pair)
            seconds = f"footnote {pair.footnote.total_s:.1f} s, plain {pair.plain.total_s:.1f} s"
            print(f"{len(pairs)}/{total} {pair.case}: {seconds}", file=sys.stderr, flush=True)
    return pairs


def _show_stage(stage: str, done: int, total: int) -> None:
    if done == total:  # the end of a step; its parts would flood a log
        print(stage, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
