"""Strokes in the colours of what they stand beside.

A black line says where something ends, and its colour says what it is: grass, sky, a rose. A
stroke takes the colour of that side of it which is farther from the paper, for what is drawn has
mostly more of it. Pale colours are made deep enough to be seen on white, and vivid ones in the
shade lighter, so that they are told from black.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.curves import cubic_points
from ..core.drawing import Drawing

# Chosen by eye on the papers' twenty pictures and nine others.
_AT = np.linspace(0.04, 0.96, 24)  # parameters where a stroke looks to its sides
_BESIDE = (1.5, 2.5, 3.5)  # pixels of a canvas of 224 from its middle
_SOFT = 0.8  # the same: the picture's own blur, against noise
_LIGHTNESS = 0.5  # weight of lightness beside chroma in the distance from white
_DEEPEST = 62.0  # of 100, the most lightness that is seen well on white
_RICHER = (1.35, 2.0)  # times the chroma; and more of it where lightness was taken
_VIVID = (0.25, 0.5)  # saturation between which a colour in the shade is lightened
_BRIGHT = 0.55  # of 1, the brightest channel of a lightened one
_DARKENED = 0.3  # times the colours of lines on washes

Colours = NDArray[np.float32]


def tinter(rgb: NDArray[np.uint8]) -> Callable[[Drawing], Drawing]:
    """What gives drawings on the canvas of a picture HxWx3 its colours, and no other change."""
    scale = max(rgb.shape[:2]) / 224
    soft = cv2.GaussianBlur(rgb, (0, 0), _SOFT * scale).astype(np.float32) / np.float32(255)
    lab = np.asarray(cv2.cvtColor(soft, cv2.COLOR_RGB2LAB), np.float32)

    def tint(drawing: Drawing) -> Drawing:
        if not len(drawing):
            return drawing
        beside = np.stack([_beside(points, lab, scale) for points in drawing.points])
        return replace(drawing, color=ink(beside).astype(np.float64))

    return tint


def darkened(drawing: Drawing) -> Drawing:
    """The drawing in deeper colours, to be seen on washes of the same."""
    return replace(drawing, color=drawing.color * _DARKENED)


def ink(lab: Colours) -> Colours:
    """CIELAB (n,3) as sRGB (n,3) in [0,1] that is seen on white paper and told from black."""
    lightness = lab[:, 0]
    taken = np.maximum(lightness - _DEEPEST, 0) / (100 - _DEEPEST)
    chroma = lab[:, 1:] * (_RICHER[0] + _RICHER[1] * taken)[:, None]
    deep = np.concatenate([np.minimum(lightness, _DEEPEST)[:, None], chroma], 1)
    rgb = np.clip(cv2.cvtColor(deep[None].astype(np.float32), cv2.COLOR_LAB2RGB)[0], 0, 1)
    brightest = rgb.max(1)
    saturation = (brightest - rgb.min(1)) / np.maximum(brightest, 1e-3)
    vivid = np.clip((saturation - _VIVID[0]) / (_VIVID[1] - _VIVID[0]), 0, 1)
    times = np.maximum(_BRIGHT / np.maximum(brightest, 0.1), 1)
    return np.asarray(np.clip(rgb * (1 + vivid * (times - 1))[:, None], 0, 1), np.float32)


def _beside(points: NDArray[np.float64], lab: Colours, scale: float) -> Colours:
    """The median colour (3,) beside a stroke (4,2), of the side that is farther from white."""
    middle = cubic_points(points, _AT)
    along = np.gradient(middle, axis=0)
    long = np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    normal = np.stack([-along[:, 1], along[:, 0]], 1) / long
    sides = [_seen(middle, normal * side, lab, scale) for side in (1, -1)]
    return max(sides, key=_strength)


def _seen(
    middle: NDArray[np.float64], outwards: NDArray[np.float64], lab: Colours, scale: float
) -> Colours:
    """The median colour (3,) on one side of a line (n,2); white where that is off the canvas."""
    height, width = lab.shape[:2]
    places = np.concatenate([middle + away * scale * outwards for away in _BESIDE])
    x, y = np.floor(places).astype(np.int64).T
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    if not inside.any():
        return np.array([100, 0, 0], np.float32)
    return np.asarray(np.median(lab[y[inside], x[inside]], axis=0), np.float32)


def _strength(colour: Colours) -> float:
    return float(np.hypot(_LIGHTNESS * (100 - colour[0]), np.hypot(colour[1], colour[2])))
