"""Where an object goes: fitted into its box, standing on the box's lower edge."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.errors import InputError
from ..core.masks import Mask, mask_box
from .composite_engine import Placed, Window
from .composite_object import CutOut

Floats = NDArray[np.float32]

_SAYS = 0.02  # alpha from which on colours can be told from what they were multiplied by
_ROOM = 4  # times its box that an object is at most resized to, before it is cut off
_FULL = 0.99  # share of its box that a mask fills if it stands for the box


def box_within(box: Box, size: tuple[int, int], name: str) -> Window:
    """A box in whole pixels.

    Args:
        box: as somebody gave it.
        size: width and height of the background.
        name: of the object, for the message.

    Raises:
        InputError: it leaves the background or has no extent there.
    """
    x1, y1, x2, y2 = (int(np.floor(edge + 0.5)) if np.isfinite(edge) else -1 for edge in box)
    if not (0 <= x1 < x2 <= size[0] and 0 <= y1 < y2 <= size[1]):
        text = ",".join(f"{edge:g}" for edge in box)
        raise InputError(
            f"the box {text} of {name} does not lie within the background, which is "
            f"{size[0]}x{size[1]}; give one that does."
        )
    return x1, y1, x2, y2


def place_of_mask(where: Mask) -> tuple[Box, Mask | None]:
    """The box of a mask that says where, and the mask if it is a shape rather than a box."""
    box = mask_box(where)
    return box, None if where.sum() >= _FULL * box.area else where


def place(
    cut: CutOut,
    at: Window,
    size: tuple[int, int],
    name: str,
    *,
    fit: str = "contain",
    keep_size: bool = False,
    shape: Mask | None = None,
) -> Placed:
    """An object resized and put at its place.

    Args:
        cut: the object.
        at: the box, within the background.
        size: width and height of the background.
        fit: `contain` keeps proportions within the box; `cover` keeps them and fills it, what
            is outside cut off; `stretch` gives them up.
        keep_size: the object keeps its file's pixels instead, whatever the box.
        shape: of the background, where the object may be seen.

    Raises:
        InputError: an object that keeps its size does not fit into the background.
    """
    height, width = cut.alpha.shape
    wide, high = at[2] - at[0], at[3] - at[1]
    if keep_size:
        w, h = max(round(width / cut.scale), 1), max(round(height / cut.scale), 1)
    elif fit == "stretch":
        w, h = wide, high
    else:
        choose = max if fit == "cover" else min
        factor = choose(wide / width, high / height)
        w, h = max(round(width * factor), 1), max(round(height * factor), 1)
        if w * h > _ROOM * wide * high:  # only of what is long and thin, to cover a box
            cut = _lower_middle(cut, (wide, high), factor)
            height, width = cut.alpha.shape
            w, h = max(round(width * factor), wide), max(round(height * factor), high)
    rgb, alpha = resized(cut.rgb, cut.alpha, (w, h))
    x1, y1 = round((at[0] + at[2] - w) / 2), at[3] - h
    if fit == "cover" and not keep_size:
        left, top = at[0] - x1, at[1] - y1
        rgb, alpha = (a[top : top + high, left : left + wide] for a in (rgb, alpha))
        x1, y1, w, h = at[0], at[1], wide, high
    if x1 < 0 or y1 < 0 or x1 + w > size[0] or y1 + h > size[1]:
        raise InputError(
            f"{name} with its own {w}x{h} pixels does not fit at its place in the background, "
            f"which is {size[0]}x{size[1]}; leave --keep-size out or move the box."
        )
    part = None if shape is None else np.ascontiguousarray(shape[y1 : y1 + h, x1 : x1 + w])
    return Placed(name, rgb, alpha, (x1, y1, x1 + w, y1 + h), at, part)


def _lower_middle(cut: CutOut, size: tuple[int, int], factor: float) -> CutOut:
    """What of an object shows in a box that it covers, and a little more for the filters."""
    height, width = cut.alpha.shape
    wide, high = (int(np.ceil(side / factor)) + 4 for side in size)
    left = max((width - wide) // 2, 0)
    rows, columns = slice(max(height - high, 0), height), slice(left, min(left + wide, width))
    return replace(cut, rgb=cut.rgb[rows, columns], alpha=cut.alpha[rows, columns])


def resized(rgb: Floats, alpha: Floats, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Colours and alpha at another width and height, what is transparent lending no colour.

    Reduced by areas, enlarged by bicubic interpolation.
    """
    height, width = alpha.shape
    if size == (width, height):
        return rgb, alpha
    smaller = size[0] <= width and size[1] <= height
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    both = np.dstack([rgb * alpha[..., None], alpha]).astype(np.float32)
    both = np.asarray(cv2.resize(both, size, interpolation=how), np.float32)
    raw = both[..., 3]  # beyond [0, 1] by a little where bicubic interpolation swings
    # where alpha says too little, the colours as they lie there
    plain = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR), np.float32)
    seen = raw > _SAYS
    own = both[..., :3] / np.where(seen, raw, 1)[..., None]
    colours = np.where(seen[..., None], own, plain)
    return np.clip(colours, 0, 1).astype(np.float32), np.clip(raw, 0, 1)
