"""Articles with questions -> excerpts, each with what is asked about it and what should be said.

An excerpt is made as the program shows evidence: some runs of an article's sentences in no order,
now and then with a run of another article. A question whose sentences were left out of it has no
answer there, like those that were written to have none.
"""

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.split import sentence_spans
from rag.compose import show
from rag.types import Evidence

_KEPT = (0.45, 0.85)  # share of an article's sentences that an excerpt holds
_STRANGERS = 0.6  # share of excerpts with a run of another article in them
_UNSTATED = 0.75  # share of the questions without an answer that an excerpt is asked
_LEFT_OUT = 0.7  # share of those whose answer was left out


@dataclass(frozen=True, slots=True)
class Item:
    """A question about an excerpt; `answer` is "" where the excerpt does not state one."""

    question: str
    stated: bool
    answer: str
    kind: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is read, and what is asked about it."""

    source: str
    text: str
    items: tuple[Item, ...]


def of_articles(file: Path, seed: int, excerpts: int = 2) -> list[Excerpt]:
    """`excerpts` of each article of a JSON Lines file."""
    articles = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    chance = random.Random(seed)
    return [_excerpt(article, articles, chance) for article in articles for _ in range(excerpts)]


def of_readings(cases: Sequence[dict[str, Any]], source: str) -> list[Excerpt]:
    """Cases of a reading set, those with the same passages together."""
    found: dict[str, list[Item]] = {}
    for case in cases:
        runs = [_run(p, p["text"]) for p in case["passages"]]
        item = Item(case["question"].strip(), case["answerable"], "", source)
        found.setdefault(show(runs), []).append(item)
    return [Excerpt(source, text, tuple(items)) for text, items in found.items()]


def _excerpt(
    article: dict[str, Any], others: list[dict[str, Any]], chance: random.Random
) -> Excerpt:
    sentences = _sentences(article["text"])
    wanted = chance.uniform(*_KEPT) * len(sentences)
    kept: set[int] = set()
    while len(kept) < wanted:
        middle = chance.randrange(len(sentences))
        kept |= {row for row in range(middle - 1, middle + 2) if 0 <= row < len(sentences)}
    runs = [_run(article, " ".join(sentences[row] for row in rows)) for rows in _runs(sorted(kept))]
    chance.shuffle(runs)
    if chance.random() < _STRANGERS:
        stranger = chance.choice([other for other in others if other is not article])
        strange = _sentences(stranger["text"])
        middle = chance.randrange(len(strange))
        run = _run(stranger, " ".join(strange[max(0, middle - 1) : middle + 2]))
        runs.insert(0 if chance.random() < 0.5 else len(runs), run)
    text = show(runs)
    items = tuple(_items(article["questions"], _flat(text), chance))
    return Excerpt(article["id"], text, items)


def _items(questions: list[dict[str, Any]], shown: str, chance: random.Random) -> Iterator[Item]:
    for asked in questions:
        question, kind = asked["question"], asked["kind"]
        if not asked.get("answer"):
            if chance.random() < _UNSTATED:
                yield Item(question, False, "", kind)
            continue
        held = [all(_flat(part) in shown for part in _sentences(q)) for q in asked["quotes"]]
        if all(held):
            yield Item(question, True, asked["answer"], kind)
            continue
        hinted = any(held) or any(_flat(bare) in shown for bare in asked["short"])
        if not hinted and chance.random() < _LEFT_OUT:
            yield Item(question, False, "", "left_out")


def _run(article: dict[str, Any], text: str) -> Evidence:
    title, source = article["title"], article.get("publisher", "")
    published = article.get("published", "")
    return Evidence(title, "", title, "", source, published, (), text, 0, len(text), 0.0)


def _runs(rows: list[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for row in rows:
        if runs and runs[-1][-1] == row - 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).lower()
