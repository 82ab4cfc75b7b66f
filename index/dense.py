"""Vector search by FAISS, exact (inner product of unit vectors is the cosine)."""

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from index.embed import Vectors
from index.errors import IndexStoreError


class DenseIndex:
    """Rows of unit vectors that can be searched by cosine."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: Vectors) -> "DenseIndex":
        """From an array of shape (n, dimension)."""
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors))
        return cls(index)

    @classmethod
    def load(cls, file: Path, rows: int, dimension: int) -> "DenseIndex":
        """Read a saved index; raises IndexStoreError when its shape is not (rows, dimension)."""
        try:
            index = faiss.read_index(str(file))
        except RuntimeError as error:
            raise IndexStoreError(f"{file.name} of the index cannot be read ({error}).") from error
        if (index.ntotal, index.d) != (rows, dimension):
            raise IndexStoreError(f"{file.name} of the index has another shape than its manifest.")
        return cls(index)

    def save(self, file: Path) -> None:
        """Write to `file`; raises OSError, as other writing does, when there is no room."""
        try:
            faiss.write_index(self._index, str(file))
        except RuntimeError as error:
            raise OSError(f"{file.name} cannot be written whole") from error

    def search(
        self, vector: Vectors, k: int, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], Vectors]:
        """Rows and cosines of the `k` nearest to `vector` of shape (dimension,), best first.

        With `among`, of those rows alone.
        """
        k = min(k, self._index.ntotal if among is None else len(among))
        if k == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        given = None
        if among is not None:
            selector = faiss.IDSelectorBatch(among)
            given = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]  # set by name
        cosines, rows = self._index.search(vector.reshape(1, -1), k, params=given)
        return rows[0], cosines[0]

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """The stored vectors of `rows`, shape (len(rows), dimension)."""
        found: Vectors = self._index.reconstruct_batch(rows)
        return found
