"""Objects photographed on white: where the white ground is, and what the edge is made of.

The ground is what is near to white and hangs together with the border. As its colour B is known,
the alpha of a mixed pixel I = aF + (1 - a)B follows from the colour F further inside.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .segment_alpha import inner_colours

Floats = NDArray[np.float32]

_WHITE = 243  # of 255: the least channel of white ground, JPEG's ripples included
_BORDER = 0.5  # share of the border that is white, or else
_CORNERS = 3  # so many white corners
_LEAST = 0.02  # share of the picture that is ground
_PURE = 254  # what is enclosed, and whiter than paper: ground seen through a handle
_HOLE = 0.01  # of the object, the least area of such
_RING = 3  # pixels from the ground into the object that may be mixed
_APART = 0.15  # distance of F from B (root of squares) from which on alpha can be read


def white_ground(rgb: NDArray[np.uint8]) -> Mask | None:
    """The white ground (HxW) about an object; None if the picture is no object on white."""
    least = rgb.min(-1)
    white = least >= _WHITE
    edge = np.concatenate([white[0], white[-1], white[:, 0], white[:, -1]])
    corners = sum(bool(white[y, x]) for y in (0, -1) for x in (0, -1))
    if corners < _CORNERS and edge.mean() < _BORDER:
        return None
    _, labels, stats, _ = cv2.connectedComponentsWithStats(white.astype(np.uint8), connectivity=4)
    rim = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    ground: Mask = np.isin(labels, rim[rim > 0])
    if not _LEAST <= ground.mean() < 1:
        return None
    pure = ((least >= _PURE) & ~ground).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(pure, connectivity=4)
    large = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= _HOLE * (~ground).sum())
    return ground | np.isin(labels, large[large > 0])


def white_alpha(rgb: NDArray[np.uint8], ground: Mask) -> tuple[Floats, Floats]:
    """Alpha (HxW) and colours (HxWx3) in [0, 1] of an object on white."""
    image = rgb.astype(np.float32) / 255
    solid = ~ground
    kernel = np.ones((3, 3), np.uint8)
    inner = cv2.erode(solid.astype(np.uint8), kernel, iterations=_RING, borderValue=1) > 0
    near = cv2.dilate(solid.astype(np.uint8), kernel) > 0
    white = np.median(image[ground], 0)
    colours = inner_colours(rgb, inner if inner.any() else solid, _RING) / 255
    towards = colours - white
    length = (towards**2).sum(-1)
    read = ((image - white) * towards).sum(-1) / np.maximum(length, 1e-4)
    alpha = np.where(length > _APART**2, np.clip(read, 0, 1), solid)
    # a darker line within the edge is the object's own
    alpha = np.where(near, np.where(inner, 1, alpha), 0).astype(np.float32)
    through = image - (1 - alpha[..., None]) * white
    own = np.clip(through / np.maximum(alpha[..., None], 0.1), 0, 1)
    sure = np.clip((alpha[..., None] - 0.4) / 0.5, 0, 1)
    mixed = sure * own + (1 - sure) * colours
    return alpha, np.where(inner[..., None], image, mixed).astype(np.float32)
