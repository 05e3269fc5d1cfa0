"""PICS's sample folders (METHODS of PICS, inference): a background, objects, and where they go.

SAMPLE/image.jpg            the background
SAMPLE/object_0.png         an object, on white or with alpha
SAMPLE/object_0_mask.png    where it goes: a mask of the background's size, box or shape
SAMPLE/object_1.png, …      any number of them
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..core.errors import DataError, UsageError
from ..core.names import printable
from .scene_layout import ObjectSpec, SceneSpec

BACKGROUND = "image.jpg"
_OBJECT = re.compile(r"object_(\d+)(_mask)?\.png")


def is_sample(folder: Path) -> bool:
    """Whether anything in a folder is called as in a sample."""
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    return BACKGROUND in names or any(_OBJECT.fullmatch(name) for name in names)


def sample_folders(folder: Path) -> list[Path]:
    """A sample folder itself, or those in it, by name.

    Raises:
        UsageError: there is none.
    """
    if is_sample(folder):
        return [folder]
    try:
        inner = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise UsageError(f"cannot read {printable(folder)} ({reason}); check --input.") from None
    found = [each for each in inner if is_sample(each)]
    if not found:
        raise UsageError(
            f"{printable(folder)} holds no sample; give a folder with {BACKGROUND}, object_0.png "
            "and object_0_mask.png, or a folder of such."
        )
    return found


def read_sample(folder: Path) -> SceneSpec:
    """What a sample folder says, its files not opened yet.

    Raises:
        DataError: a file is missing; the sentence names it.
    """
    try:
        names = set(os.listdir(folder))
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise DataError(f"cannot read {printable(folder)} ({reason}); check it.") from None
    matches = [match for match in map(_OBJECT.fullmatch, names) if match]
    numbers = sorted({int(match[1]) for match in matches}) or [0]
    wanted = [BACKGROUND]
    for number in range(numbers[-1] + 1):
        wanted += [f"object_{number}.png", f"object_{number}_mask.png"]
    missing = [name for name in wanted if name not in names]
    if missing:
        what = " and ".join(missing)
        raise DataError(f"the sample {printable(folder)} lacks {what}; add what is missing.")
    objects = tuple(
        ObjectSpec(folder / f"object_{number}.png", folder / f"object_{number}_mask.png")
        for number in numbers
    )
    return SceneSpec(folder / BACKGROUND, objects)
