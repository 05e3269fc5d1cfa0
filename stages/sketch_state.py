"""The state of an interrupted sketch on the disk."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import DataError
from ..core.files import atomic_write
from ..core.names import printable
from .sketch_config import SketchConfig
from .sketch_plan import Plan
from .sketch_target import Target

# what reading a zip file of arrays raises when bits of it are wrong
_DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    RuntimeError,  # "it is encrypted", "there is no such compression"
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def fingerprint(target: Target, plan: Plan, config: SketchConfig, more: str = "") -> str:
    """What a state belongs to: the target's pixels, where strokes begin, and the settings."""
    digest = hashlib.sha256(json.dumps(dataclasses.asdict(config), sort_keys=True).encode())
    digest.update(more.encode())
    arrays: list[NDArray[Any]] = [target.rgb, plan.weights]
    arrays += [plan.washes.points, plan.washes.width, plan.washes.color]
    for entry in plan.rounds:
        arrays += [entry.points, entry.color]
    for array in arrays:
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save_state(path: Path, arrays: dict[str, NDArray[Any]], owner: str) -> None:
    """Write the state whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_write(path) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays, owner=np.array(owner))


def load_state(path: Path, owner: str) -> dict[str, NDArray[Any]] | None:
    """The state at `path`, or None if there is none.

    Raises:
        DataError: it is damaged or of a run with other settings.
    """
    if not path.exists():
        return None
    name = printable(path)
    try:
        with zipfile.ZipFile(path):  # numpy reads other files, too
            pass
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except _DAMAGE as error:
        raise DataError(f"{name} is damaged ({error}); remove it, or use --overwrite.") from None
    if str(arrays.pop("owner", "")) != owner:
        raise DataError(
            f"{name} is of a run with other settings; repeat those, or use --overwrite."
        )
    return arrays
