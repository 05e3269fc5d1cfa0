"""The soft edge of an object whose mask is not quite its outline: a trimap, and matting in it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.discs import disc
from ..core.masks import Mask
from ..models.closed_form_matting import closed_form_alpha
from ..models.guided_filter import guided_filter
from .segment_alpha import soft_alpha

Floats = NDArray[np.float32]

_SIDE = 640  # pixels at which the whole band is looked at; larger pictures follow it
_CORE = 0.5  # of the greatest depth near by: what is thinner than the band keeps a middle
_THINNEST = (0.9, 1.0)  # pixels of depth that are sure: a line of one, but no gap of one
_HAZE = 0.05  # alpha that is taken for none, and what lacks as much of 1 for all
_REACH = 1.5  # pixels there of the windows whose functions of colour give a large picture's edge
_SETTLED = 0.02  # alpha that stays as the small picture has it


def matte(
    rgb: NDArray[np.uint8], mask: Mask, band: float, *, doubtful: Mask | None = None
) -> Floats:
    """The alpha HxW in [0, 1] of what a mask HxW shows of a picture HxWx3.

    Args:
        rgb: the picture.
        mask: some of it is True.
        band: pixels by which the mask's edge may be off.
        doubtful: HxW, of the mask but only perhaps the object's, however deep it lies.
    """
    if doubtful is None:
        doubtful = np.zeros_like(mask)
    scale = _SIDE / max(mask.shape)
    if scale >= 1:
        return _steep(_solved(rgb, mask, band, doubtful))
    size = max(round(mask.shape[1] * scale), 1), max(round(mask.shape[0] * scale), 1)
    small, here = reduced(rgb, mask, size)
    doubt = cv2.resize(doubtful.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    rough = _solved(small, here, max(band * scale, 1.5), doubt)
    whole = mask.shape[1], mask.shape[0]
    wide = np.asarray(cv2.resize(rough, whole, interpolation=cv2.INTER_LINEAR), np.float32)
    sharp = guided_filter(rgb, rough, radius=_REACH / _SIDE, side=_SIDE)
    settled = (wide < _SETTLED) | (wide > 1 - _SETTLED)
    return _steep(np.where(settled, wide, sharp))


def reduced(
    rgb: NDArray[np.uint8], mask: Mask, size: tuple[int, int]
) -> tuple[NDArray[np.uint8], Mask]:
    """A picture and a mask of it at a smaller size (width, height); some of the mask stays."""
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return small, np.asarray(share >= min(0.5, float(share.max())))


def _solved(rgb: NDArray[np.uint8], mask: Mask, band: float, doubtful: Mask) -> Floats:
    solid, empty = _sure(mask, band, _THINNEST[0]) & ~doubtful, _sure(~mask, band, _THINNEST[1])
    guess = soft_alpha(rgb, mask, band).astype(np.float32) / 255
    start = np.where(solid, 1, np.where(empty, 0, guess)).astype(np.float32)
    return closed_form_alpha(rgb, start, ~(solid | empty))


def _sure(mask: Mask, band: float, thinnest: float) -> Mask:
    """What is deeper within a mask than the band, or in the middle of what is thinner."""
    framed = np.pad(mask.astype(np.uint8), 1, mode="edge")
    if framed.all():
        return mask
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    near = cv2.dilate(depth, disc(max(round(band), 1)))
    return np.asarray(depth > np.minimum(band, np.maximum(_CORE * near, thinnest)), bool)


def _steep(alpha: Floats) -> Floats:
    return np.asarray(np.clip((alpha - _HAZE) / (1 - 2 * _HAZE), 0, 1), np.float32)
