"""Text -> vectors, by sentence-transformers behind a small protocol."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError
from index.types import Progress

Vectors = NDArray[np.float32]
BATCH = 64


class Embedder(Protocol):
    """Turns texts into unit vectors, so that a dot product is a cosine."""

    name: str
    dimension: int

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Vectors of shape (len(texts), dimension), float32, each of length 1."""
        ...


class SentenceTransformerEmbedder:
    """An encoder of sentence-transformers, read from a local folder; touches no network."""

    def __init__(self, folder: Path, name: str) -> None:
        """Load the encoder in `folder`; raises ModelError when that fails."""
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # it loads in a moment
        try:
            self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"The embedding model in {folder} cannot be loaded ({error}). "
                "Run `footnote models verify`, or name another folder in FOOTNOTE_EMBEDDER."
            ) from error
        self.name = name
        self.dimension = int(self._model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """See `Embedder.encode`; texts of like length share a batch, so little is padding."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for done in range(0, len(texts), BATCH):
            rows = order[done : done + BATCH]
            vectors[rows] = self._model.encode(
                [texts[i] for i in rows],
                batch_size=BATCH,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
            if progress is not None:
                progress("embedding", min(done + BATCH, len(texts)), len(texts))
        return vectors
