"""Other ways to find the nearest references: usearch and faiss here, Qdrant in its own file.

Each is optional and imported when it is asked for. They answer with candidates, which are
measured again exactly and cleared of copies here; so what they may get wrong is whom they forget.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..core.errors import UsageError
from ..core.perceptual_hash import NEAR
from .reference_index import ReferenceIndex
from .reference_search import (
    METRICS,
    ExactSearcher,
    Neighbour,
    Query,
    Searcher,
    left_out,
    true_distances,
)

MANY = 1_000_000  # references, beyond which a graph is worth the minutes that it takes to build
_CHUNK = 4096


class Candidates:
    """A searcher made of what gives candidates.

    Raises:
        UsageError: no such metric.
    """

    name = ""

    def __init__(self, index: ReferenceIndex, metric: str | None, near: int) -> None:
        self.index, self.metric, self.near = index, metric or index.header.metric, near
        if self.metric not in METRICS:
            raise UsageError(f"'{self.metric}' is no distance; use {' or '.join(METRICS)}.")

    def search(self, query: Query, k: int) -> list[Neighbour]:
        """See `Searcher`."""
        vector = np.asarray(query.vector, np.float32).ravel()
        gone = left_out(self.index, query, self.near)
        rows = self._nearest(vector, min(2 * k + len(gone) + 8, len(self.index)))
        rows = np.setdiff1d(rows, gone)
        distances = true_distances(self.index.vectors[rows], vector, self.metric)
        order = np.lexsort((rows, distances))[:k]
        return [Neighbour(int(rows[i]), float(distances[i])) for i in order]

    def _nearest(self, vector: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        raise NotImplementedError

    def _chunks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        for first in range(0, len(self.index), _CHUNK):
            chunk = self.index.vectors[first : first + _CHUNK].astype(np.float32)
            if self.metric == "cosine":
                chunk /= np.maximum(np.linalg.norm(chunk, axis=1, keepdims=True), 1e-30)
            yield first, np.ascontiguousarray(chunk)


class UsearchSearcher(Candidates):
    """HNSW graph of usearch, built in memory."""

    name = "usearch"

    def __init__(self, index: ReferenceIndex, metric: str | None = None, near: int = NEAR) -> None:
        super().__init__(index, metric, near)
        try:
            from usearch.index import Index
        except ImportError as error:
            raise missing("usearch") from error
        kind = {"cosine": "cos", "l2": "l2sq"}[self.metric]
        self._graph = Index(ndim=index.header.dims, metric=kind, dtype="f16")
        for first, chunk in self._chunks():
            self._graph.add(np.arange(first, first + len(chunk), dtype=np.uint64), chunk)

    def _nearest(self, vector: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        return np.asarray(self._graph.search(vector, count).keys, np.int64)


class FaissSearcher(Candidates):
    """HNSW graph of faiss, built in memory."""

    name = "faiss"

    def __init__(self, index: ReferenceIndex, metric: str | None = None, near: int = NEAR) -> None:
        super().__init__(index, metric, near)
        try:
            import faiss
        except ImportError as error:
            raise missing("faiss") from error
        # of vectors of length 1, L2 orders as cosine does
        self._graph = faiss.IndexHNSWFlat(index.header.dims, 16)
        for _, chunk in self._chunks():
            self._graph.add(chunk)

    def _nearest(self, vector: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        if self.metric == "cosine":
            vector = vector / max(float(np.linalg.norm(vector)), 1e-30)
        self._graph.hnsw.efSearch = max(2 * count, 128)
        _, rows = self._graph.search(vector[None], count)
        return np.asarray(rows[0][rows[0] >= 0], np.int64)


def missing(name: str) -> UsageError:
    """What to say where a backend's package is absent."""
    return UsageError(
        f"backend {name} is not installed; run: pip install 'compose-toolkit[{name}]'."
    )


BACKENDS = ("exact", "usearch", "faiss", "qdrant")


def open_searcher(
    index: ReferenceIndex,
    backend: str = "exact",
    *,
    metric: str | None = None,
    near: int = NEAR,
    server: str = ":memory:",
    collection: str = "compose",
) -> Searcher:
    """A way to search an index.

    Raises:
        UsageError: no such backend, or it is not installed.
    """
    match backend:
        case "exact":
            return ExactSearcher(index, metric, near=near)
        case "usearch":
            return UsearchSearcher(index, metric, near)
        case "faiss":
            return FaissSearcher(index, metric, near)
        case "qdrant":
            from .reference_qdrant import QdrantSearcher

            return QdrantSearcher(index, metric, near, server=server, collection=collection)
    raise UsageError(f"'{backend}' is no backend; use {', '.join(BACKENDS)}.")
