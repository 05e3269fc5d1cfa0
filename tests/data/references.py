"""Small indexes, drawn."""

from __future__ import annotations

import numpy as np

from compose.data.reference_index import IndexHeader, Reference, open_index
from compose.data.reference_write import write_index


def header(dims=8, metric="cosine", pattern=None):
    return IndexHeader("drawn", "ab" * 32, (2, dims // 2), metric, ("x", "y"), ("g",), pattern)


def reference(row, *, source=None, hash=None, name=None):
    return Reference(
        name or f"sub/{row}.jpg",
        source or f"s{row}",
        row * 0x0F0F0F0F0F0F % 2**64 if hash is None else hash,
        (640 + row, 480),
        np.array([row / 100, 0.5]),
        np.array([0.25]),
    )


def vectors(count, dims=8, seed=0):
    return np.random.default_rng(seed).standard_normal((count, dims)).astype(np.float16)


def make_index(path, count=20, dims=8, metric="cosine", **given):
    rows = vectors(count, dims)
    write_index(
        path,
        header(dims, metric),
        [reference(i, **given) for i in range(count)],
        rows,
        range(count),
    )
    return open_index(path)
