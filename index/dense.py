"""Vector search by FAISS: exact for few rows, by inverted lists for many.

The inner product of unit vectors is the cosine. Inverted lists (Sivic and Zisserman 2003, "Video
Google") keep every vector as it is, each in the list of the centre it is nearest to, and a search
looks through the lists of the nearest centres alone: what it finds has its true cosine, but a near
row in another list is missed. A file is mapped into memory, and read where a search needs it.
"""

from math import ceil, isqrt
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.embed import Vectors
from index.errors import IndexStoreError

EXACT_UP_TO = 50_000
"""Rows up to which a search compares with every one: some 5 ms of one core, twice as many 11 ms.

By inverted lists 100,000 rows take 1 to 2 ms. Of 31,700 sentences' vectors of all-MiniLM-L6-v2
the lists found 98 % of the exact ten nearest, so few rows do better without them. Measured in
docs/experiments.md; benchmarks/scale.py measures it again, on made vectors.
"""
_PROBED = 128  # lists that a search looks through: 64 found 96 % of those ten
_ROUNDS = 10  # of k-means; 25 found no more and took four times as long
_TRAINING = 64  # rows for each list that its centre is found from; FAISS asks for 39 or more


class DenseIndex:
    """Rows of unit vectors that can be searched by cosine."""

    def __init__(self, index: faiss.Index) -> None:
        self._index: Any = index  # FAISS's own types leave out half of what its classes have

    @classmethod
    def build(cls, vectors: Vectors) -> "DenseIndex":
        """From an array of shape (n, dimension); equal arrays make equal indexes."""
        vectors = np.ascontiguousarray(vectors)
        rows, dimension = vectors.shape
        index: Any = faiss.IndexFlatIP(dimension)
        if rows > EXACT_UP_TO:
            lists = 4 * isqrt(rows)
            index = faiss.IndexIVFFlat(index, dimension, lists, faiss.METRIC_INNER_PRODUCT)
            index.cp.max_points_per_centroid = _TRAINING
            index.cp.min_points_per_centroid = 1  # fewer would be told on stderr
            index.cp.niter = _ROUNDS
            index.cp.spherical = True
            index.train(vectors)
        index.add(vectors)
        return cls(index)

    @classmethod
    def load(cls, file: Path, rows: int, dimension: int) -> "DenseIndex":
        """Map a saved index; raises IndexStoreError when its shape is not (rows, dimension)."""
        try:
            index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexStoreError(f"{file.name} of the index cannot be read ({error}).") from error
        if (index.ntotal, index.d) != (rows, dimension):
            raise IndexStoreError(f"{file.name} of the index has another shape than its manifest.")
        return cls(index)

    @property
    def exact(self) -> bool:
        """Whether a search compares with every row, so that it misses none."""
        return not isinstance(self._index, faiss.IndexIVFFlat)

    def save(self, file: Path) -> None:
        """Write to `file`; raises OSError, as other writing does, when there is no room."""
        try:
            faiss.write_index(self._index, str(file))
        except RuntimeError as error:
            raise OSError(f"{file.name} cannot be written whole") from error

    def search(
        self, vector: Vectors, k: int, among: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], Vectors]:
        """Rows and cosines of the `k` nearest to `vector` of shape (dimension,), best first.

        With `among`, of shape (rows,), of those rows alone. There are always `k`, or as many as
        there are rows.
        """
        total: int = self._index.ntotal
        count = total if among is None else int(np.count_nonzero(among))
        k = min(k, count)
        if k == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        given: dict[str, Any] = {}
        if among is not None:
            bits = np.packbits(among, bitorder="little")
            given["sel"] = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]
        if self.exact:
            return self._nearest(vector, k, faiss.SearchParameters(**given))
        lists: int = self._index.nlist
        # the fewer rows are let through, the more lists hold as many; few are compared one by one
        probed = lists if count <= EXACT_UP_TO else min(lists, ceil(_PROBED * total / count))
        given["nprobe"] = probed
        rows, cosines = self._nearest(vector, k, faiss.SearchParametersIVF(**given))
        if rows[-1] < 0:  # those lists hold fewer than k
            given["nprobe"] = lists
            rows, cosines = self._nearest(vector, k, faiss.SearchParametersIVF(**given))
        return rows, cosines

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """The stored vectors of `rows`, shape (len(rows), dimension)."""
        if not self.exact:
            by_row = faiss.DirectMap.Array  # type: ignore[attr-defined]
            self._index.set_direct_map_type(by_row)
        found: Vectors = self._index.reconstruct_batch(rows)
        return found

    def _nearest(
        self, vector: Vectors, k: int, given: faiss.SearchParameters
    ) -> tuple[NDArray[np.int64], Vectors]:
        cosines, rows = self._index.search(vector.reshape(1, -1), k, params=given)
        return rows[0], cosines[0]
