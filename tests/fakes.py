"""Deterministic stand-ins for the two models, and a small corpus to use them on."""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from index.bert import TokenVectors
from index.build import index_folder, open_index, reselect
from index.embed import Vectors
from index.lexical import words
from index.selection import Selection
from index.store import Index
from index.types import Progress
from rag.assistant import Assistant
from rag.generate import Prompt
from rag.settings import Settings

LED = "Ali Adeeb headed the Iraqi delegation to Qom."
CORPUS = {
    "qom.md": (
        "---\ntitle: The talks in Qom\npublisher: Reuters\npublished: 2008-04-07\n---\n\n"
        f"Three delegates travelled on Friday. {LED} He is close to Nuri al-Maliki.\n\n"
        "## American doubts\n\nRyan Crocker was unsure what the 3,400 rockets meant."
    ),
    "harbour.txt": (
        "Harbour reopens\n\nThe harbour of Umm Qasr reopened in May. "
        "Its cranes lift 25 ships a week, the manager said."
    ),
    "notes/flood.md": "# The flood\n\nThe river Tigris flooded two villages in 2011.",
}


_EVERYWHERE = "\x00"  # a faint word of every text, so that none is without a direction


class HashEmbedder:
    """A bag of words: each word has a seeded random direction. Encodes UTF-8, as real ones do."""

    def __init__(self, name: str = "hash", dimension: int = 64) -> None:
        self.name = name
        self.fingerprint = "seeded words"
        self.dimension = dimension
        self.encoded = 0

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in [*words(text), _EVERYWHERE]:
                vectors[row] += _direction(word, self.dimension)
        self.encoded += len(texts)
        if progress is not None:
            progress("embedding", len(texts), len(texts))
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    loaded = True

    def load(self) -> None:
        pass

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        return [self._tokens(words(text)) for text in texts]

    def _tokens(self, text: Sequence[str]) -> TokenVectors:
        ids = [zlib.crc32(word.encode()) for word in text]
        vectors = np.zeros((len(ids), self.dimension), dtype=np.float32)
        for row, word in enumerate(text):
            vectors[row] = _direction(word, self.dimension)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return TokenVectors(np.array(ids, dtype=np.int64), vectors / lengths)


@cache
def _direction(word: str, dimension: int) -> Vectors:
    seed = int.from_bytes(hashlib.blake2b(word.encode("utf-8"), digest_size=8).digest())
    found: Vectors = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    return found if word != _EVERYWHERE else found * np.float32(0.3)


class ScriptedGenerator:
    """Replies from a script: the next reply for each call, the last one for all that follow.

    Like llama.cpp it refuses what is longer than its context, and is not for two at once.
    """

    name = "scripted"
    adapter = ""
    checks = False

    def __init__(
        self,
        *replies: str | Sequence[str],
        margin: float | Callable[[str], float] = 9.0,
        context_tokens: int = 4096,
    ) -> None:
        self.context_tokens = context_tokens
        self.judged: list[Prompt] = []
        self.asked: list[Prompt] = []
        self.closed = 0
        self.ahead: list[Prompt] = []
        self.room = 1_000_000  # prompts that can be read ahead
        self.reading: Callable[[Callable[[], bool]], object] = lambda stopped: None
        self._replies = [pieces(r) if isinstance(r, str) else list(r) for r in replies] or [[]]
        self._margin = margin if callable(margin) else lambda _: margin
        self._running = 0

    def render(self, prompt: Prompt) -> str:
        return f"<system>{prompt.system}<user>{prompt.user}<reply>{prompt.begun}{prompt.check}"

    def length(self, prompt: Prompt) -> int:
        text = f"{prompt.system}\n{prompt.user}\n{prompt.begun}{prompt.check}"
        text.encode("utf-8")
        return len(re.findall(r"\w+|[^\w\s]", text))

    def margin(self, prompt: Prompt) -> float:
        self._enter(prompt)
        self._running -= 1
        self.judged.append(prompt)
        return self._margin(prompt.begun + prompt.check if prompt.check else prompt.user)

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[str]:
        self._enter(prompt)
        self.asked.append(prompt)
        try:
            reply = self._replies[0] if len(self._replies) == 1 else self._replies.pop(0)
            yield from reply[:max_tokens]
        finally:
            self._running -= 1

    def has_read(self, prompt: Prompt) -> bool:
        return prompt in self.ahead

    def read_ahead(self, prompt: Prompt, stopped: Callable[[], bool] | None = None) -> bool:
        self._enter(prompt)
        self._running -= 1
        if stopped:
            self.reading(stopped)
            if stopped():
                return False
        if len(self.ahead) == self.room:
            return False
        self.ahead.append(prompt)
        return True

    def close(self) -> None:
        self.closed += 1

    def _enter(self, prompt: Prompt) -> None:
        if self.length(prompt) > self.context_tokens:
            raise ValueError("the prompt exceeds the context")
        assert self._running == 0, "used by two at once"
        self._running += 1


def pieces(reply: str) -> list[str]:
    """`reply` cut about as a tokenizer cuts it: a word with the space before it, a sign."""
    return re.findall(r"\s?\w+|\s?[^\w\s]|\s", reply)


def write_corpus(folder: Path, files: dict[str, str] | None = None) -> Path:
    for name, text in (CORPUS if files is None else files).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def open_assistant(corpus: Path, generator: ScriptedGenerator, **given: Any) -> Assistant:
    """What `Assistant.open` makes, with the two models replaced."""
    settings = Settings.load(corpus=corpus, **given)
    embedder = HashEmbedder()
    index = open_index(corpus, settings.index_root, embedder, settings.passage_chars)
    return Assistant(settings, index, embedder, lambda: generator)


Opener = Callable[..., Assistant]
"""`open_assistant` for the corpus of a test; the generator may be left out."""


class Opening:
    """Opens one corpus's index again and again; `said` is what progress told the last time."""

    def __init__(self, corpus: Path, root: Path) -> None:
        self.corpus = corpus
        self.root = root
        self.folder = index_folder(corpus, root)
        self.said: list[str] = []
        self.embedder = HashEmbedder()

    def __call__(self, embedder: HashEmbedder | None = None, passage_chars: int = 800) -> Index:
        self.said = []
        self.embedder = embedder or HashEmbedder()
        return open_index(self.corpus, self.root, self.embedder, passage_chars, self._hear)

    def _hear(self, stage: str, done: int, total: int) -> None:
        self.said.append(stage)

    @property
    def again(self) -> str:
        """The line that says why the index is built again."""
        return " ".join(said for said in self.said if said.startswith("building the index again"))

    def change(self, change: Callable[[Selection], Selection]) -> Index:
        return reselect(self.corpus, self.root, HashEmbedder(), 800, change)

    def generation(self) -> Path:
        (found,) = (entry for entry in self.folder.iterdir() if entry.is_dir())
        return found
