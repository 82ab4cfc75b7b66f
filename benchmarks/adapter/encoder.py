"""Trains the encoder's adapter: questions near the sentences and passages that answer them.

    python -m benchmarks.adapter.encoder --hold-out             # what it does for articles not seen
    python -m benchmarks.adapter.encoder --out encoder.safetensors

A question's own text is to be nearer to it than those of the other questions in its batch, and than
others of the same article (Henderson et al. 2017, "Efficient Natural Language Response Suggestion
for Smart Reply"; with hard negatives, Karpukhin et al. 2020, "Dense Passage Retrieval"). The texts
are those that the index embeds. Of what the layers have learned, half is kept (Wortsman et al.
2022, "Robust Fine-Tuning of Zero-Shot Models"). It takes a quarter of an hour on two cores.
"""

import argparse
import hashlib
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.adapter.lessons import flat, lines, rows_of
from benchmarks.adapter.train import ARTICLES, TEXTS
from index.bert import WEIGHTS
from index.build import passage_texts, sentence_texts
from index.embed import hashes_of
from index.split import split
from index.types import Article
from rag import models
from rag.settings import DEFAULT_EMBEDDER, Settings

RANK = 16
RATE, WARM_UP = 1e-3, 10  # learning rate; updates until it is reached
BATCH, EPOCHS = 16, 1  # questions an update; times that each is asked
HARD = 2  # texts of the same article that do not answer, for each question
PASSAGES = 0.2  # share of the batches that look for passages instead of sentences
TEMPERATURE = 0.05
SHARE = 0.5  # of what was learned that is kept: all of it finds less on questions of other kinds
FOLDS = 5  # one of them takes no part under --hold-out
SEED = 0


@dataclass(frozen=True, slots=True)
class Text:
    """What the index embeds of an article: a sentence in its context, or a passage."""

    article: str
    passage: bool
    shown: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the rows of the texts that answer it."""

    question: str
    article: str
    answered_by: frozenset[int]


@dataclass
class Lessons:
    """Texts by row, the rows of each article, and what is asked."""

    texts: list[Text] = field(default_factory=list)
    rows: dict[str, list[int]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def add(self, given: dict[str, Any], passage_chars: int) -> None:
        """Take in an article with its questions; those without an answer are left out."""
        name = given["id"]
        article = Article(id=name, title=given["title"], path=name, text=given["text"], titled=True)
        passages, sentences = split(article, passage_chars)
        first = len(self.texts)
        self.texts += [Text(name, False, text) for text in sentence_texts(sentences)]
        self.texts += [Text(name, True, text) for text in passage_texts(passages, {name: article})]
        self.rows[name] = list(range(first, len(self.texts)))
        own = [sentence.text for sentence in sentences]
        broad = [flat(passage.text) for passage in passages]
        for asked in given["questions"]:
            quotes = asked["quotes"] if asked.get("answer") else []
            narrow = {row for quote in quotes for row in rows_of(quote, own)}
            around = {
                len(own) + row
                for row, text in enumerate(broad)
                if any(flat(quote) in text for quote in quotes)
            }
            if narrow:
                found = frozenset(first + row for row in narrow | around)
                self.asked.append(Asked(asked["question"], name, found))

    def pairs(
        self, batch: Sequence[Asked], passage: bool, chance: random.Random
    ) -> tuple[list[int], Tensor]:
        """Rows of texts, the first `len(batch)` of them answers, and which to leave out.

        The second is of shape (questions, rows): True where a row answers a question whose own
        answer is another row.
        """
        answers: list[int] = []
        others: list[int] = []
        for asked in batch:
            alike = [row for row in self.rows[asked.article] if self.texts[row].passage is passage]
            answering = [row for row in alike if row in asked.answered_by]
            answers.append(chance.choice(answering or sorted(asked.answered_by)))
            rest = [row for row in alike if row not in asked.answered_by]
            others += chance.sample(rest, min(HARD, len(rest)))
        rows = answers + others
        left_out = torch.tensor(
            [
                [row in asked.answered_by and place != own for place, row in enumerate(rows)]
                for own, asked in enumerate(batch)
            ]
        )
        return rows, left_out


class Low(nn.Module):
    """A linear layer, and beside it a product of two small matrices that learns."""

    def __init__(self, layer: nn.Linear) -> None:
        """Beside `layer`, which stays as it is; the product begins at zero."""
        super().__init__()
        self.layer = layer
        outputs, inputs = layer.weight.shape
        self.a = nn.Parameter(torch.randn(RANK, inputs) * inputs**-0.5)
        self.b = nn.Parameter(torch.zeros(outputs, RANK))

    def forward(self, x: Tensor) -> Tensor:
        """What the layer and the product make of `x`, together."""
        return self.layer(x) + (x @ self.a.T) @ self.b.T


class Trainer:
    """The frozen encoder with what learns beside its layers."""

    def __init__(self, folder: Path) -> None:
        """Load the encoder of `folder`, without any adapter."""
        self.encoder = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        for parameter in self.encoder.parameters():
            parameter.requires_grad_(False)
        inner = self.encoder[0].auto_model
        layers = [
            (name, layer)
            for name, layer in inner.named_modules()
            if isinstance(layer, nn.Linear) and name.startswith("encoder.")
        ]
        self.lows = {name: Low(layer) for name, layer in layers}
        for name, low in self.lows.items():
            parent, _, own = name.rpartition(".")
            setattr(inner.get_submodule(parent), own, low)

    def embed(self, texts: list[str]) -> Tensor:
        """Unit vectors that gradients pass through, shape (texts, dimension)."""
        read = self.encoder(self.encoder.preprocess(texts))
        return functional.normalize(read["sentence_embedding"], dim=1)

    def train(self, lessons: Lessons, asked: Sequence[Asked], chance: random.Random) -> None:
        """`EPOCHS` passes over `asked`, with a rate that rises and then falls to nothing.

        Leaves `SHARE` of what was learned in the layers.
        """
        weights = [matrix for low in self.lows.values() for matrix in (low.a, low.b)]
        optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.01)
        order = [each for _ in range(EPOCHS) for each in chance.sample(asked, len(asked))]
        updates = len(order) // BATCH
        losses: list[float] = []
        start = time.monotonic()
        self.encoder.train()
        for update in range(updates):
            rate = min(1, (update + 1) / WARM_UP) * (1 - update / updates)
            optimizer.param_groups[0]["lr"] = RATE * rate
            batch = order[update * BATCH : (update + 1) * BATCH]
            rows, left_out = lessons.pairs(batch, chance.random() < PASSAGES, chance)
            texts = self.embed([lessons.texts[row].shown for row in rows])
            near = self.embed([each.question for each in batch]) @ texts.T / TEMPERATURE
            near = near.masked_fill(left_out, -torch.inf)
            loss = functional.cross_entropy(near, torch.arange(len(batch)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if update % 20 == 19:
                took = time.monotonic() - start
                mean = np.mean(losses[-20:])
                print(f"{update + 1} of {updates}, loss {mean:.3f}, {took:.0f} s", flush=True)
        self.encoder.eval()
        with torch.no_grad():
            for low in self.lows.values():
                low.b *= SHARE

    def save(self, out: Path, weights_sha256: str) -> None:
        """Write the adapter as safetensors, with what it was made for and of."""
        matrices = {
            f"{name}.lora_{side}": matrix.detach().half().contiguous()
            for name, low in self.lows.items()
            for side, matrix in (("a", low.a), ("b", low.b))
        }
        noted = {
            "weights_sha256": weights_sha256,
            "rank": str(RANK),
            "seed": str(SEED),
            "articles_sha256": hashlib.sha256(ARTICLES.read_bytes()).hexdigest(),
            "texts_sha256": hashlib.sha256(TEXTS.read_bytes()).hexdigest(),
        }
        out.parent.mkdir(parents=True, exist_ok=True)
        save_file(matrices, out, noted)
        print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


def report(encoder: SentenceTransformer, lessons: Lessons, asked: Sequence[Asked]) -> None:
    """How often a text that answers is among the first, of its article's and of all of them."""
    articles = {each.article for each in asked}
    for passage in (False, True):
        rows = [
            row
            for row, text in enumerate(lessons.texts)
            if text.article in articles and text.passage is passage
        ]
        near = _vectors(encoder, [each.question for each in asked]) @ (
            _vectors(encoder, [lessons.texts[row].shown for row in rows]).T
        )
        own, all_of_them = [], []
        for each, cosines in zip(asked, near, strict=True):
            answers = np.array([row in each.answered_by for row in rows])
            if not answers.any():
                continue
            beyond = cosines > cosines[answers].max()
            same = np.array([lessons.texts[row].article == each.article for row in rows])
            own.append(int((beyond & same).sum()))
            all_of_them.append(int(beyond.sum()))
        kind = "passages" if passage else "sentences"
        for among, ranks in (("its article's", own), (f"all {len(rows)}", all_of_them)):
            hits = (f"hit@{k} {np.mean([rank < k for rank in ranks]):.3f}" for k in (1, 3, 10))
            print(f"  {kind}, {among}:", ", ".join(hits), flush=True)


def _vectors(encoder: SentenceTransformer, texts: list[str]) -> np.ndarray[Any, Any]:
    with torch.no_grad():
        return np.asarray(encoder.encode(texts, batch_size=64, normalize_embeddings=True))


def main() -> None:
    """Train the adapter and write it, or say what training does for articles not seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, help="the adapter, as safetensors")
    what.add_argument("--hold-out", action="store_true", help="train without a fold, and report")
    options = parser.parse_args()
    torch.manual_seed(SEED)
    chance = random.Random(SEED)
    settings = Settings.load()
    folder = models.resolve(DEFAULT_EMBEDDER, settings.models_dir)
    lessons = Lessons()
    for article in lines(ARTICLES) + lines(TEXTS):
        lessons.add(article, settings.passage_chars)
    names = sorted(lessons.rows)
    held = set(chance.sample(names, len(names) // FOLDS)) if options.hold_out else set()
    asked = [each for each in lessons.asked if each.article not in held]
    tested = [each for each in lessons.asked if each.article in held]
    print(f"{len(asked)} questions to learn from, {len(tested)} to tell")
    trainer = Trainer(folder)
    if tested:
        report(trainer.encoder, lessons, tested)
    trainer.train(lessons, asked, chance)
    if tested:
        report(trainer.encoder, lessons, tested)
    else:
        trainer.save(options.out, hashes_of(folder)[WEIGHTS])


if __name__ == "__main__":
    main()
