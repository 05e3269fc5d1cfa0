"""Masks cleaned of what no object has: faint parts, specks and pinholes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask


def connected_parts(mask: Mask, least: int = 1) -> list[Mask]:
    """The parts of a mask HxW that touch by sides or corners, largest first.

    Args:
        mask: what to take apart.
        least: parts of fewer pixels are dropped.
    """
    _, labels, numbers, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), None, None, None, 8
    )
    areas = numbers[1:, cv2.CC_STAT_AREA]
    order = np.argsort(-areas, kind="stable")
    return [np.asarray(labels == i + 1) for i in order if areas[i] >= least]


def joined(mask: Mask, to: Mask, connectivity: int = 4) -> Mask:
    """What of `mask` hangs together with `to`, HxW each, by sides, or with 8 by corners too."""
    _, parts = cv2.connectedComponents((mask | to).astype(np.uint8), connectivity=connectivity)
    return np.asarray(mask & np.isin(parts, np.unique(parts[to])))


def without_faint_parts(
    soft: NDArray[np.float32], least_mean: float, least_area: float = 1
) -> NDArray[np.float32]:
    """A map HxW with 0 in the parts above 1/2 that are fainter in the mean, or smaller.

    Args:
        soft: in [0,1].
        least_mean: of a part that stays.
        least_area: its pixels at least.
    """
    kept = soft.copy()
    for part in connected_parts(soft > 0.5):
        if part.sum() < least_area or soft[part].mean() < least_mean:
            kept[part] = 0
    return kept


def without_specks(mask: Mask, least: int) -> Mask:
    """The mask without parts, and without holes, of fewer than `least` pixels.

    The largest part stays however small it is.
    """
    if not mask.any():
        return mask
    filled = mask | _small(~mask, least)
    specks = _small(filled, least)
    if not (filled & ~specks).any():
        _, labels, numbers, _ = cv2.connectedComponentsWithStats(
            filled.astype(np.uint8), None, None, None, 8
        )
        return np.asarray(labels == 1 + numbers[1:, cv2.CC_STAT_AREA].argmax())
    return np.asarray(filled & ~specks)


def _small(mask: Mask, least: int) -> Mask:
    """The parts of fewer than `least` pixels."""
    _, labels, numbers, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), None, None, None, 8
    )
    small = numbers[:, cv2.CC_STAT_AREA] < least
    small[0] = False
    return np.asarray(small[labels])
