"""Objects that touch, taken apart where the mask between them is narrow."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .mask_parts import connected_parts

NECK = 0.5  # a neck is at most this wide, as a share of what it joins
_LEAST_CORE = 0.3  # of the thickest core; thinner ones are limbs and not objects
_LEVELS = 19  # of thickness at which cores are looked for


def split_at_necks(mask: Mask, neck: float = NECK) -> NDArray[np.int32]:
    """Numbers 1, 2, … of the parts of a mask (h,w), 0 outside it.

    Connected parts get numbers of their own. One of them is taken apart where, at some
    thickness t, it falls into cores that are all at least t/`neck` thick; the border between
    them runs along the narrowest place (watershed on the distance to the mask's edge).

    Args:
        mask: small, a few hundred pixels a side.
        neck: see NECK; on held-out photographs 0.5 finds more single objects than 0.35 or no
            splitting, and 0.65 splits more that are one.
    """
    edge = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    thickness = cv2.distanceTransform(edge, cv2.DIST_L2, 5)[1:-1, 1:-1]
    seeds = np.zeros(mask.shape, np.int32)
    count = 0
    for part in connected_parts(mask):
        for core in _cores(np.where(part, thickness, 0), neck) or [part]:
            count += 1
            seeds[core] = count
    seeds[~mask] = count + 1
    top = max(float(thickness.max()), 1e-6)
    relief = np.asarray(255 - 255 * thickness / top, np.uint8)
    # with a rim, for the outermost pixels are never given to anything
    flooded = np.pad(seeds, 1, "edge")
    cv2.watershed(np.repeat(np.pad(relief, 1, "edge")[..., None], 3, 2), flooded)
    numbers = flooded[1:-1, 1:-1]
    numbers = np.where((numbers < 0) | (numbers > count), 0, numbers).astype(np.int32)
    return np.where(mask, nearest_number(numbers), 0)


def nearest_number(numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Every pixel's number or, where it is 0, that of a nearest pixel that has one; (h,w)."""
    if not numbers.any():
        return numbers
    blank = (numbers == 0).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(
        blank, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(labels.max()) + 1, np.int32)
    table[labels[blank == 0]] = numbers[blank == 0]
    return table[labels]


def _cores(thickness: NDArray[np.float32], neck: float) -> list[Mask]:
    """The cores into which a part falls, or none if it stays whole at every thickness."""
    top = float(thickness.max())
    best: list[Mask] = []
    for level in np.linspace(0, top, _LEVELS + 2)[1:-1]:
        _, labels = cv2.connectedComponents((thickness > level).astype(np.uint8), None, 8)
        peaks = np.zeros(int(labels.max()) + 1, np.float32)
        np.maximum.at(peaks, labels, thickness)
        thick = (peaks * neck >= level) & (peaks >= _LEAST_CORE * top)
        thick[0] = False
        found = np.flatnonzero(thick)
        if len(found) > max(len(best), 1):
            best = [np.asarray(labels == number) for number in found]
    return best
