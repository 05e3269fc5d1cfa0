"""A writer of MAT-files of level 5, in plain steps, to test the reader against."""

from __future__ import annotations

import struct
import zlib

import numpy as np


def element(kind: int, data: bytes, order: str) -> bytes:
    """A data element with its tag, padded to eight bytes."""
    if len(data) <= 4 and kind != 14:  # the small form
        return struct.pack(f"{order}I", len(data) << 16 | kind) + data.ljust(4, b"\0")
    return struct.pack(f"{order}II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def matrix(kind: int, shape: tuple[int, ...], parts: bytes, order: str, name: str = "") -> bytes:
    """An array's element."""
    head = element(6, struct.pack(f"{order}II", kind, 0), order)
    head += element(5, struct.pack(f"{order}{len(shape)}i", *shape), order)
    head += element(1, name.encode(), order)
    return element(14, head + parts, order)


def text(value: str, order: str) -> bytes:
    """A row of letters, in two bytes each."""
    data = b"".join(struct.pack(f"{order}H", ord(letter)) for letter in value)
    return matrix(4, (1, len(value)), element(17, data, order), order)


def numbers(values: np.ndarray, order: str) -> bytes:
    """An array of doubles that are stored as short integers, as MATLAB packs them."""
    data = values.astype(f"{order}i2").tobytes("F")
    return matrix(6, values.shape, element(3, data, order), order)


def flms_file(
    entries: list[tuple[str, np.ndarray]], order: str = "<", packed: bool = True
) -> bytes:
    """`img_gt` as FLMS has it: a column of structs of a name and its crops."""
    parts = element(5, struct.pack(f"{order}i", 12), order)
    parts += element(1, b"filename".ljust(12, b"\0") + b"bbox".ljust(12, b"\0"), order)
    for name, rows in entries:
        parts += text(name, order) + numbers(rows, order)
    variable = matrix(2, (len(entries), 1), parts, order, "img_gt")
    if packed:
        data = zlib.compress(variable)
        variable = struct.pack(f"{order}II", 15, len(data)) + data
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(f"{order}H", 0x0100)
    return head + (b"IM" if order == "<" else b"MI") + variable
