"""Tufts on grass: a lawn is texture that no line follows, and people draw a few blades for it.

Grass is told as what is green and finely textured from the lower edge of the picture upwards; what
is not surely that, as straw, gets no tufts.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.curves import cubic_points
from ..core.discs import disc

Points = NDArray[np.float64]

# Chosen by eye on some seventy photographs. Lengths are pixels of a long side of `_SIDE`.
_SIDE = 224  # at which grass is looked for; texture at twice as many
_HUE = (98.0, 150.0)  # degrees of CIELAB's a and b
_CHROMA = 10.0  # of CIELAB, at least
_COLOUR, _FINE, _AROUND = 2.5, 1.0, 4.0  # deviations: of colours, of texture, of where it counts
_TEXTURE = 0.8  # of CIELAB's lightness, the deviation of it that is texture
_OPEN = 4  # radius of the thinnest that counts, and of the widest gap
_AREA = 0.06  # of the canvas, the least
_EDGE = 0.25  # of the lower edge's width, that it reaches at least
_LOWER = 0.6  # of its height, where tufts stand: above, it may be bushes
_EACH = 0.025  # of the canvas, for which there is a tuft
_FEWEST, _MOST = 3, 5
_APART = 9.0  # between tufts, and from what else there is, at least
_TALL = (6.0, 12.0)  # of a tuft on top of the grass, and at the lower edge
_SHIFT = 0.2  # of its height, that every other one stands lower, and the rest higher
# of its height: where the ends of its two blades are beside its foot, in turn
_LEANS = ((-0.5, 0.3), (-0.2, 0.6), (-0.35, 0.45))


def tufts(
    rgb: NDArray[np.uint8], shape: tuple[int, int], most: int, taken: NDArray[np.bool_]
) -> list[Points]:
    """Tufts (n,2) of two blades, x and y in pixels of a canvas HxW, far from one another.

    Args:
        rgb: of any size with the canvas's proportions.
        shape: height and width of the canvas.
        most: how many there may be.
        taken: HxW, where something else is, that tufts would be drawn on.
    """
    if most < _FEWEST:
        return []
    grass = _grass(rgb)
    height, width = grass.shape
    count = min(int(grass.mean() / _EACH), _MOST, most)
    if count < _FEWEST:
        return []
    top = int(np.nonzero(grass.any(1))[0][0])
    ground = grass.copy()
    ground[: round(height - _LOWER * (height - top))] = False
    small = cv2.resize(taken.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    free = np.pad(ground & (small == 0), 1)  # the canvas's edge keeps tufts away too
    away = cv2.distanceTransform(free.astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    rows, columns = np.indices(grass.shape)
    found: list[Points] = []
    for number in range(count):
        y, x = (int(k) for k in np.unravel_index(int(away.argmax()), away.shape))
        if away[y, x] < _APART / 2:
            break
        # the next one stands as far from this as from all else
        away = np.minimum(away, np.hypot(rows - y, columns - x).astype(np.float32) / 2)
        near = (y - top) / max(height - top, 1)
        tall = _TALL[0] + (_TALL[1] - _TALL[0]) * near
        foot = y + 0.5 + tall * (0.5 + (_SHIFT if number % 2 else -_SHIFT))  # not all in a row
        found.append(_tuft(x + 0.5, foot, tall, _LEANS[number % len(_LEANS)]) * (shape[1] / width))
    return found


def _grass(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where it is, hxw with a long side of `_SIDE`."""
    height, width = (max(round(side * _SIDE / max(rgb.shape[:2])), 1) for side in rgb.shape[:2])
    fine = cv2.resize(rgb, (2 * width, 2 * height), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(fine.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    smooth = cv2.resize(lab, (width, height), interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(smooth, (0, 0), _COLOUR)
    hue = np.degrees(np.arctan2(smooth[..., 2], smooth[..., 1]))
    green = (hue > _HUE[0]) & (hue < _HUE[1])
    green &= np.hypot(smooth[..., 1], smooth[..., 2]) > _CHROMA
    light = lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), 2 * _FINE)
    texture = np.sqrt(cv2.GaussianBlur(light * light, (0, 0), 2 * _AROUND))
    texture = cv2.resize(texture, (width, height), interpolation=cv2.INTER_AREA)
    fine_green = (green & (texture > _TEXTURE)).astype(np.uint8)
    thick = cv2.morphologyEx(fine_green, cv2.MORPH_OPEN, disc(_OPEN))
    whole = cv2.morphologyEx(thick, cv2.MORPH_CLOSE, disc(_OPEN))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(whole)
    found = np.zeros((height, width), bool)
    for k in range(1, count):
        part = labels == k
        at_edge = part[-_OPEN:].any(0).mean() >= _EDGE
        if at_edge and stats[k, cv2.CC_STAT_AREA] >= _AREA * height * width:
            found |= part
    return found


def _tuft(x: float, y: float, tall: float, lean: tuple[float, float]) -> Points:
    """Down one blade to the foot (x,y) and up the other, points about half a pixel apart."""
    left, right = lean
    foot = 1.3 * tall / 3  # a cubic whose inner points lie so far below passes its middle there
    controls = np.array([
        [x + left * tall, y - tall], [x, y + foot], [x, y + foot],
        [x + right * tall, y - 1.1 * tall],
    ])  # fmt: skip
    return cubic_points(controls, np.linspace(0, 1, max(round(5 * tall), 8)))
