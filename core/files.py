"""Writing files whole or not at all: a temporary file beside the target, then `os.replace`."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

from .errors import DiskFullError, OutputError
from .names import printable

if sys.platform != "win32":  # no such locks there: leftovers of a killed run are kept
    import fcntl

PART_SUFFIX = ".compose-part"
_LONGEST_NAME = 255  # bytes, on every common file system

_ADVICE = {
    errno.ENOSPC: "free some space or write to another disk",
    errno.EDQUOT: "free some of your quota or write to another disk",
    errno.EROFS: "write to another folder",
    errno.EACCES: "change the folder's permissions or write to another folder",
    errno.EPERM: "change the folder's permissions or write to another folder",
    errno.ENAMETOOLONG: "use a shorter name",
    errno.ENOTDIR: "write to another folder, for a part of this path is a file",
    errno.EEXIST: "write to another folder, for a part of this path is a file",
    errno.EISDIR: "move that folder away or write elsewhere",
    errno.EFBIG: "write to another disk, for this one takes no file of that size",
    errno.EIO: "check the disk or write to another one",
}
# What a full or failing disk raises out of the caller's own writes, wherever it notices.
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO}

_open_parts: set[Path] = set()


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary file to write, which becomes `path` if the body ends well.

    The temporary file exists, is empty, and lies in the folder of `path`, which is made with
    its parents. At the end it is flushed to disk and replaces `path`; after any exception it
    is removed and `path` is as it was. It ends in `.compose-part`, so a writer that tells the
    format by the suffix has to be told the format. While it is written it is locked, by which
    `remove_stale_parts` tells the leftovers of a killed process from files in use.

    Raises:
        OutputError: the file cannot be made, or the disk refused what the body wrote.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock, part = _new_part(path)
    except OSError as error:
        raise _output_error(path, error) from error
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    except OSError as error:
        ours = error.filename is not None and Path(os.fsdecode(error.filename)) == part
        if ours or error.errno in _DISK_ERRORS:
            raise _output_error(path, error) from error
        raise
    finally:
        _open_parts.discard(part)
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if lock is not None:
            os.close(lock)


def is_part_file(path: Path) -> bool:
    """Whether this is a temporary file of `atomic_write`, finished by nobody."""
    return path.name.startswith(".") and path.name.endswith(PART_SUFFIX)


def remove_open_parts() -> None:
    """Remove the temporary files this process has open; for the moment before a hard exit."""
    for part in list(_open_parts):
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def remove_stale_parts(folder: Path) -> None:
    """Remove what killed processes left half written in `folder`, not below it.

    Files that a living process is writing are locked and stay. A folder that does not exist
    or cannot be read is left alone.
    """
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for part in [Path(entry.path) for entry in entries if is_part_file(Path(entry.name))]:
            with contextlib.suppress(OSError):
                descriptor = os.open(part, os.O_RDONLY)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    part.unlink()
                finally:
                    os.close(descriptor)


def _new_part(path: Path) -> tuple[int | None, Path]:
    """A new file beside `path`: the descriptor that holds its lock, and its name."""
    while True:
        end = f".{secrets.token_hex(4)}{PART_SUFFIX}"
        stem = path.name
        while len(os.fsencode(f".{stem}{end}")) > _LONGEST_NAME:
            stem = stem[:-1]
        part = path.with_name(f".{stem}{end}")
        try:
            descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            continue
        _open_parts.add(part)
        if sys.platform == "win32":
            os.close(descriptor)  # an open file cannot be replaced there
            return None, part
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if part.exists():
            return descriptor, part
        # a sweeper took it for a leftover between its making and its lock
        _open_parts.discard(part)
        os.close(descriptor)


def _output_error(path: Path, error: OSError) -> OutputError:
    reason = os.strerror(error.errno) if error.errno else str(error)
    advice = _ADVICE.get(error.errno or 0, "write to another folder")
    kind = DiskFullError if error.errno in (errno.ENOSPC, errno.EDQUOT) else OutputError
    return kind(f"cannot write {printable(path)} ({reason}); {advice}.")
