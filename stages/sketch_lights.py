"""What shines: the sun and lamps that are brighter than the picture can show.

Their glow falls off without an edge, so that no finder of lines sees them; a person draws a disc
and rays where the glow is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
_DIRECTIONS = 12  # of rays
_RAY = (1.5, 2.4)  # radii from the middle at which a ray begins and ends
_LIT = 90.0  # of 255, how bright a ray is everywhere


@dataclass(frozen=True)
class Light:
    """A round light with a glow."""

    x: float  # of its middle, in pixels; the first pixel's middle is 0.5
    y: float
    radius: float
    rays: tuple[NDArray[np.float64], ...]  # (n,2) each, x and y, from near it outwards


def lights(rgb: NDArray[np.uint8]) -> list[Light]:
    """The round lights of a canvas HxWx3."""
    height, width = rgb.shape[:2]
    scale = max(height, width) / 224
    light = cv2.GaussianBlur(rgb.min(2).astype(np.float32), (0, 0), 0.7 * scale)
    count, _, stats, middles = cv2.connectedComponentsWithStats((light > _WHITE).astype(np.uint8))
    found = []
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
            column, row = float(middles[k][0]) + 0.5, float(middles[k][1]) + 0.5
            found.append(Light(column, row, radius, _rays(light, column, row, radius)))
    return found


def discs(found: Sequence[Light], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The outlines of lights, a pixel wide, on a canvas HxW."""
    canvas = np.zeros(shape, np.uint8)
    for one in found:
        cv2.circle(canvas, (round(one.x - 0.5), round(one.y - 0.5)), round(one.radius), 1)
    return canvas > 0


def rays(found: Sequence[Light], most: int) -> list[NDArray[np.float64]]:
    """The rays of lights, `most` of them or fewer, evenly chosen where there are more."""
    every = [ray for one in found for ray in one.rays]
    return [every[k * len(every) // most] for k in range(most)] if len(every) > most else every


def _rays(
    light: NDArray[np.float32], x: float, y: float, radius: float
) -> tuple[NDArray[np.float64], ...]:
    """Rays in all directions in which the glow of a light reaches as far as they do."""
    height, width = light.shape
    near, far = (radius * times for times in _RAY)
    reach = np.linspace(near, far, max(round(far - near) + 1, 2))
    found = []
    for angle in np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS:
        ray = np.stack([x + reach * np.sin(angle), y - reach * np.cos(angle)], -1)
        if (ray < 0).any() or (ray >= (width, height)).any():
            continue
        column, row = ray.astype(int).T
        if light[row, column].min() >= _LIT:
            found.append(ray)
    return tuple(found)
