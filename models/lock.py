"""A lock between processes, so that two of them do not fetch one file twice."""

from __future__ import annotations

import contextlib
import errno
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ..core.errors import OutputError
from ..core.names import printable

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_POLL = 0.1  # seconds between two tries
_BUSY = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock file `path`, waiting for whoever holds it; `waiting` is called once then.

    The system drops the lock when its process ends, however it ends, so none is ever stale.
    The empty file stays: removing it could split the lock in two. On a file system without
    locks the body runs unlocked, which costs a second download at worst, since every file is
    hashed before it gets its name.

    Raises:
        OutputError: the lock file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("ab")
    except OSError as error:
        raise OutputError(
            f"cannot write {printable(path)} ({error.strerror}); set COMPOSE_HOME to a folder "
            "that can be written."
        ) from error
    with handle:  # closing drops the lock
        told = False
        while not _take(handle):
            if waiting is not None and not told:
                waiting()
                told = True
            time.sleep(_POLL)
        yield


def _take(handle: BinaryIO) -> bool:
    """Whether the lock is ours now, or cannot be had on this file system at all."""
    try:
        if sys.platform == "win32":
            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _BUSY
    return True
