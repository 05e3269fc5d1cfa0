"""Bytes on their way into the cache: counted, hashed, and refused if they are others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

from ..core.errors import ModelError
from .checkpoint import Checkpoint
from .digest import matches

Progress = Callable[[int, int | None], None]  # bytes done, bytes in all if known
LARGEST = 32 * 2**30  # bytes; no published checkpoint that we read comes near
_BLOCK = 2**20


class Readable(Protocol):
    """Anything that bytes can be read from: a file, a member of a zip, a response."""

    def read(self, amount: int, /) -> bytes:
        """At most that many bytes, b"" at the end."""


class Transfer:
    """Writes blocks to `writer`, hashing them, and never more than the table's size.

    `count` is the number of bytes so far. A transfer that goes on from a part takes the
    part's bytes in first with `skip`.
    """

    def __init__(self, row: Checkpoint, writer: BinaryIO, progress: Progress | None) -> None:
        self.count = 0
        self._row = row
        self._writer = writer
        self._progress = progress
        self._hash = hashlib.sha256()

    def skip(self, part: Readable) -> None:
        """Take in bytes that `writer` holds already."""
        while block := part.read(_BLOCK):
            self.count += len(block)
            self._hash.update(block)

    def take(self, reader: Readable) -> None:
        """Copy `reader` to its end.

        Raises:
            ModelError: there is more than the table says, so it is another file.
        """
        limit = LARGEST if self._row.size is None else self._row.size
        while block := reader.read(_BLOCK):
            self.count += len(block)
            if self.count > limit:
                raise wrong_size(self._row)
            self._hash.update(block)
            self._writer.write(block)
            if self._progress is not None:
                self._progress(self.count, self._row.size)

    def check(self, origin: str) -> None:
        """Compare what came with the table.

        Raises:
            ModelError: its size or hash differs, or the table knows no hash.
        """
        if self._row.size is not None and self.count != self._row.size:
            raise wrong_size(self._row)
        if not matches(self._row, self._hash.hexdigest()):
            raise ModelError(
                f"what came from {origin} is not the published {self._row.file} (its sha256 "
                f"begins with {self._hash.hexdigest()[:12]}, not "
                f"{(self._row.known_digest or '')[:12]}) and was dropped; report it or get the "
                "file elsewhere."
            )


def wrong_size(row: Checkpoint) -> ModelError:
    """The error of bytes that are more or fewer than the table says."""
    expected = f"{LARGEST} at most" if row.size is None else str(row.size)
    return ModelError(
        f"what came for {row.name} does not have the size of {row.file} ({expected} bytes) and "
        "was dropped; look for another source of that file."
    )
