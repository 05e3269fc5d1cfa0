"""Reading the headers of tar files that strangers packed, without trusting any of them.

Only plain files with something in them, at plain places, with names that the caller expects, get
through: no links, devices, sparse files or paths that lead out. Nothing is unpacked, unpickled or
run, memory does not grow with the number of members, and a file of headers only is soon refused.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from ..core.errors import DataError
from ..core.names import printable

LARGEST = 256 * 2**20  # bytes of a member
MOST = 250_000  # members of a shard
_HEADER = 64 * 2**10  # bytes that a header with a long name or times may take
_BLOCK = tarfile.BLOCKSIZE


@dataclass(frozen=True)
class Member:
    """A file in a tar."""

    key: str  # of its sample: the name up to the first dot, folders included
    part: str  # the rest: which part of the sample it is
    offset: int  # of its first byte in the tar
    size: int  # bytes, at least 1


def read_headers(file: BinaryIO, name: str, parts: re.Pattern[str]) -> Iterator[Member]:
    """The members of a plain tar in its order.

    Args:
        file: seekable, at its beginning.
        name: of the tar, for messages.
        parts: what the part of a member has to be, as a whole.

    Raises:
        DataError: it is no plain tar, is cut off, or has a member that belongs in no shard.
    """
    count = 0
    try:
        bounded = cast(BinaryIO, _Bounded(file))
        with tarfile.open(fileobj=bounded, mode="r:") as tar:
            while (info := tar.next()) is not None:
                vars(tar)["members"].clear()  # else it keeps them all
                count += 1
                if count > MOST:
                    raise DataError(f"{name} has more than {MOST} members; pack it in several.")
                if info.isdir():
                    continue
                yield _member(info, name, parts)
            # tarfile takes a damaged header for the end
            file.seek(tar.offset)
            if file.read(_BLOCK) != bytes(_BLOCK):
                raise tarfile.ReadError("it is cut off or damaged")
    except (tarfile.TarError, OSError, EOFError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"{name} cannot be read as a plain tar ({reason}); pack it anew."
        ) from error


def odd(name: str, member: str, what: str) -> DataError:
    """The error for a member of the tar `name` that is not as it should be."""
    return DataError(f"{printable(member)} in {name} {what}; pack the shard anew.")


def _member(info: tarfile.TarInfo, name: str, parts: re.Pattern[str]) -> Member:
    folder, _, file = info.name.rpartition("/")
    key, _, part = file.partition(".")
    if not info.isreg() or info.issparse():
        raise odd(name, info.name, "is a link or a device")
    if info.name.startswith("/") or ".." in info.name.split("/") or "\\" in info.name:
        raise odd(name, info.name, "points out of the shard")
    if info.size > LARGEST:
        raise odd(name, info.name, "is larger than 256 MB")
    if not key or not parts.fullmatch(part):
        raise odd(name, info.name, "is no part of a sample")
    if info.size < 1:
        raise odd(name, info.name, "is empty")
    return Member(f"{folder}/{key}" if folder else key, part, info.offset_data, info.size)


class _Bounded:
    """A file of which no more is read at once than headers need."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _HEADER:
            raise tarfile.ReadError("a header is too large")
        return self._file.read(size)
