"""One picture with the objects that stand in it: what compositing is learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box


@dataclass(frozen=True, eq=False)
class ObjectPicture:
    """An object by itself."""

    rgb: NDArray[np.uint8]  # HxWx3
    alpha: NDArray[np.uint8] | None  # HxW; None: the object stands on white


@dataclass(frozen=True, eq=False)
class CompositeSample:
    """A picture that has K objects in it."""

    name: str
    picture: NDArray[np.uint8]  # HxWx3, the objects in it
    objects: tuple[ObjectPicture, ...]
    boxes: tuple[Box, ...]  # where they stand, in pixels of the picture
    ranks: tuple[int, ...] | None  # each object's place from front (0) to back; None: not known
