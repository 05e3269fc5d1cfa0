"""The records of a large JSON file, one at a time: COCO's, LVIS's and Objects365's have gigabytes.

A file is a JSON object, some of whose values are arrays of objects. Where they begin and end is
found without parsing what is between, and what has been passed does not stay in memory.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import DataError
from ..core.names import printable

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_NESTED = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]')
_PLAIN = re.compile(rb"[-+.0-9A-Za-z]+")  # numbers, true, false, null
_KEPT = 1 << 20  # bytes of the file that may stay in memory behind the reader


@dataclass(frozen=True)
class Record:
    """One element of an array, and where in the file it is."""

    key: str  # of the array
    start: int  # bytes
    length: int
    value: dict[str, Any] = field(repr=False)


def read_records(path: Path, keys: Collection[str], what: str) -> Iterator[Record]:
    """The elements of the arrays under some keys of a file, as they come in it.

    Args:
        path: the file, in UTF-8.
        keys: of the outermost object; every one has to be there.
        what: the form that the file should have, for messages.

    Raises:
        DataError: the file cannot be read, or is not as that.
    """
    name = printable(path)
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError:  # nothing is in it
        raise _no_json(name) from None
    except OSError as error:
        raise DataError(f"{name} cannot be read ({error.strerror}).") from None
    with data:
        yield from _Reader(data, name, what).records(keys)


def records_at(path: Path, spans: Iterable[tuple[int, int]]) -> Iterator[dict[str, Any]]:
    """Records that `read_records` gave, read again by where they start and how long they are.

    Raises:
        DataError: the file cannot be read, or has changed since.
    """
    try:
        with path.open("rb") as file:
            for start, length in spans:
                file.seek(start)
                try:
                    value = json.loads(file.read(length))
                except (ValueError, RecursionError):
                    value = None
                if not isinstance(value, dict):
                    raise DataError(
                        f"{printable(path)} has changed meanwhile; run the same command again."
                    )
                yield value
    except OSError as error:
        raise DataError(f"{printable(path)} cannot be read ({error.strerror}).") from None


class _Reader:
    def __init__(self, data: mmap.mmap, name: str, what: str) -> None:
        self._data, self._name, self._what = data, name, what
        self._at = 3 if data[:3] == b"\xef\xbb\xbf" else 0
        self._forgotten = 0

    def records(self, keys: Collection[str]) -> Iterator[Record]:
        if self._next() != b"{":
            json_at_all = self._next() in (b"[", b'"')
            raise self._other("no object") if json_at_all else _no_json(self._name)
        missing = set(keys)
        for _ in self._elements(b"}"):
            key = self._key()
            if key not in keys:
                self._skip()
                continue
            missing.discard(key)
            if self._next() != b"[":
                raise self._other(f"no list of {key}")
            for _ in self._elements(b"]"):
                start = self._at
                self._skip()
                value = self._parsed(start)
                if not isinstance(value, dict):
                    raise self._other(f"no list of {key}")
                yield Record(key, start, self._at - start, value)
                self._forget()
        if self._space() < len(self._data):
            raise _no_json(self._name)
        if missing:
            raise self._other(f"no list of {min(missing)}")

    def _elements(self, end: bytes) -> Iterator[None]:
        """Stop before every element of what begins here; the caller goes past it."""
        self._at += 1
        if self._next() == end:
            self._at += 1
            return
        while True:
            self._space()
            yield
            found = self._next()
            self._at += 1
            if found == end:
                return
            if found != b",":
                raise _no_json(self._name)

    def _key(self) -> str:
        start = self._at
        found = _STRING.match(self._data, start)
        if found is None:
            raise _no_json(self._name)
        self._at = found.end()
        key = self._parsed(start)
        if self._next() != b":":
            raise _no_json(self._name)
        self._at += 1
        self._space()
        return str(key)

    def _skip(self) -> None:
        """Go past the value that begins here."""
        first = self._next()
        if first in (b"{", b"["):
            depth = 0
            for token in _NESTED.finditer(self._data, self._at):
                sign = token[0]
                depth += (sign in (b"{", b"[")) - (sign in (b"}", b"]"))
                if depth == 0:
                    self._at = token.end()
                    return
            raise _no_json(self._name)
        found = (_STRING if first == b'"' else _PLAIN).match(self._data, self._at)
        if found is None:
            raise _no_json(self._name)
        self._at = found.end()

    def _parsed(self, start: int) -> Any:
        try:
            return json.loads(self._data[start : self._at])
        except (ValueError, RecursionError):
            raise _no_json(self._name) from None

    def _space(self) -> int:
        found = _SPACE.match(self._data, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _next(self) -> bytes:
        start = self._space()
        return self._data[start : start + 1]

    def _forget(self) -> None:
        if self._at - self._forgotten > _KEPT and hasattr(mmap, "MADV_DONTNEED"):
            first = self._forgotten - self._forgotten % mmap.PAGESIZE
            whole = self._at - self._at % mmap.PAGESIZE
            self._data.madvise(mmap.MADV_DONTNEED, first, whole - first)
            self._forgotten = whole

    def _other(self, reason: str) -> DataError:
        return DataError(f"{self._name} has {reason}; give {self._what}.")


def _no_json(name: str) -> DataError:
    return DataError(f"{name} is not JSON; write it anew.")
