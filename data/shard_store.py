"""Where shards lie: a folder, or a place such as `s3://bucket/set` by way of fsspec.

Files appear under their names only when they are whole.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from ..core.errors import DataError, OutputError, UsageError
from ..core.files import atomic_write, is_part_file, remove_stale_parts
from ..core.names import printable

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://")


class ShardStore(Protocol):
    """Files by names such as `train/coco/00000.tar`. It can be sent to another process."""

    def name(self, file: str) -> str:
        """What to call a file in messages."""

    def size(self, file: str) -> int | None:
        """Its bytes; None where there is none."""

    def open(self, file: str) -> contextlib.AbstractContextManager[BinaryIO]:
        """Read it, seekable.

        Raises:
            DataError: it cannot be read.
        """

    def write(self, file: str) -> contextlib.AbstractContextManager[Path]:
        """Give a local file to fill, which becomes `file` if the body ends well.

        Raises:
            OutputError: it cannot be written.
        """

    def remove(self, file: str) -> None:
        """Remove it, if it is there."""

    def files(self) -> list[str]:
        """All files, at any depth, sorted."""

    def tidy(self) -> None:
        """Remove what killed runs left half written."""


class LocalStore:
    """A folder; see `ShardStore`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def name(self, file: str) -> str:
        """See `ShardStore`."""
        return printable(self.root / file)

    def size(self, file: str) -> int | None:
        """See `ShardStore`."""
        path = self.root / file
        return path.stat().st_size if path.is_file() else None

    @contextlib.contextmanager
    def open(self, file: str) -> Iterator[BinaryIO]:
        """See `ShardStore`."""
        try:
            stream = (self.root / file).open("rb")
        except OSError as error:
            raise DataError(f"{self.name(file)} cannot be read ({error.strerror}).") from None
        with stream:
            yield stream

    def write(self, file: str) -> contextlib.AbstractContextManager[Path]:
        """See `ShardStore`."""
        return atomic_write(self.root / file)

    def remove(self, file: str) -> None:
        """See `ShardStore`."""
        try:
            (self.root / file).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"cannot replace {self.name(file)} ({error.strerror}); write to another folder."
            ) from error

    def files(self) -> list[str]:
        """See `ShardStore`."""
        found = []
        for folder, _, names in os.walk(self.root):
            found += [Path(folder, name).relative_to(self.root).as_posix() for name in names]
        return sorted(file for file in found if not is_part_file(Path(file)))

    def tidy(self) -> None:
        """See `ShardStore`."""
        for folder, _, _ in os.walk(self.root):
            remove_stale_parts(Path(folder))


class RemoteStore:
    """A place that fsspec knows; see `ShardStore`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._fs, self._root = _filesystem(self.url)

    def __reduce__(self) -> tuple[type[RemoteStore], tuple[str]]:
        return RemoteStore, (self.url,)

    def name(self, file: str) -> str:
        """See `ShardStore`."""
        return printable(f"{self.url}/{file}")

    def size(self, file: str) -> int | None:
        """See `ShardStore`."""
        try:
            return int(self._fs.size(self._path(file)))
        except FileNotFoundError:
            return None
        except Exception as error:
            raise DataError(f"{self.name(file)} cannot be reached ({_reason(error)}).") from error

    @contextlib.contextmanager
    def open(self, file: str) -> Iterator[BinaryIO]:
        """See `ShardStore`."""
        try:
            stream = self._fs.open(self._path(file), "rb")
        except Exception as error:
            raise DataError(f"{self.name(file)} cannot be read ({_reason(error)}).") from error
        with stream:
            yield cast(BinaryIO, stream)

    @contextlib.contextmanager
    def write(self, file: str) -> Iterator[Path]:
        """See `ShardStore`."""
        with tempfile.TemporaryDirectory(prefix="compose-") as folder:
            part = Path(folder, "part")
            part.touch()
            yield part
            path = self._path(file)
            try:
                self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
                self._fs.put_file(os.fspath(part), path)
            except Exception as error:
                raise OutputError(
                    f"cannot write {self.name(file)} ({_reason(error)}); check the address and "
                    "your access to it."
                ) from error

    def remove(self, file: str) -> None:
        """See `ShardStore`."""
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(file))

    def files(self) -> list[str]:
        """See `ShardStore`."""
        try:
            found = self._fs.find(self._root)
        except FileNotFoundError:
            return []
        except Exception as error:
            raise DataError(f"{printable(self.url)} cannot be read ({_reason(error)}).") from error
        return sorted(str(path).removeprefix(self._root).lstrip("/") for path in found)

    def tidy(self) -> None:
        """Nothing is ever half written there."""

    def _path(self, file: str) -> str:
        return f"{self._root}/{file}"


def open_store(place: str | Path) -> ShardStore:
    """The store at a folder or an address.

    Raises:
        UsageError: it is a command to run, or what would reach it is not installed.
    """
    text = os.fspath(place)
    if text.startswith("pipe:") or "::" in text:
        raise UsageError(
            f"'{printable(text)}' is no place for shards; give a folder or an address."
        )
    return RemoteStore(text) if _URL.match(text) else LocalStore(Path(text).expanduser())


def read_bytes(store: ShardStore, file: str) -> bytes:
    """What a small file holds.

    Raises:
        DataError: it cannot be read.
    """
    with store.open(file) as stream:
        return stream.read()


def write_bytes(store: ShardStore, file: str, data: bytes) -> None:
    """Write a small file whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    with store.write(file) as part:
        part.write_bytes(data)


def _filesystem(url: str) -> tuple[Any, str]:
    protocol = url.partition("://")[0]
    try:
        url_to_fs = importlib.import_module("fsspec.core").url_to_fs
    except ImportError:
        raise UsageError(
            f"{protocol}:// needs fsspec; run: pip install 'compose-toolkit[remote]'."
        ) from None
    try:
        fs, root = url_to_fs(url)
    except ImportError as error:
        raise UsageError(f"{protocol}:// needs more packages: {_reason(error)}.") from None
    except Exception as error:
        raise UsageError(f"'{printable(url)}' cannot be reached ({_reason(error)}).") from error
    return fs, str(root).rstrip("/")


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
