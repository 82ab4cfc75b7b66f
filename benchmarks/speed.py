"""Footnote and a plain pipeline side by side: how long does a reader wait for the same answers?

Both answer every question in turn, with the same articles, embedder and answer model, each with
a model context of its own; which of them goes first alternates. See benchmarks/README.md.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from langchain_text_splitters import RecursiveCharacterTextSplitter

import prompts
from eval.dataset import SPLITS, Case, load
from eval.metrics import OUTCOMES, Outcome, median, percentile, verdict
from eval.runner import configuration
from index.embed import Embedder, SentenceTransformerEmbedder
from rag import Answer, Assistant, FootnoteError, Settings, models
from rag.errors import ConfigError
from rag.generate import Generator, LlamaGenerator, Prompt
from rag.settings import PROJECT
from rag.types import Article, Timings, Token

CASES = PROJECT / "eval" / "cases" / "seeds.jsonl"
CHUNK_CHARS, CHUNK_OVERLAP, TOP = 800, 100, 4
SYSTEM = "You are a helpful assistant."
INSTRUCTION = (
    "Answer the question using only these passages and cite them like [1]. "
    "If they do not contain the answer, say so."
)
# Neither pipeline's first measured question should pay for what a library does only once.
WARM_UP = Case("warm-up", "What do these articles report?", "list", "tune", True, (), ())
RESAMPLES, SEED = 2_000, 0
REFUSED = ("refused_rightly", "refused_wrongly")
FIGURES = {
    "total_s": ("whole answer (s)", ".2f"),
    "first_token_s": ("first token (s)", ".2f"),
    "prompt_tokens": ("prompt tokens", ".0f"),
    "answer_tokens": ("answer tokens", ".0f"),
}

Pipeline = Callable[[Case], Iterator[str | Answer]]
"""Yields the answer's text piece by piece, and last the whole answer."""


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

    def both_answered(self) -> bool:
        return not {self.footnote.outcome, self.plain.outcome} & set(REFUSED)


class Plain:
    """The pipeline that tutorials build: chunks, dense top four, one prompt."""

    def __init__(
        self,
        articles: Sequence[Article],
        embedder: Embedder,
        generator: Generator,
        answer_tokens: int,
    ) -> None:
        splitter = RecursiveCharacterTextSplitter(
            chunk_size=CHUNK_CHARS, chunk_overlap=CHUNK_OVERLAP
        )
        self._chunks = [
            chunk for article in articles for chunk in splitter.split_text(article.text)
        ]
        self._index = faiss.IndexFlatIP(embedder.dimension)
        self._index.add(embedder.encode(self._chunks))
        self._embedder = embedder
        self._generator = generator
        self._answer_tokens = answer_tokens

    def stream(self, case: Case) -> Iterator[str | Answer]:
        # It rewrites no follow-up: what was said before is put in front of the question.
        turns = [f"{turn.question}\n{turn.answer}" for turn in case.history]
        question = "\n".join([*turns, case.question])
        prompt = Prompt(SYSTEM, self._fill(question))
        prompt_tokens = self._generator.length(prompt)
        if prompt_tokens + self._answer_tokens > self._generator.context_tokens:
            raise ConfigError(
                f"The plain pipeline's prompt of {prompt_tokens} tokens does not fit. "
                "Raise FOOTNOTE_CONTEXT_TOKENS."
            )
        pieces: list[str] = []
        for piece in self._generator.stream(prompt, self._answer_tokens):
            pieces.append(piece)
            yield piece
        yield Answer(
            question=case.question,
            standalone_question=question,
            text="".join(pieces).strip(),
            abstained=False,
            reason="",
            confidence=1.0,
            citations=(),
            passages=(),
            timings=Timings(prompt_tokens=prompt_tokens, answer_tokens=len(pieces)),
            model=self._generator.name,
        )

    def judge(self, case: Case, answer: Answer) -> Outcome:
        """Its outcome, the doubt in its favour.

        Whatever states the expected facts is right, whatever it adds; of the rest, any sentence
        that says the passages do not say makes it a refusal.
        """
        outcome = verdict(case, answer).outcome
        if outcome != "right" and prompts.is_refusal(answer.text):
            return verdict(case, replace(answer, abstained=True, reason="declined")).outcome
        return outcome

    def _fill(self, question: str) -> str:
        vector = self._embedder.encode([question])
        _, rows = self._index.search(vector, min(TOP, len(self._chunks)))
        passages = [f"[{number}] {self._chunks[row]}" for number, row in enumerate(rows[0], 1)]
        return "\n\n".join([INSTRUCTION, *passages, f"Question: {question}"])


def footnote(assistant: Assistant) -> Pipeline:
    def stream(case: Case) -> Iterator[str | Answer]:
        for event in assistant.stream(case.question, case.history):
            if isinstance(event, Token):
                yield event.text
            elif isinstance(event, Answer):
                yield event

    return stream


def measure(pipeline: Pipeline, case: Case, judge: Callable[[Case, Answer], Outcome]) -> Measured:
    """Both pipelines by the same clock, outside of them."""
    answer: Answer | None = None
    first = 0.0
    started = time.perf_counter()
    for event in pipeline(case):
        if isinstance(event, Answer):
            answer = event
        elif event.strip():
            first = first or time.perf_counter() - started
    total = time.perf_counter() - started
    assert answer is not None, "a pipeline ends with its answer"
    return Measured(
        total_s=total,
        # A refusal before any token: the refusal itself is the first that the reader sees.
        first_token_s=first or total,
        prompt_tokens=answer.timings.prompt_tokens,
        answer_tokens=answer.timings.answer_tokens,
        outcome=judge(case, answer),
        text=answer.text,
    )


def compare(assistant: Assistant, plain: Plain, cases: Sequence[Case]) -> Iterator[Pair]:
    """A pair for each case, which of the two goes first alternating."""
    runs: dict[str, Callable[[Case], Measured]] = {
        "footnote": lambda case: measure(
            footnote(assistant), case, lambda *asked: verdict(*asked).outcome
        ),
        "plain": lambda case: measure(plain.stream, case, plain.judge),
    }
    for run in runs.values():
        run(WARM_UP)
    order = list(runs)
    for case in cases:
        measured = {name: runs[name](case) for name in order}
        yield Pair(case.id, order[0], **measured)
        order.reverse()


def spread(values: Sequence[float]) -> dict[str, float | None]:
    return {"median": median(values), "p10": percentile(values, 10), "p90": percentile(values, 90)}


def ratio(pairs: Sequence[Pair], figure: str) -> dict[str, Any]:
    """Median of plain / footnote over the pairs; above 1 Footnote is the quicker.

    `low` and `high` bound its 95 % percentile bootstrap interval (Efron 1979), pairs resampled.
    All three are None of no pairs.
    """
    if not pairs:
        return {"median": None, "low": None, "high": None, "pairs": 0}
    ratios = np.array([getattr(p.plain, figure) / getattr(p.footnote, figure) for p in pairs])
    rows = np.random.default_rng(SEED).integers(0, len(ratios), (RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(ratios[rows], axis=1), [2.5, 97.5])
    middle = float(np.median(ratios))
    return {"median": middle, "low": float(low), "high": float(high), "pairs": len(pairs)}


def summary(pairs: Sequence[Pair]) -> dict[str, Any]:
    both = [pair for pair in pairs if pair.both_answered()]
    sides = {"footnote": [p.footnote for p in pairs], "plain": [p.plain for p in pairs]}
    return {
        **{
            name: {figure: spread([getattr(m, figure) for m in side]) for figure in FIGURES}
            | {"outcomes": {o: sum(m.outcome == o for m in side) for o in OUTCOMES}}
            for name, side in sides.items()
        },
        "ratios": {
            "whole answer": ratio(pairs, "total_s"),
            "first token": ratio(pairs, "first_token_s"),
            "whole answer, both answered": ratio(both, "total_s"),
            "first token, both answered": ratio(both, "first_token_s"),
        },
    }


def text(figures: dict[str, Any]) -> str:
    """The summary as aligned tables."""
    sides = {name: figures[name] for name in ("footnote", "plain")}
    lines = [f"{'':<28}" + "".join(f"{name:^30}" for name in sides)]
    lines += [f"{'':<28}" + f"{'median':>10}{'p10':>10}{'p90':>10}" * 2]
    for figure, (label, form) in FIGURES.items():
        cells = [value for side in sides.values() for value in side[figure].values()]
        lines.append(f"{label:<28}" + "".join(f"{format(cell, form):>10}" for cell in cells))
    lines += [
        "",
        f"{'plain / footnote, paired':<28}{'median':>10}{'95 % interval':>20}{'pairs':>10}",
    ]
    for label, found in figures["ratios"].items():
        if found["pairs"]:
            interval = f"{found['low']:.2f} to {found['high']:.2f}"
            lines.append(f"{label:<28}{found['median']:>10.2f}{interval:>20}{found['pairs']:>10}")
    lines += ["", f"{'':<28}" + "".join(f"{name:>10}" for name in sides)]
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
        print("Interrupted before the first question was answered.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="speed", description="Footnote and plain, side by side.")
    add = parser.add_argument
    add("--corpus", type=Path, help="folder of articles (default: the settings' corpus)")
    add("--cases", type=Path, default=CASES, help="JSON Lines file of cases (default: bundled)")
    add("--split", choices=(*SPLITS, "all"), default="report", help="default: report")
    add("--limit", type=_count, metavar="N", help="only the first N cases")
    add("--json", type=Path, metavar="OUT", help="also write figures and every answer to this file")
    return parser


def _count(given: str) -> int:
    if not given.isdecimal() or int(given) < 1:
        raise argparse.ArgumentTypeError(f"{given!r} is not a whole number of at least 1")
    return int(given)


def _run(args: argparse.Namespace) -> int:
    # Whatever can be refused is refused before minutes of questions.
    cases = [case for case in load(args.cases) if args.split in (case.split, "all")][: args.limit]
    if not cases:
        raise ConfigError(f"{args.cases} has no cases of the split {args.split}. Choose another.")
    if args.json and (args.json.is_dir() or not args.json.parent.is_dir()):
        raise ConfigError(f"{args.json} cannot be written: name a file in a folder that exists.")
    settings = Settings.load(corpus=args.corpus)
    with ExitStack() as stack:
        assistant = stack.enter_context(Assistant.open(settings=settings, progress=_show_stage))
        assistant.warm()
        plain = _open_plain(assistant, settings, stack)
        pairs = _collect(compare(assistant, plain, cases), len(cases))
        made_with = configuration(assistant, settings, args.cases, PROJECT / "prompts")
    if not pairs:
        raise KeyboardInterrupt
    figures = summary(pairs)
    head = f"{len(pairs)} of {len(cases)} questions ({args.split}), {made_with['model']}"
    print(f"{head}\n\n{text(figures)}")
    if args.json:
        report = {
            "configuration": made_with
            | {"split": args.split, "limit": args.limit, "asked": len(cases)}
            | {"plain": {"chunk_chars": CHUNK_CHARS, "overlap": CHUNK_OVERLAP, "top": TOP}},
            "summary": figures,
            "pairs": [asdict(pair) for pair in pairs],
        }
        args.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
        print(f"\nWritten: {args.json}")
    return 0 if len(pairs) == len(cases) else 130


def _open_plain(assistant: Assistant, settings: Settings, stack: ExitStack) -> Plain:
    """The plain pipeline with an embedder and a model context of its own: no cache is shared."""
    where, offline = settings.models_dir, settings.offline
    folder = models.resolve(settings.embedder, where, offline=offline)
    file = models.resolve(settings.model, where, offline=offline)
    generator = LlamaGenerator(
        file, settings.model, settings.context_tokens, settings.threads, settings.seed
    )
    stack.enter_context(closing(generator))
    embedder = SentenceTransformerEmbedder(folder, settings.embedder)
    return Plain(assistant.articles(), embedder, generator, settings.answer_tokens)


def _collect(compared: Iterable[Pair], total: int) -> list[Pair]:
    """All pairs, a line on stderr for each; after Ctrl-C those measured before it."""
    pairs: list[Pair] = []
    try:
        for pair in compared:
            pairs.append(pair)
            sides = (("footnote", pair.footnote), ("plain", pair.plain))
            shown = ", ".join(f"{name} {side.total_s:.1f} s {side.outcome}" for name, side in sides)
            print(f"{len(pairs)}/{total} {pair.case}: {shown}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
    return pairs


def _show_stage(stage: str, done: int, total: int) -> None:
    if done == total:  # the end of a step; its parts would flood a log
        print(stage, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
