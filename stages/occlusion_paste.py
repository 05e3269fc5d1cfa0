"""Cut-outs with soft edges, and laying them over a picture."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask, mask_box

_SOFT = 0.8  # pixels: sigma of the edge
_SPREAD = 3.0  # pixels: how far the object's colours are drawn out below its soft edge
_MARGIN = 4  # pixels of room for both


@dataclass(frozen=True, eq=False)
class Cutout:
    """An object on its own."""

    rgb: NDArray[np.float32] = field(repr=False)  # hxwx3, in [0, 255]
    alpha: NDArray[np.float32] = field(repr=False)  # hxw, in [0, 1]

    @property
    def mask(self) -> Mask:
        """What is more than half opaque."""
        return np.asarray(self.alpha > 0.5)


def cut_out(rgb: NDArray[np.uint8], mask: Mask, scale: float) -> Cutout:
    """Cut an object out of its picture, scale it, and soften its edge.

    A pixel is taken off all around, and its colours are drawn out over the soft edge, so that
    nothing of its old background comes along.

    Args:
        rgb: HxWx3.
        mask: HxW, not empty.
        scale: of the cut-out against the picture, above 0.
    """
    box = mask_box(mask)
    rows, columns = (slice(int(a), int(b)) for a, b in ((box.y1, box.y2), (box.x1, box.x2)))
    part = np.pad(mask[rows, columns].astype(np.float32), 1)
    colours = np.pad(rgb[rows, columns].astype(np.float32), ((1, 1), (1, 1), (0, 0)))
    kept = cv2.erode(part, np.ones((3, 3), np.uint8))
    kept = kept if kept.any() else part
    size = tuple(max(round(n * scale), 1) for n in reversed(part.shape))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    # premultiplied, so that what is not the object lends no colour
    share = np.pad(cv2.resize(kept, size, interpolation=how), _MARGIN)
    pixels = cv2.resize(colours * kept[..., None], size, interpolation=how)
    pixels = np.pad(pixels, ((_MARGIN, _MARGIN), (_MARGIN, _MARGIN), (0, 0)))
    near = cv2.GaussianBlur(share, (0, 0), _SPREAD)[..., None]
    drawn_out = cv2.GaussianBlur(pixels, (0, 0), _SPREAD) / np.maximum(near, 1e-4)
    solid = share[..., None]
    inside = np.where(solid > 0.99, pixels / np.maximum(solid, 0.5), drawn_out)
    alpha = cv2.GaussianBlur(share, (0, 0), _SOFT)
    return Cutout(np.clip(inside, 0, 255).astype(np.float32), np.clip(alpha, 0, 1))


def laid_over(
    rgb: NDArray[np.uint8], cutout: Cutout, place: tuple[int, int]
) -> tuple[NDArray[np.uint8], Mask]:
    """The picture HxWx3 with the cut-out's corner at `place` (x, y), and where it covers it."""
    y, x, inner_y, inner_x = _overlap(cutout.alpha.shape, place, (rgb.shape[0], rgb.shape[1]))
    mixed = rgb.copy()
    alpha = cutout.alpha[inner_y, inner_x, None]
    below = rgb[y, x].astype(np.float32)
    mixed[y, x] = np.rint(below + alpha * (cutout.rgb[inner_y, inner_x] - below)).astype(np.uint8)
    return mixed, shifted(cutout.mask, place, (rgb.shape[0], rgb.shape[1]))


def shifted(mask: Mask, place: tuple[int, int], shape: tuple[int, ...]) -> Mask:
    """A mask on a canvas of `shape` (height, width), its corner at `place` (x, y)."""
    canvas = np.zeros(shape, bool)
    y, x, inner_y, inner_x = _overlap(mask.shape, place, shape)
    canvas[y, x] = mask[inner_y, inner_x]
    return canvas


def _overlap(
    size: tuple[int, ...], place: tuple[int, int], shape: tuple[int, ...]
) -> tuple[slice, slice, slice, slice]:
    """Rows and columns of the canvas that a part of `size` covers, and the part's own."""
    spans = []
    for corner, length, limit in zip(reversed(place), size, shape, strict=True):
        start, end = max(corner, 0), max(min(corner + length, limit), 0)
        spans.append(
            (slice(start, max(end, start)), slice(start - corner, max(end, start) - corner))
        )
    return spans[0][0], spans[1][0], spans[0][1], spans[1][1]
