"""SHA-256 of checkpoints on this machine, remembered so as not to hash on every run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from io import BufferedReader
from pathlib import Path

from ..core.errors import ModelError, OutputError
from ..core.files import atomic_write
from ..core.names import printable
from .cache import cache_folder
from .checkpoint import Checkpoint


def matches(row: Checkpoint, digest: str) -> bool:
    """Whether a sha256 (64 hex digits) is the one the table knows, as far as it knows it.

    Raises:
        ModelError: the table knows no hash of this checkpoint.
    """
    known = row.known_digest
    if known is None:
        raise ModelError(
            f"no hash of {row.file} is known, so it cannot be checked; if you trust your copy, "
            f"name it with --checkpoint {row.name}=PATH."
        )
    return digest.startswith(known)


def open_matching(path: Path, row: Checkpoint, *, fresh: bool = False) -> BufferedReader:
    """Open a file for reading once its hash was found right, through the same descriptor.

    The hash is taken from memory if the file has not changed since, unless `fresh` is True.

    Raises:
        ModelError: it cannot be read, or its hash is not the table's.
    """
    with contextlib.ExitStack() as on_failure:
        try:
            opened = on_failure.enter_context(path.open("rb"))
            if not _is_right(path, opened, row, fresh):
                raise ModelError(
                    f"{printable(path)} is not the published {row.file} of {row.name} (its size "
                    f"or hash differs); remove it and run `compose models pull {row.name}`."
                )
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ModelError(
                f"cannot read {printable(path)} ({reason}); check its permissions."
            ) from error
        on_failure.pop_all()
    return opened


def _is_right(path: Path, opened: BufferedReader, row: Checkpoint, fresh: bool) -> bool:
    if row.size is not None and os.fstat(opened.fileno()).st_size != row.size:
        return False
    digest = None if fresh else _remembered(path, opened)
    if digest is None:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        opened.seek(0)
        _remember(path, opened, digest)
    return matches(row, digest)


def _note(path: Path) -> Path:
    key = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:32]
    return cache_folder() / "verified" / f"{key}.json"


def _state(opened: BufferedReader) -> list[int]:
    # the time of change cannot be set back by a program, unlike that of modification
    status = os.fstat(opened.fileno())
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _remembered(path: Path, opened: BufferedReader) -> str | None:
    try:
        note = json.loads(_note(path).read_bytes())
    except (OSError, ValueError, ModelError):
        return None
    if not isinstance(note, dict) or note.get("state") != _state(opened):
        return None
    digest = note.get("sha256")
    return digest if isinstance(digest, str) and len(digest) == 64 else None


def _remember(path: Path, opened: BufferedReader, digest: str) -> None:
    # where nothing can be kept, it is only hashed again the next time
    with contextlib.suppress(OSError, OutputError, ModelError), atomic_write(_note(path)) as part:
        note = {"path": printable(path), "state": _state(opened), "sha256": digest}
        part.write_text(json.dumps(note), encoding="utf-8")
