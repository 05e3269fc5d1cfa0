"""Holes: what has to go so that nothing of an object is left, its rims included.

A mask that misses a strip of its object leaves a ghost, and an inpainter continues it. So besides
widening the mask, pixels that cling to it and look more like it than like their surroundings are
taken along.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.discs import grown
from ..core.masks import Mask, mask_box
from ..models.mask_parts import joined
from .segment_config import SegmentConfig

_REACH = 2.0  # radii of the widening within which pixels may cling to the mask
_FAR = 4.0  # radii up to which colours of the surroundings are taken
_ALIKE = 0.8  # share of the distance to the surroundings, within which a pixel is the object's


def widened(mask: Mask, config: SegmentConfig) -> Mask:
    """A mask grown by a disc of the radius that the settings say."""
    return grown(mask, hole_radius(mask, config))


def hole_around(rgb: NDArray[np.uint8], mask: Mask, others: Mask, config: SegmentConfig) -> Mask:
    """The mask with what clings to it, grown as `widened` does.

    Args:
        rgb: HxWx3, the picture that shows the object.
        mask: HxW, not empty.
        others: HxW, what is known to be something else and does not cling.
        config: the settings.
    """
    radius = hole_radius(mask, config)
    if radius < 1:
        return mask
    return grown(mask | _clinging(rgb, mask, others, radius), radius)


def hole_radius(mask: Mask, config: SegmentConfig) -> int:
    """Pixels by which the hole of a mask is wider than it."""
    radius: float = max(config.dilate * max(mask.shape), config.dilate_least)
    return round(radius)


def _clinging(rgb: NDArray[np.uint8], mask: Mask, others: Mask, radius: int) -> Mask:
    """Pixels near the mask, joined to it, with colours nearer to its own than to those around."""
    box, margin = mask_box(mask), round(_FAR * radius) + 1
    rows = slice(max(int(box.y1) - margin, 0), int(box.y2) + margin)
    columns = slice(max(int(box.x1) - margin, 0), int(box.x2) + margin)
    here, free = mask[rows, columns], ~others[rows, columns]
    away = cv2.distanceTransform((~here).astype(np.uint8), cv2.DIST_L2, 5)
    near = (away > 0) & (away <= _REACH * radius) & free
    around = (away > _REACH * radius) & (away <= _FAR * radius) & free
    found = np.zeros_like(mask)
    if not (near.any() and around.any()):
        return found
    colours = rgb[rows, columns].astype(np.float32)
    own, own_known = _local_mean(colours, here, 2 * radius)
    ground, ground_known = _local_mean(colours, around, 3 * radius)
    apart = [np.linalg.norm(colours - mean, axis=2) for mean in (own, ground)]
    alike = near & own_known & ground_known & (apart[0] < _ALIKE * apart[1])
    found[rows, columns] = joined(alike, here)
    return found


def _local_mean(
    colours: NDArray[np.float32], where: Mask, reach: int
) -> tuple[NDArray[np.float32], Mask]:
    """The mean colour of `where` within about `reach` pixels, and where there is any."""
    size = (2 * reach + 1,) * 2
    weights = where.astype(np.float32)
    total = cv2.boxFilter(weights, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
    summed = cv2.boxFilter(
        colours * weights[..., None], -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    mean = np.asarray(summed / np.maximum(total, 1)[..., None], np.float32)
    return mean, np.asarray(total > 0.5)
