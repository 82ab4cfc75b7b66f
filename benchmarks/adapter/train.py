"""Trains the adapter of the default model: to judge whether an excerpt answers, and to answer.

    python -m benchmarks.adapter.train --readings squad2.jsonl --out rag/adapters/NAME.safetensors

Every excerpt is read once, by the model as it is; what is asked of it comes behind, with the
adapter. So one excerpt serves all its questions, and the adapter learns to work behind passages
that were read without it. About an hour on two cores, and 8 GB of memory.
"""

import argparse
import hashlib
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from llama_cpp import Llama
from safetensors.torch import save_file
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional

import prompts
from benchmarks.adapter.examples import Excerpt, Item, of_articles, of_readings
from benchmarks.adapter.qwen2 import Cache, Lora, Qwen2
from rag import adapter, models
from rag.settings import DEFAULT_MODEL, Settings

ARTICLES = Path(__file__).with_name("articles.jsonl")
RANK, SCALE, FIRST_LAYER = 8, 2.0, 4
RATE, WARM_UP, BATCH = 3e-4, 20, 2  # learning rate; steps until it is reached; excerpts an update
WRITTEN = 0.6  # share of the stated answers that are also written out
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

    def material(self, excerpt: str) -> list[int]:
        """Up to the request: what `LlamaGenerator` has read when it switches the adapter on."""
        shown = prompts.render("evidence", passages=prompts.neutralise(excerpt))
        system = prompts.render("system")
        return self(f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{shown}\n\n")

    def request(self, name: str, question: str) -> list[int]:
        """The request, and the beginning of the reply."""
        asked = prompts.render(name, question=prompts.neutralise(question))
        return self(f"{asked}<|im_end|>\n<|im_start|>assistant\n")


@dataclass
class Trainer:
    """The frozen model, and what each excerpt looks like to it."""

    model: Qwen2
    tokens: Tokens
    read: dict[str, Cache]

    def margins(self, excerpt: Excerpt, lora: Lora | None) -> Tensor:
        """logit(yes) - logit(no) of each question, as the judge takes it."""
        asked = [self.tokens.request("judge", item.question) for item in excerpt.items]
        hidden = self.model.follow(self._padded(asked), self._cache(excerpt), lora)
        last = hidden[torch.arange(len(asked)), torch.tensor([len(a) - 1 for a in asked])]
        yes, no = (
            (last @ self.model.head[ids].T).float().amax(1)
            for ids in (self.tokens.yes, self.tokens.no)
        )
        return yes - no

    def writing_loss(self, excerpt: Excerpt, items: Sequence[Item], lora: Lora) -> Tensor:
        """Mean cross entropy of the answers' tokens."""
        requests = [self.tokens.request("answer", item.question) for item in items]
        replies = [self.tokens(item.answer) + self.tokens.end for item in items]
        both = [request + reply for request, reply in zip(requests, replies, strict=True)]
        hidden = self.model.follow(self._padded(both), self._cache(excerpt), lora)
        before = [
            hidden[row, len(request) - 1 : len(request) + len(reply) - 1]
            for row, (request, reply) in enumerate(zip(requests, replies, strict=True))
        ]
        logits = torch.cat(before) @ self.model.head.T
        return functional.cross_entropy(
            logits.float(), torch.tensor([token for reply in replies for token in reply])
        )

    def _cache(self, excerpt: Excerpt) -> Cache:
        if excerpt.text not in self.read:
            self.read[excerpt.text] = self.model.read(self.tokens.material(excerpt.text))
        return self.read[excerpt.text]

    def _padded(self, rows: list[list[int]]) -> Tensor:
        longest = max(map(len, rows))
        return torch.tensor([row + self.tokens.end * (longest - len(row)) for row in rows])


def train(trainer: Trainer, excerpts: Sequence[Excerpt]) -> Lora:
    """One pass over `excerpts`, with a rate that rises and then falls to a twentieth."""
    lora = trainer.model.new_lora(RANK, FIRST_LAYER, SEED)
    weights = [matrix for pair in lora.values() for matrix in pair]
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.01, betas=(0.9, 0.98))
    chance, start = random.Random(SEED), time.monotonic()
    for step, excerpt in enumerate(excerpts):
        rate = min(1, (step + 1) / WARM_UP) * max(0.05, 1 - step / len(excerpts))
        optimizer.param_groups[0]["lr"] = RATE * rate
        stated = torch.tensor([float(item.stated) for item in excerpt.items])
        margins = trainer.margins(excerpt, lora)
        loss = functional.binary_cross_entropy_with_logits(margins, stated, reduction="sum")
        (loss / 4).backward()
        written = [item for item in excerpt.items if item.answer]
        chance.shuffle(written)
        if written := written[: max(1, round(len(written) * WRITTEN))]:
            (trainer.writing_loss(excerpt, written, lora) * len(written) / 4).backward()
        trainer.read.pop(excerpt.text, None)
        if step % BATCH == BATCH - 1:
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad()
        if step % 20 == 19:
            took = time.monotonic() - start
            print(f"{step + 1} of {len(excerpts)} excerpts, {took:.0f} s", flush=True)
    return lora


def report(trainer: Trainer, excerpts: Sequence[Excerpt], lora: Lora | None) -> None:
    """AUROC of the margin over `excerpts` that took no part, by where they are from."""
    rows: dict[str, list[tuple[bool, float]]] = {}
    with torch.no_grad():
        for excerpt in excerpts:
            for item, margin in zip(excerpt.items, trainer.margins(excerpt, lora), strict=True):
                source = item.kind if item.kind == excerpt.source else "articles"
                rows.setdefault(source, []).append((item.stated, float(margin)))
    for source, found in rows.items():
        stated, margins = (np.array(column) for column in zip(*found, strict=True))
        print(f"  {source}: {len(found)} questions, AUROC {roc_auc_score(stated, margins):.3f}")


def readings(file: Path) -> Iterator[dict[str, object]]:
    """The tuning half of a reading set, chosen by a hash of the id."""
    for line in file.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if hashlib.sha256(case["id"].encode()).digest()[0] % 2 == 0:
            yield case


def main() -> None:
    """Train on all but a few excerpts, say what that did for those few, and write the adapter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readings", type=Path, help="cases of a reading set, as JSON Lines")
    parser.add_argument("--out", type=Path, required=True, help="the adapter, as safetensors")
    options = parser.parse_args()
    torch.manual_seed(SEED)
    file = models.resolve(DEFAULT_MODEL, Settings.load().models_dir)
    own = of_articles(ARTICLES, SEED)
    names = sorted({excerpt.source for excerpt in own})
    held = set(random.Random(1).sample(names, 7))
    trained = [excerpt for excerpt in own if excerpt.source not in held]
    tested = [excerpt for excerpt in own if excerpt.source in held]
    if options.readings:
        given = of_readings(list(readings(options.readings)), options.readings.parent.name)
        trained, tested = trained + given[20:], tested + given[:20]
    random.Random(1).shuffle(trained)
    trainer = Trainer(Qwen2(file, SCALE), Tokens(file), {})
    report(trainer, tested, None)
    lora = train(trainer, [excerpt for excerpt in trained if excerpt.items])
    report(trainer, tested, lora)
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
        "readings_sha256": hashlib.sha256(options.readings.read_bytes()).hexdigest()
        if options.readings
        else "",
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(matrices, options.out, noted)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
