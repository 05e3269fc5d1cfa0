"""Soft edges of cut-outs: an alpha channel, and colours into which nothing behind has bled.

A hard mask makes a jagged edge with a rim of what stood behind. Within a narrow band the alpha
follows the picture's own edge by the guided filter (He et al. 2013), and the colours F of mixed
pixels are those that give the picture I back over the ground B, I = aF + (1-a)B, drawn towards
the colours further inside where a says little (ridge regression).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from ..models.guided_filter import guided_filter

Floats = NDArray[np.float32]

_SIDE = 1024  # pixels at which the filter's functions are found
_STEEP = 1.6  # by which its slopes are steepened, for it blurs
_TRUST = 0.08  # weight of the colours further inside against those that are solved for


def soft_alpha(rgb: NDArray[np.uint8], mask: Mask, band: float) -> NDArray[np.uint8]:
    """An alpha channel HxW, 0…255: as the mask, but soft within `band` pixels of its outline.

    Args:
        rgb: HxWx3, the picture that shows the object.
        mask: HxW, where the object is.
        band: pixels on both sides of the outline; where the picture ends there is none.
    """
    filled = mask.astype(np.uint8)
    inside = _distance(filled)
    outside = _distance(1 - filled)
    signed = np.where(mask, inside - 0.5, 0.5 - outside)
    share = band / max(mask.shape)
    soft = guided_filter(
        rgb, mask.astype(np.float32), radius=share, side=min(_SIDE, max(mask.shape))
    )
    steep = (soft - 0.5) * _STEEP + 0.5
    bounded = np.clip(steep, np.clip(signed / band, 0, 1), np.clip(1 + signed / band, 0, 1))
    return np.asarray(np.rint(bounded * 255), np.uint8)


def inner_colours(rgb: NDArray[np.uint8], solid: Mask, reach: float) -> Floats:
    """The picture HxWx3 with the colours of `solid` spread over what is not.

    Near it they are averaged over about `reach` pixels, further away over ever more; where
    nothing is solid, the picture itself.
    """
    colours = rgb.astype(np.float32)
    if not solid.any():
        return colours
    spread = np.zeros_like(colours)
    missing = ~solid
    spread[solid] = colours[solid]
    weights = solid.astype(np.float32)
    sigma = max(reach, 1.0)
    while missing.any():
        total = _blurred(weights, sigma)
        mean = _blurred(colours * weights[..., None], sigma) / np.maximum(total, 1e-6)[..., None]
        near = missing & (total > 1e-3)
        spread[near] = mean[near]
        missing &= ~near
        if sigma > 2 * max(solid.shape):
            spread[missing] = colours[solid].mean(0)
            break
        sigma *= 3
    return spread


def clean_colours(
    rgb: NDArray[np.uint8], alpha: NDArray[np.uint8], ground: NDArray[np.uint8], inner: Floats
) -> NDArray[np.uint8]:
    """The colours HxWx3 of a cut-out of `rgb`, without what shines through from `ground`.

    Args:
        rgb: what is to be seen when the cut-out lies over `ground`.
        alpha: HxW, 0…255.
        ground: what lies below.
        inner: what to take where alpha says nothing.
    """
    a = (alpha.astype(np.float32) / 255)[..., None]
    through = rgb.astype(np.float32) - (1 - a) * ground
    solved = (a * through + _TRUST * inner) / (a * a + _TRUST)
    found = np.where(a >= 1, rgb, np.clip(np.rint(solved), 0, 255))
    return np.asarray(found, np.uint8)


def over(
    colours: NDArray[np.uint8], alpha: NDArray[np.uint8], ground: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Colours HxWx3 with alpha HxW laid over a ground, rounded as painting programs do."""
    a = alpha[..., None].astype(np.uint32)
    mixed = colours * a + ground * (255 - a)
    return ((mixed + 127) // 255).astype(np.uint8)


def _distance(filled: NDArray[np.uint8]) -> NDArray[Any]:
    """Of every 1 to the nearest 0, in pixels; large where there is none."""
    if filled.all():
        return np.full(filled.shape, 1e6, np.float32)
    return cv2.distanceTransform(filled, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _blurred(values: Floats, sigma: float) -> Floats:
    size = 2 * max(round(sigma), 1) + 1
    once = cv2.blur(values, (size, size), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(cv2.blur(once, (size, size), borderType=cv2.BORDER_CONSTANT), np.float32)
