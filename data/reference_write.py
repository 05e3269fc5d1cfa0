"""Writes reference indexes as `reference_index` reads them, or makes one in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.files import atomic_write
from .reference_index import (
    ALIGN,
    ARRAYS,
    MAGIC,
    VERSION,
    IndexHeader,
    Reference,
    ReferenceIndex,
)

_ROWS = 4096  # copied at a time


def write_index(
    path: Path,
    header: IndexHeader,
    references: Sequence[Reference],
    vectors: NDArray[np.float16],
    rows: Sequence[int],
) -> None:
    """Write an index, whole or not at all; the same content gives the same bytes.

    Args:
        references: one a photograph.
        vectors: (M,D), perhaps mapped from a larger file.
        rows: which of `vectors` belongs to each of `references`.

    Raises:
        OutputError: it cannot be written.
    """
    count = len(references)
    small = _arrays(header, references)
    shapes = {"vectors": (count, header.dims), **{k: v.shape for k, v in small.items()}}
    sizes = {
        k: int(np.prod(shape)) * np.dtype(ARRAYS[k][0]).itemsize for k, shape in shapes.items()
    }
    start = 0
    while True:  # the header holds the offsets, which its own length moves
        place: dict[str, tuple[int, str, list[int]]] = {}
        offset = start
        for name, size in sizes.items():
            place[name] = (offset, ARRAYS[name][0], list(shapes[name]))
            offset += -(-size // ALIGN) * ALIGN
        fields = {**asdict(header), "version": VERSION, "count": count, "dims": header.dims}
        text = json.dumps({**fields, "arrays": place}, ensure_ascii=True).encode()
        begin = -(-(len(MAGIC) + 8 + len(text)) // ALIGN) * ALIGN
        if begin == start:
            break
        start = begin
    with atomic_write(path) as part, part.open("wb") as file:
        file.write(MAGIC + len(text).to_bytes(8, "little") + text)
        file.write(b"\0" * (start - file.tell()))
        for first in range(0, count, _ROWS):
            chunk = np.asarray(vectors[list(rows[first : first + _ROWS])], "<f2")
            file.write(chunk.tobytes())
        for name, values in small.items():
            file.write(b"\0" * (place[name][0] - file.tell()))
            file.write(values.tobytes())
        file.write(b"\0" * (offset - file.tell()))


def index_in_memory(
    header: IndexHeader, references: Sequence[Reference], vectors: NDArray[np.float16], name: Path
) -> ReferenceIndex:
    """An index of references and their vectors (N,D) that is not written; `name` is for errors."""
    arrays = {"vectors": np.asarray(vectors, "<f2"), **_arrays(header, references)}
    return ReferenceIndex(header, arrays, name)


def _arrays(header: IndexHeader, references: Sequence[Reference]) -> dict[str, NDArray[Any]]:
    """All arrays but the vectors."""
    count = len(references)
    return {
        "hashes": np.array([r.hash for r in references], "<u8"),
        "sizes": np.array([r.size for r in references], "<u4").reshape(count, 2),
        "layouts": np.array([r.layout for r in references], "<f2").reshape(
            count, len(header.layouts)
        ),
        "geometry": np.array([r.geometry for r in references], "<f2").reshape(
            count, len(header.geometry)
        ),
        "names": _bytes(r.name for r in references),
        "sources": _bytes(r.source for r in references),
    }


def _bytes(texts: Iterator[str]) -> NDArray[np.uint8]:
    joined = b"".join(text.encode("utf-8", "surrogateescape") + b"\0" for text in texts)
    return np.frombuffer(joined, np.uint8)
