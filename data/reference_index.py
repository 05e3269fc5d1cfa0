"""Reference indexes: vectors of photographs with their layouts, in one file that is mapped.

On disk: the eight bytes `CMPIDX1\n`, the length of the header as a little-endian uint64, the
header as JSON, and the arrays that it lists under `arrays`, each as `[offset, dtype, shape]`,
at multiples of 64 bytes:

| array | dtype | shape | what |
|---|---|---|---|
| `vectors` | `<f2` | (N,D) | one row a photograph, of the encoder that the header names |
| `hashes` | `<u8` | (N,) | perceptual hashes (`core.perceptual_hash`) |
| `sizes` | `<u4` | (N,2) | width and height of the photographs in pixels |
| `layouts` | `<f2` | (N,9) | scores of the layout classes that the header lists |
| `geometry` | `<f2` | (N,G) | measured geometry, its columns as the header lists them |
| `names`, `sources` | `|u1` | (bytes,) | UTF-8, each ended by NUL |

Nothing of it is ever unpickled or run.
"""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import DataError
from ..core.names import printable

MAGIC = b"CMPIDX1\n"
VERSION = 1
SUFFIX = ".idx"
ALIGN = 64
_LONGEST_HEADER = 1 << 20  # bytes
# of every array: its dtype and how many columns, None for one it gets from the header
ARRAYS = {
    "vectors": ("<f2", 2),
    "hashes": ("<u8", 1),
    "sizes": ("<u4", 2),
    "layouts": ("<f2", 2),
    "geometry": ("<f2", 2),
    "names": ("|u1", 1),
    "sources": ("|u1", 1),
}


@dataclass(frozen=True)
class IndexHeader:
    """What an index is of."""

    encoder: str  # its name, such as "builtin"
    sha256: str  # of the encoder's weights, 64 hex digits
    tokens: tuple[int, int]  # a vector is so many tokens of so many numbers, row by row
    metric: str  # "cosine" or "l2", the one that the encoder is meant for
    layouts: tuple[str, ...]  # the classes' names
    geometry: tuple[str, ...]  # the columns' names
    source_pattern: str | None = None  # how source ids were read from names; None: from contents

    @property
    def dims(self) -> int:
        """Numbers in a vector."""
        return self.tokens[0] * self.tokens[1]


@dataclass(frozen=True, eq=False)
class Reference:
    """One photograph of an index."""

    name: str  # below the folder that was indexed, with forward slashes
    source: str  # what it was made of; pictures of one source never answer each other
    hash: int
    size: tuple[int, int]  # width, height in pixels
    layout: NDArray[np.floating]  # (9,)
    geometry: NDArray[np.floating]  # (G,)


class ReferenceIndex:
    """An index opened for reading; arrays are views of the mapped file.

    Attributes: `header`, `vectors` (N,D) float16, `hashes` (N,) uint64, `sizes` (N,2), `layouts`
    (N,9) and `geometry` (N,G) float16, `names` and `sources` (N) text.
    """

    def __init__(self, header: IndexHeader, arrays: dict[str, NDArray[Any]], path: Path) -> None:
        """Take what `open_index` has checked."""
        self.header, self.path = header, path
        self.vectors = arrays["vectors"]
        self.hashes = arrays["hashes"]
        self.sizes = arrays["sizes"]
        self.layouts = arrays["layouts"]
        self.geometry = arrays["geometry"]
        self.names = _texts(arrays["names"], len(self.vectors), path)
        self.sources = _texts(arrays["sources"], len(self.vectors), path)

    def __len__(self) -> int:
        return len(self.vectors)

    def rows_of(self, source: str) -> NDArray[np.int64]:
        """Rows of that source."""
        return np.asarray(self._by_source.get(source, ()), np.int64)

    @functools.cached_property
    def _by_source(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, source in enumerate(self.sources):
            rows.setdefault(source, []).append(row)
        return rows

    def reference(self, row: int) -> Reference:
        """One row."""
        width, height = (int(side) for side in self.sizes[row])
        return Reference(
            self.names[row],
            self.sources[row],
            int(self.hashes[row]),
            (width, height),
            np.asarray(self.layouts[row], np.float64),
            np.asarray(self.geometry[row], np.float64),
        )


def open_index(path: str | Path) -> ReferenceIndex:
    """Open an index; its vectors are mapped, not read.

    Raises:
        DataError: it is missing, no index, damaged, or of a later version.
    """
    path = Path(path)
    where = printable(path)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = file.read(len(MAGIC) + 8)
            if len(start) < len(MAGIC) + 8 or not start.startswith(MAGIC):
                raise DataError(
                    f"{where} is no reference index; make one with `compose index build`."
                )
            length = int.from_bytes(start[len(MAGIC) :], "little")
            if length > min(_LONGEST_HEADER, size) or size % ALIGN:
                raise _damaged(where)
            text = file.read(length)
    except OSError as error:
        raise DataError(
            f"cannot read {where} ({error.strerror}); make an index with `compose index build`."
        ) from None
    try:
        fields = json.loads(text)
        version = fields["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged(where) from None
    if version != VERSION:
        raise DataError(
            f"{where} is an index of version {version!r}, this program reads {VERSION}; build it "
            "again."
        )
    try:
        header = _header(fields)
        arrays = _map(path, size, fields["arrays"], int(fields["count"]), header)
    except (KeyError, ValueError, TypeError, OverflowError):
        raise _damaged(where) from None
    return ReferenceIndex(header, arrays, path)


def _damaged(where: str) -> DataError:
    return DataError(f"{where} is damaged; build it again with `compose index build`.")


def _header(fields: dict[str, Any]) -> IndexHeader:
    tokens, number = fields["tokens"], fields["dims"]
    texts = [fields["encoder"], fields["sha256"], fields["metric"]]
    texts += [*fields["layouts"], *fields["geometry"]]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError
    pattern = fields["source_pattern"]
    if pattern is not None and not isinstance(pattern, str):
        raise ValueError
    header = IndexHeader(
        fields["encoder"],
        fields["sha256"],
        (int(tokens[0]), int(tokens[1])),
        fields["metric"],
        tuple(fields["layouts"]),
        tuple(fields["geometry"]),
        pattern,
    )
    if header.dims != number or min(header.tokens) < 1 or header.metric not in ("cosine", "l2"):
        raise ValueError
    return header


def _map(
    path: Path, size: int, places: dict[str, Any], count: int, header: IndexHeader
) -> dict[str, NDArray[Any]]:
    widths = {
        "vectors": (count, header.dims),
        "hashes": (count,),
        "sizes": (count, 2),
        "layouts": (count, len(header.layouts)),
        "geometry": (count, len(header.geometry)),
    }
    data = np.memmap(path, np.uint8, "r")
    arrays: dict[str, NDArray[Any]] = {}
    for name, (dtype, dimensions) in ARRAYS.items():
        offset, given, shape = places[name]
        shape = tuple(int(n) for n in shape)
        if given != dtype or len(shape) != dimensions or shape != widths.get(name, shape):
            raise ValueError
        if offset % ALIGN or offset < 0 or min(shape) < 0:
            raise ValueError
        length = np.dtype(dtype).itemsize
        for n in shape:
            length *= n
        if offset + length > size:
            raise ValueError
        arrays[name] = data[offset : offset + length].view(dtype).reshape(shape)
    return arrays


def _texts(data: NDArray[np.uint8], count: int, path: Path) -> list[str]:
    parts = data.tobytes().split(b"\0")
    if len(parts) != count + 1 or parts[-1]:
        raise _damaged(printable(path))
    return [part.decode("utf-8", "surrogateescape") for part in parts[:-1]]
