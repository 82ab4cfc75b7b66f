"""Trains the adapter of the default model: to judge windows, to answer, to rewrite follow-ups.

    python -m benchmarks.adapter.train --course 1 --out first.safetensors
    python -m benchmarks.adapter.train --course 2 --go-on first.safetensors --out second.safetensors

The second course goes on from what the first has taught, with texts of other kinds: paragraphs
of encyclopaedias, snippets, posts with comments; the third has more of them. Some lessons of the
courses before come along, so that nothing is forgotten.

Every text is read once, by the model as it is; what is asked of it comes behind, with the adapter.
So one text serves all its questions, and the adapter learns to work behind passages that were read
without it. A course takes an hour to an hour and a half on two cores, and 8 GB of memory.
"""

import argparse
import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch
from llama_cpp import Llama
from safetensors.torch import load_file, save_file
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional

from benchmarks.adapter.lessons import Lesson, kinds, lines, of_articles, of_conversations
from benchmarks.adapter.qwen2 import Lora, Qwen2
from rag import adapter, models
from rag.generate import Prompt
from rag.settings import DEFAULT_MODEL, Settings

ARTICLES = Path(__file__).with_name("articles.jsonl")
TEXTS = Path(__file__).with_name("texts.jsonl")
CONVERSATIONS = Path(__file__).parents[1] / "followups.jsonl"
RANK, SCALE, FIRST_LAYER = 8, 2.0, 4
RATE, WARM_UP, BATCH = 3e-4, 30, 4  # learning rate; lessons until it is reached; lessons an update
WRITING = 0.5  # weight of a written reply's loss beside a judgement's
GOING_ON = 2e-4  # the rate from an adapter that has learned already
AGAIN = 0.1  # share of the lessons of the courses before that come along
SEED = 0
HELD_OUT = 16  # one text in so many takes no part

T = TypeVar("T")


class _Sourced(Protocol):
    @property
    def source(self) -> str: ...


Sourced = TypeVar("Sourced", bound=_Sourced)


class Tokens:
    """The default model's own tokens, in its chat template."""

    def __init__(self, file: Path) -> None:
        """Take the vocabulary out of `file`."""
        self._llama = Llama(str(file), vocab_only=True, verbose=False)
        self.end = self("<|im_end|>")
        self.yes = [self(word)[0] for word in ("yes", "Yes")]
        self.no = [self(word)[0] for word in ("no", "No")]

    def __call__(self, text: str) -> list[int]:
        return self._llama.tokenize(text.encode(), add_bos=False, special=True)

    def text(self, tokens: list[int]) -> str:
        """What they spell, without spaces around it."""
        return self._llama.detokenize(tokens).decode("utf-8", "replace").strip()

    def material(self, prompt: Prompt) -> list[int]:
        """Up to the request: what `LlamaGenerator` has read when it switches the adapter on."""
        head = self(f"<|im_start|>system\n{prompt.system}<|im_end|>\n<|im_start|>user\n")
        return head + self(f"{prompt.material}\n\n")

    def request(self, prompt: Prompt) -> list[int]:
        """The request, and the beginning of the reply."""
        return self(f"{prompt.request}<|im_end|>\n<|im_start|>assistant\n")


@dataclass
class Trainer:
    """The frozen model, and what it is trained with."""

    model: Qwen2
    tokens: Tokens

    def losses(self, lessons: Sequence[Lesson], lora: Lora | None) -> tuple[Tensor, list[Tensor]]:
        """logit(yes) - logit(no) of each task, and the mean cross entropy of each reply."""
        tokens, model = self.tokens, self.model
        read = model.read([tokens.material(lesson.tasks[0].prompt) for lesson in lessons])
        tasks = [task for lesson in lessons for task in lesson.tasks]
        behind = [text for text, lesson in enumerate(lessons) for _ in lesson.tasks]
        requests = [tokens.request(task.prompt) for task in tasks]
        begun = [tokens(task.prompt.begun) if task.reply else [] for task in tasks]
        replies = [tokens(task.reply) + tokens.end if task.reply else [] for task in tasks]
        rows = [[*chain(*parts)] for parts in zip(requests, begun, replies, strict=True)]
        followed = model.follow(rows, behind, read, lora)
        last = torch.stack(
            [hidden[len(request) - 1] for hidden, request in zip(followed, requests, strict=True)]
        )
        written = []
        for hidden, reply in zip(followed, replies, strict=True):
            if reply:
                logits = (hidden[-len(reply) - 1 : -1] @ model.head.T).float()
                written.append(functional.cross_entropy(logits, torch.tensor(reply)))
        return preference(last, model, tokens), written

    def loss(self, lessons: Sequence[Lesson], lora: Lora) -> Tensor:
        """What is wrong with its judgements and its replies, for each lesson."""
        margins, written = self.losses(lessons, lora)
        tasks = [task for lesson in lessons for task in lesson.tasks]
        judged = [row for row, task in enumerate(tasks) if task.probability is not None]
        wanted = torch.tensor([float(tasks[row].probability or 0.0) for row in judged])
        misjudged = functional.binary_cross_entropy_with_logits(
            margins[judged], wanted, reduction="sum"
        )
        return (misjudged + WRITING * sum(written, start=torch.tensor(0.0))) / BATCH


def preference(last: Tensor, model: Qwen2, tokens: Tokens) -> Tensor:
    """logit(yes) - logit(no) behind each of the hidden states `last`, (rows, size)."""
    yes, no = ((last @ model.head[ids].T).float().amax(1) for ids in (tokens.yes, tokens.no))
    return yes - no


def descend(
    lora: Lora, lessons: Sequence[T], loss: Callable[[Sequence[T]], Tensor], highest: float, up: int
) -> None:
    """One pass over `lessons`, with a rate that rises to `highest` and falls to a twentieth.

    It rises over `up` of them. `loss` is asked of some of them at a time.
    """
    weights = [matrix for pair in lora.values() for matrix in pair]
    optimizer = torch.optim.AdamW(weights, lr=highest, weight_decay=0.01, betas=(0.9, 0.98))
    start = time.monotonic()
    for first in range(0, len(lessons), BATCH):
        rate = min(1, (first + BATCH) / up) * max(0.05, 1 - first / len(lessons))
        optimizer.param_groups[0]["lr"] = highest * rate
        loss(lessons[first : first + BATCH]).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if first // BATCH % 10 == 9:
            took = time.monotonic() - start
            print(f"{first + BATCH} of {len(lessons)} lessons, {took:.0f} s", flush=True)


def report(trainer: Trainer, lessons: Sequence[Lesson], lora: Lora | None) -> None:
    """What the adapter does on `lessons` that took no part, by the genre of their texts."""
    judged: dict[str, list[tuple[bool, float]]] = {}
    losses: dict[str, list[float]] = {}
    with torch.no_grad():
        for lesson in lessons:
            found, written = trainer.losses([lesson], lora)
            for task, margin in zip(lesson.tasks, found.tolist(), strict=True):
                if task.probability in (0.0, 1.0):
                    genre = "an answer alone" if task.kind == "alone" else lesson.genre
                    judged.setdefault(genre, []).append((task.probability == 1.0, margin))
            if written:
                losses.setdefault(lesson.genre, []).extend(map(float, written))
    for genre, pairs in judged.items():
        auroc = roc_auc_score(*zip(*pairs, strict=True))
        print(f"  {genre}: {len(pairs)} judged, AUROC {auroc:.3f}")
    for genre, values in losses.items():
        print(f"  {genre}: {len(values)} written, mean loss {np.mean(values):.3f}", flush=True)


def load(file: Path) -> Lora:
    """The matrices of an adapter that `save` has written."""
    stored = load_file(file)
    lora: Lora = {}
    for name in stored:
        if name.startswith("blk.") and name.endswith(".lora_a"):
            stem = name.removesuffix(".lora_a")
            _, layer, matrix = stem.split(".")
            a, b = (stored[f"{stem}.lora_{side}"].float().requires_grad_() for side in "ab")
            lora[int(layer), matrix] = (a, b)
    return lora


def save(lora: Lora, out: Path, check: Lora | None = None) -> None:
    """Write the adapter as safetensors, with what it was made for and of; and its check, if any."""
    matrices = _named(lora, "")
    noted = {
        "architecture": "qwen2",
        "model_sha256": models.pinned_sha256(DEFAULT_MODEL),
        "prompts": adapter.words(),
        "rank": str(RANK),
        "scale": str(SCALE),
        "seed": str(SEED),
        "articles_sha256": hashlib.sha256(ARTICLES.read_bytes()).hexdigest(),
        "texts_sha256": hashlib.sha256(TEXTS.read_bytes()).hexdigest(),
        "conversations_sha256": hashlib.sha256(CONVERSATIONS.read_bytes()).hexdigest(),
    }
    if check is not None:
        matrices |= _named(check, adapter.CHECK)
        noted["check_rank"] = str(len(next(iter(check.values()))[0]))
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(matrices, out, noted)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


def _named(lora: Lora, before: str) -> dict[str, Tensor]:
    return {
        f"{before}blk.{layer}.{name}.lora_{side}": matrix.detach().half().contiguous()
        for (layer, name), pair in lora.items()
        for side, matrix in zip("ab", pair, strict=True)
    }


def lessons_of(course: int, chance: random.Random) -> tuple[list[Lesson], list[Lesson]]:
    """What a course teaches, with some lessons of those before it, and what takes no part."""
    articles = [{"course": 1} | article for article in lines(ARTICLES)]
    articles += [{"course": 2} | article for article in lines(TEXTS)]
    spoken = [{"course": 1, "held_out": False} | case for case in lines(CONVERSATIONS)]
    trained: list[Lesson] = []
    tested = of_conversations([case for case in spoken if case["held_out"]], chance)
    for number in range(1, course + 1):
        of_course = [article for article in articles if article["course"] == number]
        more, held = parted(of_articles(of_course, chance), HELD_OUT, chance)
        said = [case for case in spoken if case["course"] == number and not case["held_out"]]
        trained = chance.sample(trained, round(AGAIN * len(trained)))
        trained += more + of_conversations(said, chance)
        tested += held
    return trained, tested


def parted(
    lessons: Sequence[Sourced], one_in: int, chance: random.Random
) -> tuple[list[Sourced], list[Sourced]]:
    """What to learn from, and what is of one text in so many, which takes no part."""
    names = sorted({lesson.source for lesson in lessons})
    held = set(chance.sample(names, len(names) // one_in))
    return (
        [lesson for lesson in lessons if lesson.source not in held],
        [lesson for lesson in lessons if lesson.source in held],
    )


def main() -> None:
    """Train on all but a few lessons, say what that did for those few, and write the adapter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the adapter, as safetensors")
    parser.add_argument("--course", type=int, choices=(1, 2, 3), required=True)
    parser.add_argument("--go-on", type=Path, help="the adapter to go on from")
    parser.add_argument("--limit", type=int, help="only so many lessons")
    parser.add_argument(
        "--reword",
        action="store_true",
        help="new words of the prompts: no answers alone",
    )
    options = parser.parse_args()
    torch.manual_seed(SEED)
    file = models.resolve(DEFAULT_MODEL, Settings.load().models_dir)
    chance = random.Random(SEED)
    if (options.course > 1 or options.reword) is not bool(options.go_on):
        parser.error("a later course and --reword go on from an adapter (--go-on), others do not")
    trained, tested = lessons_of(options.course, chance)
    if options.reword:  # answers judged by themselves have done harm (docs/experiments.md)
        trained = [lesson for lesson in trained if lesson.tasks[0].kind != "alone"]
    chance.shuffle(trained)
    trained = trained[: options.limit]
    print(f"{len(trained)} lessons:", *(f"{count} {kind}," for kind, count in kinds(trained)))
    trainer = Trainer(Qwen2(file, SCALE), Tokens(file))
    if options.go_on:
        lora, rate = load(options.go_on), GOING_ON
    else:
        lora, rate = trainer.model.new_lora(RANK, FIRST_LAYER, SEED), RATE
    report(trainer, tested, lora)
    descend(lora, trained, lambda some: trainer.loss(some, lora), rate, WARM_UP)
    save(lora, options.out)
    report(trainer, tested, lora)


if __name__ == "__main__":
    main()
