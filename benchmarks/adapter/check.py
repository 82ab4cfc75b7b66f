"""Teaches the default model to check what it has written: "Is this right?", asked behind it.

    python -m benchmarks.adapter.check --adapter shipped.safetensors --out checked.safetensors

The check has matrices of its own, in force for those five tokens beside the adapter's and for no
others, so that judging and writing stay what they are. They learn from what the adapter wrote
behind windows of texts that it had mostly not seen (`replies.jsonl`), right and wrong, from true
answers, answers to something else and sentences of the window. Half an hour on two cores.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional

from benchmarks.adapter.lessons import Text, flat, lines, names_answer
from benchmarks.adapter.qwen2 import Lora, Qwen2
from benchmarks.adapter.replies import REPLIES
from benchmarks.adapter.train import (
    ARTICLES,
    BATCH,
    SCALE,
    SEED,
    TEXTS,
    Tokens,
    descend,
    load,
    parted,
    preference,
    save,
)
from index.lexical import words
from rag import models
from rag.compose import checking, compose
from rag.generate import Prompt
from rag.settings import DEFAULT_MODEL, Settings

RANK, FIRST_LAYER = 4, 12
RATE, WARM_UP = 6e-4, 40  # learning rate; windows until it is reached
BESIDES = 0.35  # share of the questions of which other answers are checked as well
ALIKE = 0.5  # share of the true answer's words from which a reply may be right
HELD_OUT = 5  # one text in so many takes no part
LEFT_OUT = 1  # matrices that change least, so that the file stays below 5 MB


@dataclass(frozen=True)
class Check:
    """An answer behind a question about a window, right or not."""

    prompt: Prompt
    kind: str
    right: bool


@dataclass(frozen=True)
class Window:
    """What is checked behind one window of a text."""

    source: str
    checks: tuple[Check, ...]


def windows(chance: random.Random) -> list[Window]:
    """Every window that something was written about."""
    texts = {text["id"]: text for file in (ARTICLES, TEXTS) for text in lines(file)}
    written: dict[tuple[str, tuple[int, ...]], dict[str, str]] = {}
    for line in lines(REPLIES):
        of_window = written.setdefault((line["text"], tuple(line["middles"])), {})
        of_window[line["question"]] = line["reply"]
    found = [
        Window(name, tuple(_Place(texts[name], middles).checks(replies, chance)))
        for (name, middles), replies in written.items()
    ]
    return [window for window in found if window.checks]


class _Place:
    """A window of a text, and what its questions say about it."""

    def __init__(self, text: dict[str, Any], middles: Sequence[int]) -> None:
        self._questions = {asked["question"]: asked for asked in text["questions"]}
        self._text = Text(text)
        self._shown = [self._text.around(middle) for middle in middles]
        self._evidence = [self._text.window(middle) for middle in middles]

    def checks(self, replies: dict[str, str], chance: random.Random) -> Iterator[Check]:
        """The replies that are clearly right or wrong, and for some questions other answers."""
        for question, reply in replies.items():
            asked = self._questions[question]
            stated = self._states(asked)
            if stated is None:
                continue
            _, answering = compose(question, self._evidence)
            right = _answers(reply, asked) if stated else False
            if right is not None:
                yield Check(checking(answering, reply), "reply", right)
            if chance.random() < BESIDES:
                for kind, answer, right in self._others(asked, chance, stated=stated):
                    yield Check(checking(answering, answer), kind, right)

    def _states(self, asked: dict[str, Any]) -> bool | None:
        """Whether the window states the answer; None where it states a part of it."""
        rows = self._text.quoted(asked)
        shown = {row for window in self._shown for row in window}
        if rows and rows <= shown:
            return True
        return None if rows & shown or self._hints(asked, shown) else False

    def _hints(self, asked: dict[str, Any], rows: set[int]) -> bool:
        return names_answer(" ".join(self._text.sentences[row] for row in sorted(rows)), asked)

    def _others(
        self, asked: dict[str, Any], chance: random.Random, *, stated: bool
    ) -> Iterator[tuple[str, str, bool]]:
        """The true answer, one to another question, and two sentences beside each other."""
        if stated:
            yield "answer", asked["answer"], True
        others = [
            other["answer"]
            for other in self._questions.values()
            if other is not asked
            and other.get("answer")
            and self._states(other)
            and not names_answer(other["answer"], asked)
        ]
        if others:
            yield "other answer", chance.choice(others), False
        pairs = [pair for window in self._shown for pair in pairwise(window)]
        if pairs:
            pair = chance.choice(pairs)
            rows, held = self._text.quoted(asked), set(pair)
            if rows <= held or not (rows & held or self._hints(asked, held)):
                text = " ".join(self._text.sentences[row] for row in pair)
                yield "sentences", text, stated and rows <= held


def _answers(reply: str, asked: dict[str, Any]) -> bool | None:
    """Whether a reply is right, by the answer's short forms; None where that is not plain."""
    held = [flat(short) in flat(reply) for short in asked["short"]]
    if held and all(held):
        return True
    wanted = set(words(asked["answer"])) - set(words(asked["question"]))
    alike = len(wanted & set(words(reply))) / max(1, len(wanted))
    return None if any(held) or alike >= ALIKE else False


@dataclass
class Checker:
    """The frozen model with its adapter, and what checks are learned with."""

    model: Qwen2
    tokens: Tokens
    adapter: Lora

    def margins(self, some: Sequence[Window], lora: Lora) -> Tensor:
        """logit(yes) - logit(no) of each check."""
        tokens, model = self.tokens, self.model
        checks = [check for window in some for check in window.checks]
        behind = [at for at, window in enumerate(some) for _ in window.checks]
        texts = model.read([tokens.material(window.checks[0].prompt) for window in some])
        prompts = [check.prompt for check in checks]
        written = [tokens.request(prompt) + tokens(prompt.begun) for prompt in prompts]
        answered = model.grow(written, behind, texts, self.adapter)
        asked = [tokens(prompt.check) for prompt in prompts]
        followed = model.follow(asked, range(len(asked)), answered, joined(self.adapter, lora))
        last = torch.stack([hidden[-1] for hidden in followed])
        return preference(last, model, tokens)

    def loss(self, some: Sequence[Window], lora: Lora) -> Tensor:
        """The binary cross entropy of their checks, in sum."""
        right = torch.tensor([float(check.right) for window in some for check in window.checks])
        return functional.binary_cross_entropy_with_logits(
            self.margins(some, lora), right, reduction="sum"
        )


def joined(one: Lora, other: Lora) -> Lora:
    """A LoRA that does what both do."""
    both = {**one, **other}
    for place in one.keys() & other.keys():
        (a, b), (more_a, more_b) = one[place], other[place]
        both[place] = (torch.cat([a, more_a]), torch.cat([b, more_b], dim=1))
    return both


def strongest(lora: Lora) -> Lora:
    """All but those that weigh least, by the norm of what they add to a matrix."""
    order = sorted(
        lora, key=lambda place: float(torch.linalg.norm(lora[place][1] @ lora[place][0]))
    )
    return {place: pair for place, pair in lora.items() if place not in order[:LEFT_OUT]}


def report(checker: Checker, held: Sequence[Window], lora: Lora) -> None:
    """What the check says of windows that took no part."""
    with torch.no_grad():
        margins = [checker.margins([window], lora) for window in held]
    pairs = [
        (check, float(margin))
        for window, found in zip(held, margins, strict=True)
        for check, margin in zip(window.checks, found, strict=True)
    ]
    for kind in ("reply", "any"):
        some = [pair for pair in pairs if kind in (pair[0].kind, "any")]
        auroc = roc_auc_score([check.right for check, _ in some], [margin for _, margin in some])
        print(f"  {kind}: {len(some)} checks, AUROC {auroc:.3f}", flush=True)


def main() -> None:
    """Train on all but a fifth of the texts, say what that did for these, and write the adapter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--adapter", type=Path, required=True, help="the adapter that wrote")
    parser.add_argument("--out", type=Path, required=True, help="the same with the check")
    options = parser.parse_args()
    torch.manual_seed(SEED)
    chance = random.Random(SEED)
    found = windows(chance)
    trained, held = parted(found, HELD_OUT, chance)
    chance.shuffle(trained)
    count = sum(len(window.checks) for window in trained)
    print(f"{len(trained)} windows, {count} checks")
    file = models.resolve(DEFAULT_MODEL, Settings.load().models_dir)
    checker = Checker(Qwen2(file, SCALE), Tokens(file), load(options.adapter))
    lora = checker.model.new_lora(RANK, FIRST_LAYER, SEED)
    report(checker, held, lora)
    descend(lora, trained, lambda some: checker.loss(some, lora) / BATCH, RATE, WARM_UP)
    lora = strongest(lora)
    save(checker.adapter, options.out, lora)
    report(checker, held, lora)


if __name__ == "__main__":
    main()
