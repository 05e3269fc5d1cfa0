"""Where two objects touch: no line of background between them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.discs import disc
from ..core.masks import Mask
from .segment_alpha import inner_colours

Floats = NDArray[np.float32]

_GAP = (0.006, 3, 8)  # of the front object's size, at least and at most, in pixels: a gap to close


def sealed(ground: Floats, cover: Floats, alpha: Floats) -> tuple[Floats, Floats]:
    """What lies behind an object, and its coverage, with narrow gaps to the object closed.

    Two soft edges that meet would each let the background through, and cut-outs a pixel too
    narrow leave a line of it: there the objects behind are continued below the one in front.

    Args:
        ground: hxwx3 in [0, 1], what has been composed so far.
        cover: hxw in [0, 1], how much of it is objects.
        alpha: hxw, of the object that comes in front.
    """
    extent = float(np.sqrt(max((alpha > 0.5).sum(), 1)))
    share, least, most = _GAP
    reach = int(np.clip(round(share * extent), least, most))
    wider = np.ones((2 * reach + 3, 2 * reach + 3), np.uint8)
    front, behind = ((each > 0.5).astype(np.uint8) for each in (alpha, cover))
    near = (cv2.dilate(front, wider) > 0) & (cv2.dilate(behind, wider) > 0)
    # where one lies over the other there is no gap, but the corners beside them look like one
    near &= cv2.dilate(front & behind, wider) == 0
    if not near.any():
        return ground, cover
    rows, columns = np.flatnonzero(near.any(1)), np.flatnonzero(near.any(0))
    spare = 8 * reach
    part = (
        slice(max(int(rows[0]) - spare, 0), int(rows[-1]) + spare),
        slice(max(int(columns[0]) - spare, 0), int(columns[-1]) + spare),
    )
    filled, wanted = ground.copy(), cover.copy()
    filled[part], wanted[part] = _closed(ground[part], cover[part], alpha[part], near[part], reach)
    return filled, wanted


def _closed(
    ground: Floats, cover: Floats, alpha: Floats, near: Mask, reach: int
) -> tuple[Floats, Floats]:
    kernel = disc(reach)
    union = 1 - (1 - alpha) * (1 - cover)
    closed = np.maximum(cv2.morphologyEx(union, cv2.MORPH_CLOSE, kernel), union)
    free = np.maximum(1 - alpha, 1e-4)
    wanted = np.where(near & (alpha < 0.999), 1 - (1 - closed) / free, cover)
    wanted = np.clip(wanted, cover, 1)
    more = np.where(cover < 1, (wanted - cover) / np.maximum(1 - cover, 1e-4), 0)[..., None]
    if not (more > 0).any():
        return ground, cover
    solid = cover > 0.95
    colours = inner_colours(np.rint(ground * 255).astype(np.uint8), solid, reach) / 255
    filled = ground * (1 - more) + colours * more
    return filled.astype(np.float32), wanted.astype(np.float32)
