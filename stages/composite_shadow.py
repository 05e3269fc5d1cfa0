"""Soft shadows: of an object on what it stands on, and of one object on another behind it.

The light is taken as wide and from above, so a shadow is darkest where feet touch the ground,
fades within a fraction of the object's width, and lies along a line through its feet.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .composite_engine import Placed, Window

Floats = NDArray[np.float32]

_OPAQUE = 0.5
_FOOT = 0.10  # of the object's height: whatever ends this near to its lowest pixel stands
_NEAR = (0.008, 0.028)  # of its size: how far the dark part about feet spreads
_REACH = 0.4  # of its height: over which what hangs above the ground darkens it less
_WIDE = 0.065  # of its width: how far the soft part spreads up and down
_DARK = (0.72, 0.65, 0.5)  # most of the light that the soft part and those about feet take away
_ON_OTHER = (0.35, 0.06)  # the same of an object behind, and over which share of the size
_MARGIN = 0.22  # of the object's size about it, where its shadow may lie
_SIDE = 640  # pixels of an object's longer side at which its shadow is drawn
_LEAST = 0.004  # of light: less darkness is none


@dataclass(frozen=True, eq=False)
class Shadow:
    """How much light is taken away (hxw in [0, 1]) in a window of the background."""

    window: Window
    dark: Floats


def ground_shadow(
    placed: Placed, size: tuple[int, int], strength: float = 1.0, contact: float | None = None
) -> Shadow | None:
    """The shadow on what an object stands on; None if it touches nothing.

    Args:
        placed: the object.
        size: width and height of the background.
        strength: 1 is what is usual.
        contact: the same of the dark part about feet alone; as `strength` by default.
    """
    alpha = _small(placed.seen)
    feet = _feet(alpha)
    if feet is None:
        return None
    height, width = alpha.shape
    across = min(width, 2.0 * height)
    margin = int(_MARGIN * max(across, 0.5 * float(np.sqrt(height * width)))) + 3
    strengths = strength, strength if contact is None else contact
    return _at_full_size(_around_feet(feet, alpha.shape, margin, strengths), margin, placed, size)


def shadow_on_other(fore: Placed, size: tuple[int, int], strength: float = 1.0) -> Shadow:
    """What an object takes of the light of others right behind it."""
    alpha = _small(fore.seen)
    reach = max(_ON_OTHER[1] * float(np.sqrt(alpha.size)), 1.0)
    margin = int(3 * reach) + 2
    layer = np.asarray(np.pad(alpha, margin), np.float32)
    soft = cv2.GaussianBlur(layer, (0, 0), reach, borderType=cv2.BORDER_CONSTANT)
    dark = np.clip(_ON_OTHER[0] * strength, 0, 0.9) * np.asarray(soft)
    return _at_full_size(dark, margin, fore, size)


def _around_feet(
    feet: tuple[Floats, Floats, Floats],
    shape: tuple[int, ...],
    margin: int,
    strengths: tuple[float, float],
) -> Floats:
    """The darkness about an object of this shape, in its window widened by the margin."""
    lowest, line, stand = feet
    height, width = shape
    extent = float(np.sqrt(height * width))
    hang = np.clip((line - lowest) / max(_REACH * height, 1.0), 0, 2)  # of columns above ground
    soft = np.where(np.isfinite(lowest), 0.45 + 0.55 * np.exp(-1.5 * hang), 0).astype(np.float32)
    spread = max(_WIDE * min(width, 2.0 * height), 1.5)
    parts = [(soft, line + 0.1 * spread, spread, _DARK[0] * strengths[0])]
    ends = np.where(np.isfinite(lowest), lowest, line).astype(np.float32)
    for share, most in zip(_NEAR, _DARK[1:], strict=True):
        reach = max(share * extent, 0.8)
        parts.append((_widened(stand, reach), ends + 0.4 * reach, reach, most * strengths[1]))
    rows = np.arange(height + 2 * margin, dtype=np.float32)[:, None] - margin
    dark = np.zeros((height + 2 * margin, width + 2 * margin), np.float32)
    for weight, middle, reach, most in parts:
        layer = np.zeros_like(dark)
        layer[:, margin : margin + width] = weight * np.exp(-(((rows - middle) / reach) ** 2) / 2)
        soft_layer = cv2.GaussianBlur(
            layer, (0, 0), sigmaX=reach, sigmaY=0.3 * reach, borderType=cv2.BORDER_CONSTANT
        )
        taken = np.clip(most, 0, 0.9) * np.asarray(soft_layer)
        dark = np.asarray(1 - (1 - dark) * (1 - taken), np.float32)
    return dark


def _small(alpha: Floats) -> Floats:
    """Alpha at a size that suffices for what is soft."""
    scale = _SIDE / max(alpha.shape)
    if scale >= 1:
        return alpha
    size = max(round(alpha.shape[1] * scale), 1), max(round(alpha.shape[0] * scale), 1)
    return np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.float32)


def _at_full_size(dark: Floats, margin: int, placed: Placed, size: tuple[int, int]) -> Shadow:
    """A small shadow brought to the object's size, what leaves the picture cut off."""
    height, width = placed.alpha.shape
    down, across = (n / (m - 2 * margin) for n, m in zip((height, width), dark.shape, strict=True))
    x, y = round(margin * across), round(margin * down)
    if (x, y) != (margin, margin) or dark.shape != (height + 2 * y, width + 2 * x):
        whole = width + 2 * x, height + 2 * y
        dark = np.asarray(cv2.resize(dark, whole, interpolation=cv2.INTER_LINEAR), np.float32)
    left, top = placed.box[0] - x, placed.box[1] - y
    window = (
        max(left, 0),
        max(top, 0),
        min(left + dark.shape[1], size[0]),
        min(top + dark.shape[0], size[1]),
    )
    part = dark[window[1] - top : window[3] - top, window[0] - left : window[2] - left]
    return Shadow(window, _faded(part))


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
    wider = np.asarray(cv2.dilate(stand[None], np.ones((1, size))), np.float32)
    return np.asarray(wider[0], np.float32)


def _faded(dark: Floats) -> Floats:
    """Without what is too faint to be seen, and without a step where that ends."""
    return np.asarray(np.clip((dark - _LEAST) / (1 - _LEAST), 0, 1), np.float32)
