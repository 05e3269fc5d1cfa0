"""Holes to train and to measure inpainting with: shapes of objects, thick strokes, boxes.

The strokes and boxes are in the manner of LaMa's (Suvorov et al., WACV 2022, "large masks"); the
objects are what `compose segment-inpaint` erases. No hole takes more than half of its picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.discs import grown
from ..core.masks import Mask

Shape = NDArray[np.bool_]  # an object's mask, cut out to its box

LEAST, MOST = 0.01, 0.5  # share of the picture that a hole takes
_SHARES = (0.6, 0.25)  # of objects and strokes among the holes to train with; the rest are boxes
_TRIES = 20


def draw_hole(size: tuple[int, int], shapes: Sequence[Shape], random: np.random.Generator) -> Mask:
    """A hole to train with, of any kind; it may pass the picture's border.

    Args:
        size: width and height of the picture.
        shapes: of objects; without any, only strokes and boxes are drawn.
        random: draws.
    """
    for _ in range(_TRIES):
        kind = random.random()
        if shapes and kind < _SHARES[0]:
            shape = shapes[int(random.integers(len(shapes)))]
            hole = object_hole(shape, size, random, longest=(0.2, 0.7), inside=0.5)
        elif kind < sum(_SHARES):
            hole = stroke_hole(size, random)
        else:
            hole = box_hole(size, random)
        if LEAST <= hole.mean() <= MOST:
            return hole
    return _middle(size)


def object_hole(
    shape: Shape,
    size: tuple[int, int],
    random: np.random.Generator,
    *,
    longest: tuple[float, float],
    inside: float,
) -> Mask:
    """An object's shape somewhere on the picture, maybe mirrored, a little grown.

    Args:
        shape: the object.
        size: width and height of the picture.
        random: draws size and place.
        longest: least and greatest long side of its box, as shares of the picture's short side.
        inside: least share of its box, along each side, that lies on the picture.
    """
    width, height = size
    long = random.uniform(*longest) * min(size)
    scale = long / max(shape.shape)
    w, h = (max(round(side * scale), 1) for side in (shape.shape[1], shape.shape[0]))
    grey = shape.astype(np.float32)
    if random.random() < 0.5:
        grey = grey[:, ::-1]
    small = cv2.resize(grey, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else 1) >= 0.5
    out_x, out_y = (1 - inside) * w, (1 - inside) * h
    x = round(random.uniform(-out_x, max(width - w + out_x, -out_x)))
    y = round(random.uniform(-out_y, max(height - h + out_y, -out_y)))
    hole = np.zeros((height, width), np.uint8)
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
    hole[top:bottom, left:right] = small[top - y : bottom - y, left - x : right - x]
    reach = max(round(0.02 * long), 1)  # what erases an object takes its rim along
    return grown(hole > 0, reach)


def stroke_hole(size: tuple[int, int], random: np.random.Generator) -> Mask:
    """One to three thick strokes of up to four straight pieces each."""
    width, height = size
    hole = np.zeros((height, width), np.uint8)
    for _ in range(int(random.integers(1, 4))):
        points = [random.uniform((0, 0), size)]
        angle = random.uniform(0, 2 * np.pi)
        for _ in range(int(random.integers(1, 5))):
            angle += random.uniform(-1.2, 1.2)
            step = random.uniform(0.1, 0.4) * min(size)
            points.append(points[-1] + step * np.array([np.cos(angle), np.sin(angle)]))
        corners = np.rint(points).astype(np.int32)
        thick = max(round(random.uniform(0.06, 0.22) * min(size)), 1)
        cv2.polylines(hole, [corners], False, 1, thick)
    return np.asarray(hole > 0)


def box_hole(size: tuple[int, int], random: np.random.Generator) -> Mask:
    """One box with sides of a tenth to six tenths of the picture's, inside it."""
    width, height = size
    w, h = (max(round(random.uniform(0.1, 0.6) * side), 1) for side in size)
    x, y = int(random.integers(0, width - w + 1)), int(random.integers(0, height - h + 1))
    hole = np.zeros((height, width), bool)
    hole[y : y + h, x : x + w] = True
    return hole


def _middle(size: tuple[int, int]) -> Mask:
    width, height = size
    hole = np.zeros((height, width), bool)
    hole[height // 3 : max(2 * height // 3, 1), width // 3 : max(2 * width // 3, 1)] = True
    return hole
