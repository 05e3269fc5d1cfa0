"""The nearest references of a vector, exactly: products in chunks, then true distances of the best.

L2 distances are found as |x|² - 2xq + |q|² in float32; all that may be among the nearest, given
how far float32 may be wrong, are measured again in float64, so that the answer is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.errors import UsageError
from ..core.perceptual_hash import NEAR, hash_distances
from .reference_index import ReferenceIndex

METRICS = ("cosine", "l2")
_CHUNK_BYTES = 1 << 22  # of float32 at a time: stays in the cache between widening and product
_BLOCK = 128  # costs
_ROUNDING = 4e-6  # of products in float32, generously: dozens of times their usual error


@dataclass(frozen=True)
class Query:
    """A picture that asks."""

    vector: NDArray[np.floating]  # (D,)
    source: str | None = None  # references of this source are left out
    hash: int | None = None  # and those whose hash is near this one


@dataclass(frozen=True)
class Neighbour:
    """An answer."""

    row: int  # of the index
    distance: float  # 1 - cosine, or Euclidean


class Searcher(Protocol):
    """Finds the nearest of an index; safe to call from several threads."""

    @property
    def name(self) -> str:
        """Of the backend."""
        ...

    def search(self, query: Query, k: int) -> list[Neighbour]:
        """The `k` nearest or fewer, nearest first, without the query itself and its copies."""
        ...


class ExactSearcher:
    """See `Searcher`; every vector is compared.

    Args:
        index: opened.
        metric: "cosine" or "l2"; by default the index's own.
        resident: widen the vectors once to float32 and keep them in memory: four bytes a number
            for a search several times as fast. None: where that takes less than 512 MiB.
        near: bits by which hashes of copies differ at most; -1 leaves nothing out by its looks.

    Raises:
        UsageError: no such metric.
    """

    name = "exact"

    def __init__(
        self,
        index: ReferenceIndex,
        metric: str | None = None,
        *,
        resident: bool | None = None,
        near: int = NEAR,
    ) -> None:
        self.index, self.metric, self.near = index, metric or index.header.metric, near
        if self.metric not in METRICS:
            raise UsageError(f"'{self.metric}' is no distance; use {' or '.join(METRICS)}.")
        count, dims = index.vectors.shape
        if resident is None:
            resident = count * dims * 4 <= 1 << 29
        self._rows = max(_CHUNK_BYTES // (4 * max(dims, 1)), 1)
        self._norms = np.empty(count, np.float32)  # |x|²
        self._wide = np.empty((count, dims), np.float32) if resident else None
        for first in range(0, count, self._rows):
            chunk = index.vectors[first : first + self._rows].astype(np.float32)
            norms = np.einsum("nd,nd->n", chunk, chunk)
            self._norms[first : first + self._rows] = norms
            if self._wide is not None:
                chunk[~np.isfinite(norms)] = 0
                if self._by_angle:
                    chunk *= _inverse_roots(norms)[:, None]
                self._wide[first : first + self._rows] = chunk
        # a row that is not finite, or has no direction, is near to nothing
        dead = ~np.isfinite(self._norms)
        if self._by_angle:
            dead |= self._norms == 0
        self._dead = np.flatnonzero(dead)
        alive = self._norms[~dead]
        self._largest = float(alive.max()) if len(alive) else 0.0

    @property
    def _by_angle(self) -> bool:
        return self.metric == "cosine"

    def search(self, query: Query, k: int) -> list[Neighbour]:
        """See `Searcher`."""
        vector = np.asarray(query.vector, np.float32).ravel()
        cost = self._costs(vector)
        cost[self._dead] = np.inf
        cost[left_out(self.index, query, self.near)] = np.inf
        best = _least(cost, k, self._doubt(vector))
        distances = self.distances(vector, best)
        order = np.lexsort((best, distances))[:k]
        return [Neighbour(int(best[i]), float(distances[i])) for i in order]

    def _doubt(self, vector: NDArray[np.float32]) -> float:
        """By how much costs may be wrong in float32."""
        size = float(np.linalg.norm(vector))
        return _ROUNDING * (size if self._by_angle else size * size + self._largest)

    def distances(
        self, vector: NDArray[np.floating], rows: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """True distances (N,) of a vector (D,) to these rows (N,)."""
        return true_distances(self.index.vectors[rows], vector, self.metric)

    def _costs(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """What orders rows like their distance, (N,)."""
        count = len(self._norms)
        products = np.empty(count, np.float32)
        if self._wide is not None:
            np.matmul(self._wide, vector, out=products)
        else:
            for first in range(0, count, self._rows):
                chunk = self.index.vectors[first : first + self._rows].astype(np.float32)
                with np.errstate(invalid="ignore", over="ignore"):  # of rows that answer nothing
                    np.matmul(chunk, vector, out=products[first : first + self._rows])
        if self._by_angle:
            if self._wide is None:
                with np.errstate(invalid="ignore", over="ignore"):
                    products *= _inverse_roots(self._norms)
            return np.negative(products, out=products)
        products *= -2
        products += self._norms
        return products


def _inverse_roots(norms: NDArray[np.float32]) -> NDArray[np.float32]:
    with np.errstate(invalid="ignore"):
        return np.asarray(1 / np.sqrt(np.where(norms > 0, norms, 1)), np.float32)


def _least(cost: NDArray[np.float32], wanted: int, doubt: float) -> NDArray[np.int64]:
    """Places whose cost (N,) may be among the `wanted` least, infinite ones left out.

    The blocks' own minima bound what can be among the least, in one quick pass over them all.
    """
    blocks = len(cost) // _BLOCK
    places = np.arange(len(cost))
    if wanted < blocks:
        minima = cost[: blocks * _BLOCK].reshape(blocks, _BLOCK).min(1)
        bound = np.partition(minima, wanted - 1)[wanted - 1] + 2 * doubt
        places = np.flatnonzero(cost <= bound)
    places = places[np.isfinite(cost[places])]
    if wanted < len(places):
        bound = np.partition(cost[places], wanted - 1)[wanted - 1] + 2 * doubt
        places = places[cost[places] <= bound]
    return places


def left_out(index: ReferenceIndex, query: Query, near: int) -> NDArray[np.int64]:
    """Rows that are the query itself, a copy of it, or of its source."""
    rows = np.empty(0, np.int64)
    if query.hash is not None and near >= 0:
        rows = np.flatnonzero(hash_distances(query.hash, index.hashes) <= near)
    if query.source is not None:
        rows = np.union1d(rows, index.rows_of(query.source))
    return rows


def true_distances(
    vectors: NDArray[np.floating], vector: NDArray[np.floating], metric: str
) -> NDArray[np.float64]:
    """Distances (N,) in float64 of vectors (N,D) to one (D,)."""
    wide, query = np.asarray(vectors, np.float64), np.asarray(vector, np.float64)
    if metric == "l2":
        return np.asarray(np.linalg.norm(wide - query, axis=1))
    sizes = np.linalg.norm(wide, axis=1) * max(float(np.linalg.norm(query)), 1e-30)
    return np.asarray(1 - wide @ query / np.maximum(sizes, 1e-30))
