"""How near does a follow-up's rewriting come to a person's? python -m benchmarks.rewriting

Each of the 500 hand-written conversations of followups.jsonl ends in a question, and holds what
that question is when it stands alone; 70 need no rewriting. The adapter has learned from those that
are not marked as held out, so only the 62 that are say anything of it.

With the folder of CAsT 2021 (its queries have a topic and what people made of them), what is found
for each question as it was asked, as the program rewrites it, and as people did. The answers of the
conversation are the relevant passages. See benchmarks/README.md.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.adapter.lessons import lines
from benchmarks.retrieval import HYBRID, MEASURES, rankings
from eval.adapters import beir
from eval.answer_metrics import exact_match, token_f1
from eval.metrics import percentile
from eval.retrieval_metrics import mean, score
from eval.stats import bootstrap_mean
from index.build import build
from rag import FootnoteError, Settings, followup
from rag.generate import Generator
from rag.loading import load_embedder, load_generator
from rag.types import Turn

FILE = Path(__file__).with_name("followups.jsonl")


def main() -> int:
    """Rewrite them all, or a seeded sample, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cast", type=Path, metavar="FOLDER", help="what is found, on CAsT 2021")
    parser.add_argument("--limit", type=int, help="a seeded sample of so many")
    parser.add_argument(
        "--all", action="store_true", help="also those that the adapter has learned"
    )
    parser.add_argument("--show", action="store_true", help="print each rewriting that differs")
    args = parser.parse_args()
    if args.cast:
        return _find(args.cast)
    cases = lines(FILE)
    if not args.all:
        cases = [case for case in cases if case.get("held_out")]
    if args.limit:
        cases = random.Random(0).sample(cases, min(args.limit, len(cases)))
    settings = Settings.load()
    generator = load_generator(settings)
    try:
        written, seconds = [], []
        for case in cases:
            start = time.perf_counter()
            written.append(_rewritten(case, generator))
            seconds.append(time.perf_counter() - start)
    finally:
        generator.close()
    for name, needs in (("to be rewritten", True), ("standing alone", False)):
        chosen = [row for row, case in enumerate(cases) if _needs(case) is needs]
        _print(name, [cases[row] for row in chosen], [written[row] for row in chosen])
    print(f"seconds: median {percentile(seconds, 50):.2f}, 90th {percentile(seconds, 90):.2f}")
    if args.show:
        for case, text in zip(cases, written, strict=True):
            if not exact_match(text, [case["standalone"]]):
                print(f"\n{case['question']}\n  {text}\n  {case['standalone']}")
    return 0


def _rewritten(case: dict[str, Any], generator: Generator) -> str:
    history = [Turn(turn["question"], turn["answer"]) for turn in case["history"]]
    return followup.standalone(str(case["question"]), history, generator)


def _find(folder: Path) -> int:
    """Print what is found for the questions of the conversations in `folder`."""
    given = beir.read(folder)
    answers = {each.id: each.text for each in given.documents}
    queries = sorted(
        (json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()),
        key=lambda query: int(query["_id"].rsplit("_", 1)[1]),
    )
    settings = Settings.load()
    embedder, generator = load_embedder(settings), load_generator(settings)
    try:
        own, seconds, history = {}, [], {}
        for query in queries:
            before = history.setdefault(query["topic"], [])
            start = time.perf_counter()
            own[query["_id"]] = followup.standalone(query["text"], before, generator)
            if own[query["_id"]] != query["text"]:
                seconds.append(time.perf_counter() - start)
            relevant = given.relevant.get(query["_id"], {})
            answer = next((answers[name] for name in relevant if name in answers), "")
            before.append(Turn(query["text"], answer))
    finally:
        generator.close()
    documents = [replace(each, titled=False) for each in given.documents]
    index = build(documents, embedder, settings.passage_chars)
    ways = {
        "as asked": given.queries,
        "rewritten by the program": own,
        "rewritten by people": {query["_id"]: query["rewritten"] for query in queries},
    }
    for way, texts in ways.items():
        asked = {name: texts[name] for name in given.relevant}
        scores = score(rankings(index, embedder, asked)[HYBRID], given.relevant, MEASURES)
        print(way, *(f"{name} {mean(scores[name]):.3f}" for name in MEASURES), sep=", ")
    spread = f"{percentile(seconds, 50):.2f} s, 90th {percentile(seconds, 90):.2f} s"
    print(f"{len(seconds)} of {len(queries)} rewritten, median {spread}")
    return 0


def _needs(case: dict[str, Any]) -> bool:
    return not exact_match(case["question"], [case["standalone"]])


def _print(name: str, cases: Sequence[dict[str, Any]], written: Sequence[str]) -> None:
    print(f"{name}: {len(cases)}")
    rows = {"left as they are": [case["question"] for case in cases], "rewritten": written}
    for row, texts in rows.items():
        pairs = list(zip(texts, cases, strict=True))
        f1 = bootstrap_mean([token_f1(text, [case["standalone"]]) for text, case in pairs])
        exact = sum(exact_match(text, [case["standalone"]]) for text, case in pairs)
        if f1 is not None:
            interval = f"{f1.low:.3f} to {f1.high:.3f}"
            print(f"  {row}: exact {exact}, token F1 {f1.estimate:.3f} ({interval})")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FootnoteError as error:
        sys.exit(f"rewriting: {error}")
