"""Text -> vectors behind a small protocol: many by sentence-transformers, few without it."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index import adapter, compiled
from index.bert import WEIGHTS, Encoder, TokenVectors, own_tokens, pooling
from index.errors import ModelError
from index.lean import Later, LaterFunctions, lean
from index.types import Progress

if TYPE_CHECKING:  # torch, which takes seconds to import
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
BATCH = 64
_FILE_TYPES = (".safetensors", ".bin", ".json", ".txt")  # weights, settings and vocabulary
_FEW, _AT_ONCE = 256, 32  # texts that are not worth loading torch for, and of those in one pass
_ANY = "a"  # text
_INSTEAD = {  # of scikit-learn one distance is taken, which is not that of an embedder's vectors
    "sentence_transformers.util.similarity": {
        "sklearn": Later("sklearn"),
        "sklearn.metrics": LaterFunctions("sklearn.metrics", "pairwise_distances"),
    }
}
_TOKENS = {"input_ids", "attention_mask", "token_embeddings"}  # what an encoder tells of them


class Embedder(Protocol):
    """Turns texts into unit vectors, so that a dot product is a cosine."""

    name: str
    fingerprint: str  # differs where the files behind one name do
    dimension: int

    @property
    def loaded(self) -> bool:
        """Whether a few first texts wait for nothing."""
        ...

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Vectors of shape (len(texts), dimension), float32, each of length 1."""
        ...

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors] | None:
        """The tokens of each text, as far as the encoder reads it; None where it has none."""
        ...

    def load(self) -> None:
        """Load now what a few first texts would otherwise wait for; raises ModelError."""
        ...


class SentenceTransformerEmbedder:
    """An encoder of sentence-transformers, read from a local folder; touches no network.

    It is loaded when it is first needed, and torch, which takes seconds, for many texts alone or an
    encoder of an unusual kind. What needs it raises ModelError when it cannot be loaded.
    """

    def __init__(
        self, folder: Path, name: str, *, adapted: bool = True, backend: str = "torch"
    ) -> None:
        """The encoder in `folder`. Raises ModelError when its files cannot be read.

        It takes on the adapter that Footnote has for its weights, if any and unless not `adapted`.
        The `backend` "openvino" embeds many texts in less time, to the same vectors; ModelError
        where it is not installed.
        """
        self._openvino = backend == "openvino"
        if self._openvino and not compiled.installed():
            raise ModelError(
                "OpenVINO, which the setting embedder_backend names, is not installed. "
                "In the project's folder, run `.venv/bin/pip install -c constraints.txt -e "
                "'.[openvino]'`, or set embedder_backend to torch."
            )
        self.name = name
        self._folder = folder
        self._loading = threading.Lock()
        self._loaded: SentenceTransformer | None = None
        self._trying = threading.Lock()
        self._for_few: Encoder | None = None
        self._tried = False  # whether that can be loaded
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

    @property
    def _few(self) -> Encoder | None:
        """What embeds a few texts without torch; None where the encoder is of another kind."""
        with self._trying:  # not `_loading`: a question does not wait for torch
            if not self._tried:
                self._for_few, self._tried = Encoder.load(self._folder, self._taught), True
            return self._for_few

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
            if self._openvino:
                compiled.compile_encoder(model)
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
        return self._loaded is not None or self._for_few is not None

    def load(self) -> None:
        """See `Embedder.load`."""
        if not self.loaded:
            self.encode([_ANY])  # the first text takes longer than those behind it

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """See `Embedder.encode`; equal texts are embedded once."""
        row_of = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        rows = [row_of[text] for text in texts]
        distinct = list(row_of)
        if 0 < len(distinct) <= _FEW and (few := self._few):
            parts, keep = [], len(distinct) <= _AT_ONCE  # more are those of articles
            for done in range(0, len(distinct), _AT_ONCE):
                parts.append(few.vectors(distinct[done : done + _AT_ONCE], keep=keep))
                if progress is not None:
                    progress("embedding", min(done + _AT_ONCE, len(distinct)), len(distinct))
            return np.concatenate(parts)[rows]
        return self._many(distinct, progress)[rows]

    def _many(self, distinct: Sequence[str], progress: Progress | None) -> Vectors:
        """Vectors by sentence-transformers; texts of like length share a batch: less padding."""
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
        return vectors

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors] | None:
        """See `Embedder.tokens`."""
        if few := self._few:
            return few.tokens(texts)
        model = self._model
        found = model.encode(
            list(texts), batch_size=BATCH, output_value=None, show_progress_bar=False
        )
        if not all(text.keys() >= _TOKENS for text in found):  # a table of words, say
            return None
        marks = list(model.tokenizer.all_special_ids)
        tokens = []
        for text in found:
            own = text["attention_mask"].numpy().astype(np.bool_)
            states = text["token_embeddings"].float().numpy()[own]
            tokens.append(own_tokens(text["input_ids"].numpy()[own], states, marks))
        return tokens


def _stated_dimension(folder: Path) -> int:
    """The dimension that the files of an encoder state; 0 where loading it alone tells.

    That of the usual kind is the width of its tokens, whose vectors one pooling makes one of.
    """
    try:
        modes, dimension = pooling(folder)
        return dimension if len(modes) == 1 else 0
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
