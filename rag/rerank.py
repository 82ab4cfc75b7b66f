"""Optional: the first results of a search in the order of a cross-encoder.

A cross-encoder reads question and text together (Nogueira and Cho 2019, "Passage Re-ranking with
BERT"): it weighs what the two say to each other, which vectors made apart cannot, and takes as
long for every text as the embedder does. So it sees the first results alone.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError

FIRST = 20
"""Results that are put in another order; those behind them stay where they are."""
Ranked = list[tuple[int, float]]


class Reranker(Protocol):
    """Says how well texts answer a question."""

    def scores(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """One number for each text, shape (len(texts),); more is better."""
        ...


class CrossEncoderReranker:
    """A cross-encoder of sentence-transformers, read from a local folder; touches no network."""

    def __init__(self, folder: Path, name: str) -> None:
        """Load the cross-encoder in `folder`; raises ModelError when it is none."""
        try:
            if not _classifies(folder):  # it would be given a head of random numbers
                raise ModelError(_no_reranker(name))
            self._model = _load(folder)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"The reranker in {folder} cannot be loaded ({error}). "
                "Run `footnote models verify`, or name another in FOOTNOTE_RERANKER."
            ) from error
        if self._model.num_labels != 1:
            raise ModelError(_no_reranker(name))

    def scores(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Reranker.scores`."""
        pairs = [(question, text) for text in texts]
        found = self._model.predict(pairs, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(found, dtype=np.float32)


def reordered(
    reranker: Reranker, question: str, ranked: Ranked, text: Callable[[int], str]
) -> Ranked:
    """`ranked` rows and scores with the first `FIRST` rows in the reranker's order.

    The scores stay those of the places, so that they go on falling and compare with one another.
    Equal rows keep their order. `text` gives what is read of a row.
    """
    first = ranked[:FIRST]
    if not first:
        return ranked
    found = reranker.scores(question, [text(row) for row, _ in first])
    order = np.argsort(-found, kind="stable").tolist()
    again = [(first[old][0], score) for old, (_, score) in zip(order, first, strict=True)]
    return again + ranked[FIRST:]


def _load(folder: Path) -> Any:
    from safetensors import SafetensorError
    from sentence_transformers import CrossEncoder
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # it loads in a moment
    try:
        return CrossEncoder(str(folder), device="cpu", local_files_only=True)
    except SafetensorError as error:
        raise ValueError(error) from error


def _classifies(folder: Path) -> bool:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kinds = config.get("architectures") or [] if isinstance(config, dict) else []
    return any(str(kind).endswith("ForSequenceClassification") for kind in kinds)


def _no_reranker(name: str) -> str:
    return (
        f"{name} is no reranker: it does not give one score for a question and a text. Name a "
        "cross-encoder in FOOTNOTE_RERANKER, such as cross-encoder/ms-marco-MiniLM-L6-v2, or none."
    )
