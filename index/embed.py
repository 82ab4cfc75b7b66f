"""Text -> vectors, by sentence-transformers behind a small protocol."""

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from index import adapter
from index.errors import ModelError
from index.lean import Later, LaterFunctions, lean
from index.types import Progress

if TYPE_CHECKING:  # torch, which takes seconds to import
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
BATCH = 64
WEIGHTS = "model.safetensors"
_FILE_TYPES = (".safetensors", ".bin", ".json", ".txt")  # weights, settings and vocabulary
_PLAIN = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
_ANY = "a"  # text
_INSTEAD = {  # of scikit-learn one distance is taken, which is not that of an embedder's vectors
    "sentence_transformers.util.similarity": {
        "sklearn": Later("sklearn"),
        "sklearn.metrics": LaterFunctions("sklearn.metrics", "pairwise_distances"),
    }
}
_TOKENS = {"input_ids", "attention_mask", "token_embeddings"}  # what an encoder tells of them


class TokenVectors(NamedTuple):
    """A text's tokens, in its order, without those that only mark where it begins and ends."""

    ids: NDArray[np.int64]  # shape (tokens,); equal tokens have equal ids
    vectors: Vectors  # shape (tokens, dimension), each of length 1: a token where it stands


class Embedder(Protocol):
    """Turns texts into unit vectors, so that a dot product is a cosine."""

    name: str
    fingerprint: str  # differs where the files behind one name do
    dimension: int

    @property
    def loaded(self) -> bool:
        """Whether the first text waits for nothing."""
        ...

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Vectors of shape (len(texts), dimension), float32, each of length 1."""
        ...

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors] | None:
        """The tokens of each text, as far as the encoder reads it; None where it has none."""
        ...

    def load(self) -> None:
        """Load now what the first text would otherwise wait for; raises ModelError."""
        ...


class SentenceTransformerEmbedder:
    """An encoder of sentence-transformers, read from a local folder; touches no network.

    It is loaded when it is first needed, which takes seconds: an index that is current is opened
    without it. What needs it raises ModelError when it cannot be.
    """

    def __init__(self, folder: Path, name: str, *, adapted: bool = True) -> None:
        """The encoder in `folder`. Raises ModelError when its files cannot be read.

        It takes on the adapter that Footnote has for its weights, if any and unless not `adapted`.
        """
        self.name = name
        self._folder = folder
        self._loading = threading.Lock()
        self._loaded: SentenceTransformer | None = None
        try:
            hashes = hashes_of(folder)
            self._taught = adapter.find(hashes.get(WEIGHTS, "")) if adapted else None
            if self._taught:
                hashes["adapter"] = _sha256(self._taught)
        except OSError as error:
            raise self._unusable(error) from error
        self.fingerprint = fingerprint(hashes)
        stated = _stated_dimension(folder)
        self.dimension = stated or int(self._model.get_embedding_dimension() or 0)

    @property
    def _model(self) -> "SentenceTransformer":
        """The encoder, loaded when it is not yet; raises ModelError."""
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> "SentenceTransformer":
        from safetensors import SafetensorError

        with lean(_INSTEAD):
            from sentence_transformers import SentenceTransformer
            from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # it loads in a moment
        try:
            model = SentenceTransformer(str(self._folder), device="cpu", local_files_only=True)
            if self._taught:
                adapter.merge(self._taught, model[0].auto_model)
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,  # a module's settings lack one that it needs
            RuntimeError,
            SafetensorError,
        ) as error:
            raise self._unusable(error) from error
        return model

    def _unusable(self, error: Exception) -> ModelError:
        return ModelError(
            f"The embedding model in {self._folder} cannot be loaded ({error}). "
            "Run `footnote models verify`, or name another folder in FOOTNOTE_EMBEDDER."
        )

    @property
    def loaded(self) -> bool:
        """See `Embedder.loaded`."""
        return self._loaded is not None

    def load(self) -> None:
        """See `Embedder.load`."""
        if not self.loaded:
            self.encode([_ANY])  # the first text takes longer than those behind it

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """See `Embedder.encode`; equal texts are embedded once.

        Texts of like length share a batch, so little is padding.
        """
        row_of = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        distinct = list(row_of)
        order = sorted(range(len(distinct)), key=lambda i: len(distinct[i]))
        model = self._model
        vectors = np.zeros((len(distinct), self.dimension), dtype=np.float32)
        for done in range(0, len(distinct), BATCH):
            rows = order[done : done + BATCH]
            vectors[rows] = model.encode(
                [distinct[i] for i in rows],
                batch_size=BATCH,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
            if progress is not None:
                progress("embedding", min(done + BATCH, len(distinct)), len(distinct))
        return vectors[[row_of[text] for text in texts]]

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors] | None:
        """See `Embedder.tokens`."""
        model = self._model
        found = model.encode(
            list(texts), batch_size=BATCH, output_value=None, show_progress_bar=False
        )
        if not all(text.keys() >= _TOKENS for text in found):  # a table of words, say
            return None
        marks = list(model.tokenizer.all_special_ids)
        tokens = []
        for text in found:
            ids = text["input_ids"].numpy()
            own = ~np.isin(ids, marks) & text["attention_mask"].numpy().astype(np.bool_)
            vectors = text["token_embeddings"].float().numpy()[own]
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            tokens.append(TokenVectors(ids[own], vectors / lengths))
        return tokens


def _stated_dimension(folder: Path) -> int:
    """The dimension that the files of an encoder state; 0 where loading it alone tells.

    That of the usual kind is the width of its tokens, whose vectors one pooling makes one of.
    """
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        kinds = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
        if kinds not in _PLAIN:
            return 0
        text = (folder / modules[1]["path"] / "config.json").read_text(encoding="utf-8")
        pooling: dict[str, Any] = json.loads(text)
        modes = sum(value is True for key, value in pooling.items() if key.startswith("pooling_"))
        return int(pooling["word_embedding_dimension"]) if modes == 1 else 0
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0


def hashes_of(folder: Path) -> dict[str, str]:
    """SHA-256 of each model file in `folder`, by its path; a tenth of a second for 100 MB."""
    files = [file for file in folder.rglob("*") if file.suffix in _FILE_TYPES and file.is_file()]
    return {file.relative_to(folder).as_posix(): _sha256(file) for file in sorted(files)}


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fingerprint(hashes: Mapping[str, str]) -> str:
    """Short hash of what `hashes_of` found, and of more under names of its own."""
    lines = "".join(f"{name!a} {sha256}\n" for name, sha256 in hashes.items())
    return hashlib.sha256(lines.encode()).hexdigest()[:12]
