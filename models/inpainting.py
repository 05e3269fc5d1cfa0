"""Filling a hole of any shape in a picture of any size with any inpainter.

The engines see only what they were made for: a window around the hole, no larger than they
stand, with sides of their multiple. What lies in the hole never reaches them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import MaskError
from ..core.masks import Mask
from ..core.seeds import derive_seed
from .hole_groups import hole_groups
from .hole_resize import enlarged, shrunk
from .inpainter import Inpainter


def fill_hole(
    inpainter: Inpainter,
    rgb: NDArray[np.uint8],
    hole: Mask,
    *,
    seed: int,
    working: int | None = None,
    feather: float = 0.0,
    context: float = 1.0,
) -> NDArray[np.uint8]:
    """A copy of the picture with the hole filled; every pixel outside the hole is the original.

    Parts of the hole that lie far apart are filled one by one, each with its surroundings.

    Args:
        inpainter: the engine.
        rgb: HxWx3 sRGB.
        hole: bool HxW, True where to fill.
        seed: equal seeds give equal pixels.
        working: the longest side in pixels at which is filled; larger windows are shrunk and
            what was filled is enlarged again. None: the engine's own limit.
        feather: pixels inside the hole's rim over which the fill fades in from the picture's own
            pixels; for holes that were widened by at least as much. 0: the hole is replaced
            sharply, and nothing of what was in it shows.
        context: surroundings to show on every side, in long sides of the hole's box.

    Raises:
        MaskError: the hole covers the whole picture, or has another size than it.
    """
    if hole.shape != rgb.shape[:2]:
        raise MaskError(
            f"the hole is {hole.shape[1]}x{hole.shape[0]} but its picture is "
            f"{rgb.shape[1]}x{rgb.shape[0]}; resize the hole to match."
        )
    if hole.all():
        raise MaskError(
            "the hole covers the whole picture, so that there is nothing to fill it from; mark "
            "less of it."
        )
    filled = rgb.copy()
    if not hole.any():
        return filled
    side = min(working or inpainter.limit or max(hole.shape), inpainter.limit or max(hole.shape))
    open_still = hole.copy()
    for group in hole_groups(hole, context):
        rows, columns = group.slices
        here = filled[rows, columns]
        drawn_from = derive_seed(seed, "hole", *(str(edge) for edge in group.window))
        fill = _fill_window(inpainter, here, open_still[rows, columns], side, drawn_from)
        if feather > 0:
            fill = _faded(fill, here, hole[rows, columns], feather)
        here[group.own] = fill[group.own]
        open_still[rows, columns] &= ~group.own
    return filled


def _fill_window(
    inpainter: Inpainter, rgb: NDArray[np.uint8], hole: Mask, side: int, seed: int
) -> NDArray[np.uint8]:
    """The window HxW with the hole filled at a long side of at most `side` pixels."""
    height, width = hole.shape
    scale = min(side / max(height, width), 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    if scale < 1:
        small, small_hole = shrunk(rgb, hole, size)
    else:
        small, small_hole = np.where(hole[..., None], np.uint8(0), rgb), hole
    if not small_hole.any():  # smaller than a pixel there, and averaged out
        return enlarged(small, width, height)
    below, right = -size[1] % inpainter.multiple, -size[0] % inpainter.multiple
    padded = np.pad(small, ((0, below), (0, right), (0, 0)), "symmetric")
    padded_hole = np.pad(small_hole, ((0, below), (0, right)), "symmetric")
    found = inpainter.fill(padded, padded_hole, seed)[: size[1], : size[0]]
    if scale == 1:
        return found
    # enlarged together with its surroundings as they are, so that the rim meets them
    return enlarged(np.where(small_hole[..., None], found, small), width, height)


def _faded(
    fill: NDArray[np.uint8], original: NDArray[np.uint8], hole: Mask, feather: float
) -> NDArray[np.uint8]:
    """The fill, mixed with the original from nothing at the hole's rim to all `feather` inside."""
    inside = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    weight = np.minimum(inside / (feather + 1), 1)[..., None]
    mixed = original + weight * (fill.astype(np.float32) - original)
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)
