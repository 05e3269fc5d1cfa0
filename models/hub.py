"""The checkpoint hub: finds and checks the weights that the table of `registry.py` names.

Nothing here touches the network; fetching happens in `pull.py` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..core.errors import ModelError
from ..core.names import printable
from .cache import Found, UserPaths, cached_path, find, parse_user_paths
from .checkpoint import Checkpoint
from .digest import open_matching
from .registry import checkpoint

_CHOSEN = ("given", "trained")  # places whose contents the user chose


def resolve(name: str, user: UserPaths | None = None, *, verify: bool = True) -> Path:
    """Path of a checkpoint on this machine; nothing is ever downloaded for it.

    Searched in this order: the file the user named, the folders of `COMPOSE_MODELS`, the
    cache, the weights inside the installation. With `verify` the file's hash is compared with
    the table's first, except for a file that the user named, whose contents the user chose.
    `user` defaults to what `COMPOSE_MODELS` says.

    Raises:
        UsageError: no checkpoint is called so.
        ModelError: it is not here, which the sentence says how to mend, or it is another file.
    """
    row = checkpoint(name)
    found = _present(row, user)
    if verify and found.place not in _CHOSEN:
        open_matching(found.path, row).close()
    return found.path


def is_here(name: str, user: UserPaths | None = None) -> bool:
    """Whether a checkpoint is on this machine; the file is neither opened nor checked.

    Raises:
        UsageError: no checkpoint is called so.
        ModelError: the user named a file that is not there.
    """
    return find(checkpoint(name), parse_user_paths() if user is None else user) is not None


def open_verified(name: str, user: UserPaths | None = None) -> BinaryIO:
    """A checkpoint opened for reading, its hash checked through the same descriptor.

    Like `resolve`, but the file cannot be exchanged between the check and the reading.

    Raises:
        UsageError, ModelError: as `resolve`.
    """
    row = checkpoint(name)
    found = _present(row, user)
    if found.place not in _CHOSEN:
        return open_matching(found.path, row)
    try:
        return found.path.open("rb")
    except OSError as error:
        raise ModelError(
            f"cannot read {printable(found.path)} ({error.strerror}); check its permissions."
        ) from error


def _present(row: Checkpoint, user: UserPaths | None) -> Found:
    found = find(row, parse_user_paths() if user is None else user)
    if found is None:
        raise ModelError(
            f"the checkpoint {row.name} ({row.file}) is not on this machine; run `compose models "
            f"pull {row.name}` to fetch it from {row.origin}, or put the file at "
            f"{printable(cached_path(row))}."
        )
    return found


@dataclass(frozen=True)
class Verdict:
    """What a fresh look at a checkpoint's file on this machine found."""

    row: Checkpoint
    path: Path | None  # None if it is absent
    place: str  # as `cache.Found` has it, or "absent"
    # "ok", "prefix" (right as far as the hash is known), "wrong", "absent", or "own" for a network
    # that the user trained in place of the one that ships
    status: str
    error: str = ""  # one sentence where the status is "wrong"


def verify(name: str, user: UserPaths | None = None) -> Verdict:
    """Hash a checkpoint's file anew, whatever was remembered of it.

    A file that the user named is compared like any other.

    Raises:
        UsageError: no checkpoint is called so.
        ModelError: the user named a file that is not there.
    """
    row = checkpoint(name)
    found = find(row, parse_user_paths() if user is None else user)
    if found is None:
        return Verdict(row, None, "absent", "absent")
    if found.place == "trained":
        return Verdict(row, found.path, found.place, "own")
    try:
        open_matching(found.path, row, fresh=True).close()
    except ModelError as error:
        return Verdict(row, found.path, found.place, "wrong", str(error))
    return Verdict(row, found.path, found.place, "ok" if row.sha256 else "prefix")
