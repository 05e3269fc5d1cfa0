"""The discs of what shines: the sun and lamps that are brighter than the picture can show.

Their glow falls off without an edge, so that no finder of lines sees them; a person draws a disc.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

_WHITE = 240  # of 255 in the darkest channel, what is as bright as can be
_AREA = (0.0008, 0.03)  # of the canvas: no glint, no sky
_ROUND = 0.85  # of an ellipse's area in its box, at least
_ASPECT = 1.35  # of the box's sides, at most
_RINGS = ((1.3, 1.8), (1.8, 2.5), (2.5, 3.5), (3.5, 5.0))  # radii around it
_FALL = 50.0  # of 255, by which it gets darker from the first ring to the last
_GLOW = 140.0  # of 255, how bright the first ring is


def discs(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The outlines HxW, a pixel wide, of round lights of a canvas HxWx3 that have a glow."""
    height, width = rgb.shape[:2]
    scale = max(height, width) / 224
    light = cv2.GaussianBlur(rgb.min(2).astype(np.float32), (0, 0), 0.7 * scale)
    count, _, stats, middles = cv2.connectedComponentsWithStats((light > _WHITE).astype(np.uint8))
    found = np.zeros((height, width), np.uint8)
    y, x = np.mgrid[0:height, 0:width]
    for k in range(1, count):
        left, top, across, down, area = (int(value) for value in stats[k])
        inside = left > 0 and top > 0 and left + across < width and top + down < height
        round_ = area >= _ROUND * np.pi / 4 * across * down
        if not (inside and round_ and 1 / _ASPECT <= across / down <= _ASPECT):
            continue
        if not _AREA[0] <= area / (height * width) <= _AREA[1]:
            continue
        radius = float(np.sqrt(area / np.pi))
        away = np.hypot(x - middles[k][0], y - middles[k][1]) / radius
        rings = [light[(away >= near) & (away < far)] for near, far in _RINGS]
        means = [float(ring.mean()) if ring.size else 0.0 for ring in rings]
        falls = all(a > b for a, b in pairwise(means))
        if falls and means[0] >= _GLOW and means[0] - means[-1] >= _FALL:
            centre = (round(float(middles[k][0])), round(float(middles[k][1])))
            cv2.circle(found, centre, round(radius), 1)
    return found > 0
