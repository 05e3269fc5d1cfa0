"""MAT-files of level 5 (MathWorks, MAT-File Format): numbers, texts, structs and cells, read.

Just what annotations need; objects, sparse arrays and functions are refused.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import DataError
from ..core.names import printable

# by the number of a data type, numpy's
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8"}
_TYPES |= {13: "u8", 16: "u1", 17: "u2", 18: "u4"}
# of texts, by data type; MATLAB itself writes 16-bit numbers
_ENCODINGS = {4: "utf-16-{}", 16: "utf-8", 17: "utf-16-{}", 18: "utf-32-{}"}
_MATRIX, _PACKED = 14, 15
_CELL, _STRUCT, _TEXT = 1, 2, 4
_NUMBERS = range(6, 16)  # classes of arrays of numbers
_HEADER = 128
_DEEPEST = 16  # structs in structs
_MOST = 1 << 30  # bytes that a packed variable may unpack to


@dataclass(frozen=True)
class _Reader:
    order: str  # "<" or ">"

    def tag(self, data: bytes, at: int) -> tuple[int, int, int, int]:
        """Type, where the element's bytes begin and end, and where the next one begins."""
        first = int(np.frombuffer(data, f"{self.order}u4", 1, at)[0])
        if first >> 16:  # small: type, size and data in eight bytes
            return first & 0xFFFF, at + 4, at + 4 + (first >> 16), at + 8
        size = int(np.frombuffer(data, f"{self.order}u4", 1, at + 4)[0])
        end = at + 8 + size
        if end > len(data):
            raise ValueError("an element is longer than its file")
        # packed variables are not padded
        return first, at + 8, end, end if first == _PACKED else end + -size % 8

    def numbers(self, data: bytes, at: int) -> tuple[Any, int]:
        """The numbers of an element, and where the next one begins."""
        kind, begin, end, after = self.tag(data, at)
        dtype = np.dtype(f"{self.order}{_TYPES[kind]}")
        return np.frombuffer(data, dtype, (end - begin) // dtype.itemsize, begin), after

    def text(self, data: bytes, at: int) -> str:
        """The characters of an element: UTF-8 or UTF-16, or numbers of characters."""
        kind, begin, end, _ = self.tag(data, at)
        if kind in _ENCODINGS:
            order = {"<": "le", ">": "be"}[self.order]
            return data[begin:end].decode(_ENCODINGS[kind].format(order))
        values, _ = self.numbers(data, at)
        return "".join(map(chr, values.tolist()))

    def matrix(self, data: bytes, at: int, end: int, depth: int = 0) -> tuple[str, Any]:
        """Name and value of the matrix whose parts lie between `at` and `end`."""
        if at == end:
            return "", np.zeros((0, 0))
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        flags, at = self.numbers(data, at)
        kind = int(flags[0]) & 0xFF
        shape, at = self.numbers(data, at)
        size = tuple(int(side) for side in shape)
        name, at = self.numbers(data, at)
        text = name.astype(np.uint8).tobytes().decode("latin-1")
        if kind in _NUMBERS:
            values, _ = self.numbers(data, at)
            return text, values.reshape(size, order="F")
        if kind == _TEXT:
            return text, self.text(data, at)
        if kind == _CELL:
            cells, _ = self.parts(data, at, int(np.prod(size)), depth)
            return text, _objects(cells).reshape(size, order="F")
        if kind == _STRUCT:
            return text, self.struct(data, at, size, depth)
        raise ValueError(f"it holds an array of class {kind}")

    def struct(self, data: bytes, at: int, size: tuple[int, ...], depth: int) -> Any:
        """An array of dicts, of the fields in their order."""
        lengths, at = self.numbers(data, at)
        names, at = self.numbers(data, at)
        length = max(int(lengths[0]), 1)
        raw = names.astype(np.uint8).tobytes()
        fields = [
            raw[i : i + length].split(b"\0")[0].decode("latin-1")
            for i in range(0, len(raw), length)
        ]
        count = int(np.prod(size))
        values, _ = self.parts(data, at, count * len(fields), depth)
        rows = [
            dict(zip(fields, values[i * len(fields) : (i + 1) * len(fields)], strict=True))
            for i in range(count)
        ]
        return _objects(rows).reshape(size, order="F")

    def parts(self, data: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
        """So many matrices one after the other."""
        values = []
        for _ in range(count):
            kind, begin, end, after = self.tag(data, at)
            if kind != _MATRIX:
                raise ValueError(f"it has an element of type {kind} where a matrix belongs")
            values.append(self.matrix(data, begin, end, depth + 1)[1])
            at = after
        return values, at


def read_matlab(path: Path) -> dict[str, Any]:
    """The variables of a file: arrays of numbers, texts, and arrays of dicts (structs) or values.

    Raises:
        DataError: the file is missing, damaged, or of another level.
    """
    name = printable(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{name} cannot be read ({error.strerror}).") from None
    mark = data[126:128]
    if len(data) < _HEADER or mark not in (b"IM", b"MI"):
        raise DataError(f"{name} is no MAT-file of level 5; save it with MATLAB's option -v7.")
    reader = _Reader("<" if mark == b"IM" else ">")
    try:
        return dict(_variables(reader, data, _HEADER))
    except (ValueError, KeyError, IndexError, zlib.error) as error:
        raise DataError(f"{name} is damaged ({error}); fetch it again.") from None


def _variables(reader: _Reader, data: bytes, at: int) -> list[tuple[str, Any]]:
    found = []
    while at + 8 <= len(data):
        kind, begin, end, at = reader.tag(data, at)
        if kind == _PACKED:
            unpacker = zlib.decompressobj()
            inner = unpacker.decompress(data[begin:end], _MOST)
            if unpacker.unconsumed_tail:
                raise ValueError("a variable is larger than 1 GiB")
            found += _variables(reader, inner, 0)
        elif kind == _MATRIX:
            found.append(reader.matrix(data, begin, end))
    return found


def _objects(values: list[Any]) -> Any:
    """A flat array of Python objects, whatever they are."""
    array = np.empty(len(values), object)
    for index, value in enumerate(values):
        array[index] = value
    return array
