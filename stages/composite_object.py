"""Objects to put into a scene: cut out of whatever picture shows them.

| the picture | how it is cut out |
|---|---|
| with a mask | the mask; its edge follows the picture's, colours of the old ground are taken off |
| with transparent parts | its alpha; a rim that the old ground coloured is coloured anew |
| on white | what is not white; the edge's alpha from the known ground |
| any other | by a segmenter, then as with a mask |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.discs import disc, grown
from ..core.errors import MaskError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.images import load_picture
from ..core.instances import Instance
from ..core.masks import Mask, load_mask
from ..core.names import printable
from .composite_engine import Floats, Placed, unit
from .composite_foreground import estimate_foreground
from .composite_rim import clean_rim
from .composite_white import white_alpha, white_ground
from .matte import matte, reduced

How = Literal["mask", "alpha", "white", "segmenter"]
Segment = Callable[[NDArray[np.uint8]], list[Instance]]

_CLEAR = 0.005  # share of pixels that are transparent from which on alpha says what the object is
_VISIBLE = 0.05  # alpha from which on a pixel belongs to the object's box
_SPARE = 2  # an object is cut out at so many times the size it is placed at, or its own
_MARGIN = 0.04  # of the longer side, kept about the object
_BAND = {"mask": 0.016, "segmenter": 0.02}  # of the longer side: where a given edge may be off
_SLIT = 0.004  # of the longer side, half of a slit between the parts of an annotated mask
_SEAM = 0.02  # of the longer side, what annotators leave between two objects that touch


@dataclass(frozen=True, eq=False)
class CutOut:
    """An object, cut off tightly."""

    rgb: Floats = field(repr=False)  # hxwx3 sRGB in [0, 1], alpha not multiplied in
    alpha: Floats = field(repr=False)  # hxw in [0, 1]
    how: How
    scale: float  # pixels here a pixel of the file


def load_object(
    path: Path,
    mask: Path | None = None,
    *,
    size: tuple[float, float] | None = None,
    segment: Segment | None = None,
    clean: bool = True,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> CutOut:
    """Read an object and cut it out.

    Args:
        path: its picture.
        mask: where it is in there, as `core.masks.load_mask` reads it.
        size: width and height it will be placed at; more than twice that is not looked at.
        segment: finds it where nothing else says where it is.
        clean: work on the edge; without it masks and alpha are taken as they are.

    Raises:
        ImageError: no picture, or damaged.
        MaskError: the mask does not fit or is empty, or there is no object to be found.
    """
    picture = load_picture(path, max_pixels=max_pixels)
    rgb = picture.rgb
    how: How = "mask"
    where: Mask | None = None
    alpha = None if picture.alpha is None else unit(picture.alpha)
    if mask is not None:
        where = load_mask(mask, size=(picture.width, picture.height), max_pixels=max_pixels)
    elif alpha is not None and (alpha < 0.5).mean() >= _CLEAR:
        how = "alpha"
    elif (ground := white_ground(picture.over())) is not None:
        how, rgb, where = "white", picture.over(), ~ground
    elif segment is not None:
        how, where = "segmenter", _found(segment(rgb), path)
    else:
        raise MaskError(f"{printable(path)} is not cut out; give a mask of its object.")
    visible = (alpha >= _VISIBLE) if where is None and alpha is not None else where
    assert visible is not None
    if not visible.any():
        raise MaskError(f"{printable(path)} is transparent everywhere; give one with an object.")
    part = _window(visible, _MARGIN)
    rgb = np.ascontiguousarray(rgb[part])
    if how == "alpha":
        assert alpha is not None
        colours, soft, scale = _reduced(rgb, alpha[part], size, visible[part])
        if clean:
            colours, soft = clean_rim(colours, soft)
        return _tight(colours, soft, "alpha", scale)
    assert where is not None
    where = where[part]
    factor = _factor(where, size)
    rgb, where = _smaller(rgb, where, factor)
    if how == "white":
        soft, colours = white_alpha(rgb, ~where)
        return _tight(colours, soft, "white", 1 / factor)
    if not clean:
        return _tight(unit(rgb), where.astype(np.float32), "mask", 1 / factor)
    soft = _soft(rgb, where, how)
    if alpha is not None:
        size_here = where.shape[1], where.shape[0]
        given = cv2.resize(alpha[part], size_here, interpolation=cv2.INTER_AREA)
        soft = np.asarray(soft * np.asarray(given), np.float32)
    colours = estimate_foreground(unit(rgb), soft)
    return _tight(colours, soft, "segmenter" if how == "segmenter" else "mask", 1 / factor)


def cut_in_place(
    rgb: NDArray[np.uint8], where: Mask, name: str, *, front: Mask | None = None
) -> Placed:
    """An object of a photograph where it stands, at the photograph's own pixels.

    Slits between the parts of a mask are closed: annotators draw what another object cuts in two
    as polygons that hardly miss each other.

    Args:
        rgb: HxWx3, the photograph.
        where: HxW, the object; some of it is True.
        name: the object's.
        front: HxW, what stands before it; where that touches it, the object goes on below, in
            its own colours, and what lies between both masks is the object's.
    """
    rows, columns = _window(where, _MARGIN)
    size = max(rows.stop - rows.start, columns.stop - columns.start)
    reach = max(round(_SEAM * size), 2)
    where = _closed(_to_border(where, reach), max(round(_SLIT * size), 1))
    here, mask = np.ascontiguousarray(rgb[rows, columns]), where[rows, columns]
    seam = hidden = np.zeros_like(mask)
    if front is not None:
        before = front[rows, columns]
        near = grown(mask, reach)
        seam = _closed(mask | before, reach) & ~(mask | before) & near & grown(before, reach)
        hidden = before & ~mask & grown(mask, 2 * reach)
    soft = _soft(here, mask | seam | hidden, "mask", seam)
    own = np.where(hidden, 0, soft).astype(np.float32)
    colours = estimate_foreground(unit(here), own)
    part = _box(soft >= min(_VISIBLE, float(soft.max())))
    x, y = columns.start, rows.start
    box = x + part[1].start, y + part[0].start, x + part[1].stop, y + part[0].stop
    return Placed(name, colours[part].copy(), soft[part].copy(), box, box)


def _to_border(mask: Mask, reach: int) -> Mask:
    """A mask that ends within reach of the picture's border, continued to it."""
    strip = np.ones_like(mask)
    strip[reach:-reach, reach:-reach] = False
    return mask | (strip & grown(mask, reach))


def _closed(mask: Mask, radius: int) -> Mask:
    """A mask without gaps that a disc of this radius does not fit into."""
    wide = np.pad(mask.astype(np.uint8), radius + 1, mode="edge")
    inner = slice(radius + 1, -radius - 1)
    return np.asarray(cv2.morphologyEx(wide, cv2.MORPH_CLOSE, disc(radius))[inner, inner], bool)


def _soft(rgb: NDArray[np.uint8], where: Mask, how: How, doubtful: Mask | None = None) -> Floats:
    """The alpha of a mask whose edge follows the picture's."""
    return matte(rgb, where, max(_BAND[how] * max(where.shape), 1.5), doubtful=doubtful)


def _found(instances: list[Instance], path: Path) -> Mask:
    if not instances:
        raise MaskError(f"no object stands out in {printable(path)}; give a mask of it.")
    best = max(instances, key=lambda each: each.score * each.mask.sum() ** 0.5)
    return best.mask


def _window(visible: Mask, margin: float) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
    spare = int(np.ceil(margin * max(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1))) + 2
    return (
        slice(max(int(rows[0]) - spare, 0), int(rows[-1]) + spare + 1),
        slice(max(int(columns[0]) - spare, 0), int(columns[-1]) + spare + 1),
    )


def _factor(visible: Mask, size: tuple[float, float] | None) -> int:
    """By which whole number an object can be reduced and still be twice as large as wanted."""
    if size is None:
        return 1
    rows, columns = visible.any(1).sum(), visible.any(0).sum()
    return max(int(min(columns / size[0], rows / size[1]) / _SPARE), 1)


def _smaller(rgb: NDArray[np.uint8], where: Mask, factor: int) -> tuple[NDArray[np.uint8], Mask]:
    if factor == 1:
        return rgb, where
    size = max(where.shape[1] // factor, 1), max(where.shape[0] // factor, 1)
    return reduced(rgb, where, size)


def _reduced(
    rgb: NDArray[np.uint8], alpha: Floats, size: tuple[float, float] | None, visible: Mask
) -> tuple[Floats, Floats, float]:
    factor = _factor(visible, size)
    colours = unit(rgb)
    if factor == 1:
        return colours, alpha, 1.0
    height, width = alpha.shape
    small = max(width // factor, 1), max(height // factor, 1)
    both = np.dstack([colours * alpha[..., None], alpha])
    both = np.asarray(cv2.resize(both, small, interpolation=cv2.INTER_AREA), np.float32)
    soft = both[..., 3]
    return both[..., :3] / np.maximum(soft, 1e-4)[..., None], soft, 1 / factor


def _tight(rgb: Floats, alpha: Floats, how: How, scale: float) -> CutOut:
    visible = alpha >= min(_VISIBLE, float(alpha.max()))
    part = _box(visible)
    return CutOut(np.ascontiguousarray(rgb[part]), np.ascontiguousarray(alpha[part]), how, scale)


def _box(visible: Mask) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
