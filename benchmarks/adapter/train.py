"""Trains the adapter of the default model: to judge windows, to answer, to rewrite follow-ups.

    python -m benchmarks.adapter.train --out rag/adapters/NAME.safetensors

Every text is read once, by the model as it is; what is asked of it comes behind, with the adapter.
So one text serves all its questions, and the adapter learns to work behind passages that were read
without it. About an hour on two cores, and 8 GB of memory.
"""

import argparse
import hashlib
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from llama_cpp import Llama
from safetensors.torch import save_file
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional

from benchmarks.adapter.lessons import Lesson, Task, kinds, of_articles, of_conversations
from benchmarks.adapter.qwen2 import Cache, Lora, Qwen2
from rag import adapter, models
from rag.generate import Prompt
from rag.settings import DEFAULT_MODEL, Settings

ARTICLES = Path(__file__).with_name("articles.jsonl")
CONVERSATIONS = Path(__file__).parents[1] / "followups.jsonl"
RANK, SCALE, FIRST_LAYER = 8, 2.0, 4
RATE, WARM_UP, BATCH = 3e-4, 30, 4  # learning rate; steps until it is reached; lessons an update
WRITING = 0.5  # weight of a written reply's loss beside a judgement's
SEED = 0


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

    def losses(
        self, tasks: Sequence[Task], read: Cache, lora: Lora | None
    ) -> tuple[Tensor, list[Tensor]]:
        """logit(yes) - logit(no) of each task, and the mean cross entropy of each reply."""
        requests = [self.tokens.request(task.prompt) for task in tasks]
        replies = [
            self.tokens(task.reply) + self.tokens.end if task.reply else [] for task in tasks
        ]
        both = [request + reply for request, reply in zip(requests, replies, strict=True)]
        hidden = self.model.follow(self._padded(both), read, lora)
        last = hidden[torch.arange(len(tasks)), torch.tensor([len(r) - 1 for r in requests])]
        yes, no = (
            (last @ self.model.head[ids].T).float().amax(1)
            for ids in (self.tokens.yes, self.tokens.no)
        )
        written = []
        for row, (request, reply) in enumerate(zip(requests, replies, strict=True)):
            if reply:
                before = hidden[row, len(request) - 1 : len(request) + len(reply) - 1]
                logits = (before @ self.model.head.T).float()
                written.append(functional.cross_entropy(logits, torch.tensor(reply)))
        return yes - no, written

    def read(self, lesson: Lesson) -> Cache:
        """What the tasks of `lesson` share, read without the adapter."""
        return self.model.read(self.tokens.material(lesson.tasks[0].prompt))

    def _padded(self, rows: list[list[int]]) -> Tensor:
        longest = max(map(len, rows))
        return torch.tensor([row + self.tokens.end * (longest - len(row)) for row in rows])


def train(trainer: Trainer, lessons: Sequence[Lesson]) -> Lora:
    """One pass over `lessons`, with a rate that rises and then falls to a twentieth."""
    lora = trainer.model.new_lora(RANK, FIRST_LAYER, SEED)
    weights = [matrix for pair in lora.values() for matrix in pair]
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.01, betas=(0.9, 0.98))
    start = time.monotonic()
    for step, lesson in enumerate(lessons):
        rate = min(1, (step + 1) / WARM_UP) * max(0.05, 1 - step / len(lessons))
        optimizer.param_groups[0]["lr"] = RATE * rate
        read = trainer.read(lesson)
        margins, written = trainer.losses(lesson.tasks, read, lora)
        judged = [row for row, task in enumerate(lesson.tasks) if task.probability is not None]
        wanted = torch.tensor([float(lesson.tasks[row].probability or 0.0) for row in judged])
        loss = functional.binary_cross_entropy_with_logits(
            margins[judged], wanted, reduction="sum"
        ) + WRITING * sum(written, start=torch.tensor(0.0))
        (loss / BATCH).backward()
        if step % BATCH == BATCH - 1 or step == len(lessons) - 1:
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad()
        if step % 50 == 49:
            took = time.monotonic() - start
            print(f"{step + 1} of {len(lessons)} lessons, {took:.0f} s", flush=True)
    return lora


def report(trainer: Trainer, lessons: Sequence[Lesson], lora: Lora | None) -> None:
    """What the adapter does on `lessons` that took no part."""
    stated: list[bool] = []
    margins: list[float] = []
    losses: dict[str, list[float]] = {}
    with torch.no_grad():
        for lesson in lessons:
            read = trainer.read(lesson)
            found, written = trainer.losses(lesson.tasks, read, lora)
            for task, margin in zip(lesson.tasks, found.tolist(), strict=True):
                if task.probability in (0.0, 1.0):
                    stated.append(task.probability == 1.0)
                    margins.append(margin)
            kind = "rewriting" if lesson.source == "rewriting" else "answers"
            losses.setdefault(kind, []).extend(map(float, written))
    print(f"  judged: {len(stated)} questions, AUROC {roc_auc_score(stated, margins):.3f}")
    for kind, values in losses.items():
        print(f"  {kind}: mean loss {np.mean(values):.3f}", flush=True)


def save(lora: Lora, out: Path) -> None:
    """Write the adapter as safetensors, with what it was made for and of."""
    matrices = {
        f"blk.{layer}.{name}.lora_{side}": matrix.detach().half().contiguous()
        for (layer, name), pair in lora.items()
        for side, matrix in zip("ab", pair, strict=True)
    }
    noted = {
        "architecture": "qwen2",
        "model_sha256": models.pinned_sha256(DEFAULT_MODEL),
        "prompts": adapter.words(),
        "rank": str(RANK),
        "scale": str(SCALE),
        "seed": str(SEED),
        "articles_sha256": hashlib.sha256(ARTICLES.read_bytes()).hexdigest(),
        "conversations_sha256": hashlib.sha256(CONVERSATIONS.read_bytes()).hexdigest(),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(matrices, out, noted)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


def main() -> None:
    """Train on all but a few lessons, say what that did for those few, and write the adapter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the adapter, as safetensors")
    parser.add_argument("--limit", type=int, help="only so many lessons, to see how long they take")
    options = parser.parse_args()
    torch.manual_seed(SEED)
    file = models.resolve(DEFAULT_MODEL, Settings.load().models_dir)
    chance = random.Random(SEED)
    own = of_articles(ARTICLES, chance)
    names = sorted({lesson.source for lesson in own})
    held = set(chance.sample(names, 7))
    lines = CONVERSATIONS.read_text(encoding="utf-8").splitlines()
    spoken = [json.loads(line) for line in lines]
    learned, kept = (
        [c for c in spoken if c.get("held_out", False) is out] for out in (False, True)
    )
    trained = [lesson for lesson in own if lesson.source not in held]
    trained += of_conversations(learned, chance)
    tested = [lesson for lesson in own if lesson.source in held] + of_conversations(kept, chance)
    chance.shuffle(trained)
    trained = trained[: options.limit]
    print(f"{len(trained)} lessons:", *(f"{count} {kind}," for kind, count in kinds(trained)))
    trainer = Trainer(Qwen2(file, SCALE), Tokens(file))
    report(trainer, tested, None)
    lora = train(trainer, trained)
    save(lora, options.out)
    report(trainer, tested, lora)


if __name__ == "__main__":
    main()
