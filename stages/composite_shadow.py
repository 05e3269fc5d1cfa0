"""Soft shadows: of an object on what it stands on, and of one object on another behind it.

The light is taken as wide and from above, so a shadow is darkest where feet touch the ground,
fades within a fraction of the object's width, and lies along a line through its feet.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .composite_engine import Placed, Window

Floats = NDArray[np.float32]

_OPAQUE = 0.5
_FOOT = 0.10  # of the object's height: whatever ends this near to its lowest pixel stands
_NEAR = (0.008, 0.028)  # of its size: how far the dark part about feet spreads
_REACH = 0.4  # of its height: over which what hangs above the ground darkens it less
_WIDE = 0.05  # of its width: how far the soft part spreads up and down
_DARK = (0.62, 0.65, 0.5)  # most of the light that the soft part and those about feet take away
_ON_OTHER = (0.3, 0.05)  # the same of an object behind, and over which share of the size
_MARGIN = 0.22  # of the object's size about it, where its shadow may lie
_SMALL = 192  # pixels of the longer side at which the sky is looked for
_FLAT = 0.02  # of [0, 1]: steps between neighbours within the sky
_SKY = 0.16  # distance of a sky's colour from that of the picture's upper edge
_NIGHT = 0.12  # of [0, 1]: what is darker at the upper edge may be anything
_LEAST = 0.004  # of light: less darkness is none


@dataclass(frozen=True, eq=False)
class Shadow:
    """How much light is taken away (hxw in [0, 1]) in a window of the background."""

    window: Window
    dark: Floats


def sky_of(background: NDArray[np.uint8]) -> Mask:
    """What hangs together with the upper edge without a step (a small mask): mostly sky."""
    height, width = background.shape[:2]
    scale = min(_SMALL / max(height, width), 1.0)
    size = max(round(width * scale), 3), max(round(height * scale), 3)
    small = cv2.resize(background, size, interpolation=cv2.INTER_AREA)
    small = np.asarray(cv2.GaussianBlur(small, (0, 0), 0.6), np.float32) / 255
    step = np.maximum(
        np.abs(np.diff(small, axis=0, prepend=small[:1])).max(-1),
        np.abs(np.diff(small, axis=1, prepend=small[:, :1])).max(-1),
    )
    top = np.median(small[: max(size[1] // 20, 1)], axis=0, keepdims=True)
    top = np.asarray(cv2.blur(top, (max(size[0] // 4, 1), 1)))
    like = np.sqrt(((small - top) ** 2).mean(-1)) < _SKY
    flat = ((step < _FLAT) & like & (top.max(-1) > _NIGHT)).astype(np.uint8)
    _, labels = cv2.connectedComponents(flat, connectivity=4)
    rim = np.unique(labels[0])
    return np.asarray(np.isin(labels, rim[rim > 0]))


def stands(placed: Placed, sky: Mask, size: tuple[int, int]) -> bool:
    """Whether the object plausibly stands on something: it has a lower edge, not in the sky.

    Args:
        placed: the object.
        sky: as from `sky_of`.
        size: width and height of the background.
    """
    feet = _feet(placed.seen)
    if feet is None:
        return False
    x1, _, x2, y2 = placed.box
    across, down = sky.shape[1] / size[0], sky.shape[0] / size[1]
    left, right = int(x1 * across), max(int(np.ceil(x2 * across)), int(x1 * across) + 1)
    rows = np.clip(np.array([y2 * down - 1, y2 * down + 1]).astype(int), 0, sky.shape[0] - 1)
    return float(sky[rows[0] : rows[1] + 1, left:right].mean()) < 0.5


def ground_shadow(placed: Placed, size: tuple[int, int], strength: float = 1.0) -> Shadow | None:
    """The shadow on what an object stands on; None if it touches nothing.

    Args:
        placed: the object.
        size: width and height of the background.
        strength: 1 is what is usual.
    """
    feet = _feet(placed.seen)
    if feet is None:
        return None
    lowest, line, stand = feet
    height, width = placed.alpha.shape
    extent = float(np.sqrt(height * width))
    across = min(width, 2.0 * height)
    window = _window(placed.box, int(_MARGIN * max(across, 0.5 * extent)) + 3, size)
    left, top = placed.box[0] - window[0], placed.box[1] - window[1]
    rows = np.arange(window[3] - window[1], dtype=np.float32)[:, None] - top
    shape = (window[3] - window[1], window[2] - window[0])
    hang = np.clip((line - lowest) / max(_REACH * height, 1.0), 0, 2)  # of columns above ground
    soft = np.where(np.isfinite(lowest), 0.45 + 0.55 * np.exp(-1.5 * hang), 0).astype(np.float32)
    spread = max(_WIDE * across, 1.5)
    parts = [(soft, line + 0.1 * spread, spread, _DARK[0])]
    ends = lowest_or(lowest, line)
    for share, most in zip(_NEAR, _DARK[1:], strict=True):
        reach = max(share * extent, 0.8)
        parts.append((_widened(stand, reach), ends + 0.4 * reach, reach, most))
    dark = np.zeros(shape, np.float32)
    for weight, middle, reach, most in parts:
        layer = np.zeros(shape, np.float32)
        layer[:, left : left + width] = weight * np.exp(-(((rows - middle) / reach) ** 2) / 2)
        soft_layer = cv2.GaussianBlur(
            layer, (0, 0), sigmaX=reach, sigmaY=0.3 * reach, borderType=cv2.BORDER_CONSTANT
        )
        taken = np.clip(most * strength, 0, 0.9) * np.asarray(soft_layer)
        dark = np.asarray(1 - (1 - dark) * (1 - taken), np.float32)
    return Shadow(window, _faded(dark))


def shadow_on_other(fore: Placed, size: tuple[int, int], strength: float = 1.0) -> Shadow:
    """What an object takes of the light of others right behind it."""
    height, width = fore.alpha.shape
    reach = max(_ON_OTHER[1] * float(np.sqrt(height * width)), 1.0)
    window = _window(fore.box, int(3 * reach) + 2, size)
    layer = np.zeros((window[3] - window[1], window[2] - window[0]), np.float32)
    left, top = fore.box[0] - window[0], fore.box[1] - window[1]
    layer[top : top + height, left : left + width] = fore.seen
    soft = np.asarray(cv2.GaussianBlur(layer, (0, 0), reach, borderType=cv2.BORDER_CONSTANT))
    return Shadow(window, _faded(np.clip(_ON_OTHER[0] * strength, 0, 0.9) * soft))


def lowest_or(lowest: Floats, line: Floats) -> Floats:
    """The lowest pixels of columns, or the ground where there are none."""
    return np.where(np.isfinite(lowest), lowest, line).astype(np.float32)


def _feet(alpha: Floats) -> tuple[Floats, Floats, Floats] | None:
    """Of every column its lowest pixel (-inf: none), the ground's height, and whether it stands."""
    opaque = alpha > _OPAQUE
    height = alpha.shape[0]
    any_ = opaque.any(0)
    if not any_.any():
        return None
    lowest = np.where(any_, height - 1 - np.argmax(opaque[::-1], 0), -np.inf).astype(np.float32)
    stand = any_ & (lowest >= lowest.max() - _FOOT * height)
    # of columns that end at nearly the same height only the lower ones nearby touch
    reach = 2 * max(alpha.shape[1] // 40, 1) + 1
    near = np.asarray(cv2.dilate(lowest[None], np.ones((1, reach))))[0]
    stand &= lowest >= near - 0.02 * height
    columns = np.flatnonzero(stand)
    line = np.interp(np.arange(alpha.shape[1]), columns, lowest[columns]).astype(np.float32)
    smooth = 2 * max(alpha.shape[1] // 20, 1) + 1
    line = np.asarray(cv2.blur(line[None], (smooth, 1), borderType=cv2.BORDER_REPLICATE))[0]
    return lowest, line, stand.astype(np.float32)


def _widened(stand: Floats, reach: float) -> Floats:
    """Columns that stand, a little wider, so that blurring does not wipe out thin feet."""
    size = 2 * max(round(0.5 * reach), 1) + 1
    return np.asarray(cv2.dilate(stand[None], np.ones((1, size))), np.float32)[0]


def _faded(dark: Floats) -> Floats:
    """Without what is too faint to be seen, and without a step where that ends."""
    return np.asarray(np.clip((dark - _LEAST) / (1 - _LEAST), 0, 1), np.float32)


def _window(box: Window, margin: int, size: tuple[int, int]) -> Window:
    return (
        max(box[0] - margin, 0),
        max(box[1] - margin, 0),
        min(box[2] + margin, size[0]),
        min(box[3] + margin, size[1]),
    )
