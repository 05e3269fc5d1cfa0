"""The tones to be expected around a photograph, and a fill's tones brought to its border."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .patch_search import CanvasLevel
from .patch_sources import Floats

_DOWN, _ACROSS = 0.15, 0.35  # shares of the photograph that mirroring reaches at most
_BLUR, _FULL = 1 / 14, 1 / 10  # of the canvas: of the tones, and from where on they are all blurred
_RIM = 3  # pixels at both sides of the border that are compared
_ALONG, _FADE = 0.025, 0.12  # of the longer side: smoothing along the border, and reach
_MOST = 0.25  # of the range of grey levels that tones are moved by at most


def expected_tones(level: CanvasLevel, wanted: NDArray[np.bool_]) -> Floats:
    """A first picture (h,w,3) of the canvas: the photograph mirrored at its border, the less the
    further out, and the more blurred. Vertically little of it is seen again, for above the sky
    comes more sky and not the ground.

    Args:
        level: the canvas.
        wanted: (height, width) of the photograph; the tones of other parts are not continued.
    """
    sources = level.sources
    photo = sources.colours[:, : sources.width]
    reach = max(photo.shape[:2]) / 10
    share = cv2.GaussianBlur(wanted.astype(np.float32), (0, 0), reach)[..., None]
    around = cv2.GaussianBlur(photo * wanted[..., None].astype(np.float32), (0, 0), reach)
    clean = np.where(wanted[..., None], photo, around / (share + 1e-3)).astype(np.float32)
    height, width = level.shape
    down = _folded(np.arange(height) - level.corner[0], sources.height, _DOWN)
    across = _folded(np.arange(width) - level.corner[1], sources.width, _ACROSS)
    shape = (height, width)
    rows, columns = np.broadcast_to(down[:, None], shape), np.broadcast_to(across, shape)
    mirrored = cv2.remap(
        clean, np.ascontiguousarray(columns), np.ascontiguousarray(rows), cv2.INTER_LINEAR
    )
    blurred = cv2.GaussianBlur(mirrored, (0, 0), max(shape) * _BLUR)
    share = np.zeros((*shape, 1), np.float32)
    share[level.rows, level.columns, 0] = np.minimum(level.distance / (max(shape) * _FULL), 1)
    return level.with_photo(np.asarray(mirrored * (1 - share) + blurred * share, np.float32))


def _folded(places: NDArray[np.int64], size: int, most: float) -> Floats:
    """Places on an axis of a photograph of `size` pixels, mirrored at its ends, ever more slowly,
    up to a share of `most`."""
    reach = most * size
    over = reach * (1 - np.exp(-np.maximum(places - (size - 1), 0) / reach))
    under = reach * (1 - np.exp(-np.maximum(-places, 0) / reach))
    return np.clip(np.clip(places, 0, size - 1) - over + under, 0, size - 1).astype(np.float32)


def matched_at_border(level: CanvasLevel, filled: Floats) -> Floats:
    """The picture (h,w,3) with the fill's tones moved so that they meet the photograph's."""
    top, left = level.corner
    bottom, right = top + level.sources.height, left + level.sources.width
    photo = level.sources.colours[:, : level.sources.width]
    rows, columns = level.rows, level.columns
    down = np.clip(rows - top, 0, level.sources.height - 1)
    across = np.clip(columns - left, 0, level.sources.width - 1)
    beside_down, beside_across = rows - top - down, columns - left - across
    # inside, outside, the place on the border, and how far out; of each side
    sides = (
        (photo[:_RIM], filled[max(top - _RIM, 0) : top, left:right], 0, -beside_down),
        (photo[-_RIM:], filled[bottom : bottom + _RIM, left:right], 0, beside_down),
        (photo[:, :_RIM], filled[top:bottom, max(left - _RIM, 0) : left], 1, -beside_across),
        (photo[:, -_RIM:], filled[top:bottom, right : right + _RIM], 1, beside_across),
    )
    move = np.zeros((len(rows), 3), np.float32)
    total = np.full(len(rows), 1e-9, np.float32)
    for inside, outside, axis, out in sides:
        if outside.size == 0:
            continue
        step = np.median(inside, axis) - np.median(outside, axis)
        smooth = cv2.GaussianBlur(
            step[None], (0, 0), max(level.shape) * _ALONG, borderType=cv2.BORDER_REPLICATE
        )[0]
        place, beside = (across, beside_across) if axis == 0 else (down, beside_down)
        weight = np.where(out > 0, 1 / (np.hypot(out, beside) + 1) ** 2, 0).astype(np.float32)
        move += weight[:, None] * smooth[place]
        total += weight
    move = np.clip(move / total[:, None], -_MOST, _MOST)
    move *= np.exp(-np.hypot(beside_down, beside_across) / (_FADE * max(level.shape)))[:, None]
    matched = filled.copy()
    matched[rows, columns] += move.astype(np.float32)
    return matched
