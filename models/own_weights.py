"""Networks that the user trained in place of those that ship: folders of `compose train`."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

from ..core.errors import UsageError
from ..core.names import printable

VARIABLE = "COMPOSE_TRAINED"

# the engines of crop are several files that belong together: their folder is named by --weights
REPLACEABLE = frozenset({
    "saliency.onnx", "grouping.onnx", "outlines.onnx", "objects.onnx", "subjects.onnx",
    "contours.safetensors", "composition.npz", "harmony.onnx", "expansion.onnx",
})  # fmt: skip


def own_file(name: str) -> Path | None:
    """The user's file of a network that ships, or None.

    `COMPOSE_TRAINED` is a list of folders with the platform's path separator, the first that has
    the file counts.

    Raises:
        UsageError: an entry is no folder, or has none of the networks that can be replaced.
    """
    if name not in REPLACEABLE:
        return None
    return next((folder / name for folder in _folders() if (folder / name).is_file()), None)


def _folders() -> list[Path]:
    entries = [entry for entry in os.environ.get(VARIABLE, "").split(os.pathsep) if entry]
    folders = [Path(entry).expanduser().absolute() for entry in entries]
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(
                f"{VARIABLE} names {printable(folder)}, which is no folder; correct or unset it."
            )
        if not any((folder / name).is_file() for name in REPLACEABLE):
            raise UsageError(
                f"{VARIABLE} names {printable(folder)}, which has no network to take the place of "
                f"one that ships ({', '.join(sorted(REPLACEABLE))}); correct or unset it, and name "
                "a folder of `compose train crop` by --weights."
            )
    return folders


def own_digests() -> dict[str, str]:
    """The SHA-256, in hex, of every network that the user's own takes the place of, by file name.

    Raises:
        UsageError: see `own_file`.
    """
    own = {name: own_file(name) for name in sorted(REPLACEABLE)}
    return {name: _digest(path) for name, path in own.items() if path}


@cache  # every record of a batch has them, and networks are opened once a process
def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
