"""Vector search by FAISS: exact for few rows, by a sketch and the exact cosines for many.

The inner product of unit vectors is the cosine. A sketch holds three of a vector's numbers in four
bits (product quantisation: Jegou, Douze and Schmid 2011), so that it takes a twenty-fourth of the
room, and is compared with in the processor's registers (Andre, Kermarrec and Le Scouarnec 2015,
"Cache locality is not enough"): every row is looked at, and the nearest by the sketch are put in
order by their true cosines. A file is mapped into memory, and read where a search needs it.
"""

from math import ceil
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.embed import Vectors
from index.errors import IndexStoreError

EXACT_UP_TO = 50_000
"""Rows up to which a search compares with every one: some 5 ms of one core, twice as many 11 ms.

By the sketch 100,000 rows take 0.5 ms. Measured in docs/experiments.md; benchmarks/scale.py
measures it again, on made vectors.
"""
_SHORTLIST = 4  # rows by the sketch for each that is asked for,
_SHORTEST = 400  # and at least so many
_ENOUGH = 2  # of them have to be let through for each that is asked for
_TOGETHER = (3, 2, 1)  # numbers that are sketched as one, the first that divides the dimension
_BITS = 4  # for them; FAISS compares no other sketch as fast
_TRAINING = 4_096  # rows that the sixteen values of each are learned from


class DenseIndex:
    """Rows of unit vectors that can be searched by cosine."""

    def __init__(self, index: faiss.Index) -> None:
        # FAISS's own types leave out half of what its classes have
        self._index: Any = index  # owns what it is made of
        self._vectors: Any = index
        self._sketch: Any = None
        if isinstance(index, faiss.IndexRefineFlat):
            self._vectors = faiss.downcast_index(index.refine_index)
            self._sketch = faiss.downcast_index(index.base_index)

    @classmethod
    def build(cls, vectors: Vectors) -> "DenseIndex":
        """From an array of shape (n, dimension); equal arrays make equal indexes."""
        vectors = np.ascontiguousarray(vectors)
        rows, dimension = vectors.shape
        index: Any = faiss.IndexFlatIP(dimension)
        if rows > EXACT_UP_TO:
            together = next(count for count in _TOGETHER if dimension % count == 0)
            sketch: Any = faiss.IndexPQFastScan(
                dimension, dimension // together, _BITS, faiss.METRIC_INNER_PRODUCT
            )
            sketch.pq.cp.min_points_per_centroid = 1  # fewer would be told on stderr
            sketch.train(vectors[:: ceil(rows / _TRAINING)])
            index = faiss.IndexRefineFlat(sketch)
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
        """Whether a search compares with every row's vector, so that it misses none."""
        return self._sketch is None

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
        total: int = self._vectors.ntotal
        count = total if among is None else int(np.count_nonzero(among))
        k = min(k, count)
        if k == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if not self.exact and count > EXACT_UP_TO:
            listed = self._listed(vector, ceil(max(_SHORTEST, _SHORTLIST * k) * total / count))
            if among is not None:
                listed = listed[among[listed]]
            # of fewer the sketch alone would have chosen: those let through are far from the query
            if len(listed) >= min(count, _ENOUGH * k):
                cosines = self.vectors(listed) @ vector
                best = np.lexsort((listed, -cosines))[:k]
                return listed[best], cosines[best]
        given: dict[str, Any] = {}
        if among is not None:
            bits = np.packbits(among, bitorder="little")
            given["sel"] = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]
        cosines, rows = self._vectors.search(
            vector.reshape(1, -1), k, params=faiss.SearchParameters(**given)
        )
        return rows[0], cosines[0]

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """The stored vectors of `rows`, shape (len(rows), dimension)."""
        found: Vectors = self._vectors.reconstruct_batch(rows)
        return found

    def _listed(self, vector: Vectors, count: int) -> NDArray[np.int64]:
        """The `count` rows that are nearest to `vector` by the sketch, or all there are."""
        _, rows = self._sketch.search(vector.reshape(1, -1), min(count, self._sketch.ntotal))
        found: NDArray[np.int64] = rows[0]
        return found[found >= 0]  # -1 stands for none
