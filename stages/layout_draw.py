"""A picture's layout drawn on it: thirds, the subject, the horizon, lines, the apex, the axis."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Boxes
from .layout import Layouts
from .layout_scene import LayoutScene
from .layout_slants import clipped

Colour = tuple[int, int, int]  # sRGB

_GRID: Colour = (235, 235, 235)
_SUBJECT: Colour = (255, 118, 170)
_HORIZON: Colour = (86, 190, 250)
_LINE: Colour = (255, 200, 50)
_CURVE: Colour = (80, 220, 150)
_AXIS: Colour = (190, 150, 255)


def draw_layout(
    canvas: NDArray[np.uint8], scene: LayoutScene, found: Layouts, box: Sequence[float]
) -> None:
    """Draw the layout of one part on `canvas` (HxWx3 sRGB, changed in place).

    Args:
        scene: of the picture that the canvas shows all of.
        found: the part's layout, the first of them.
        box: the part, x1, y1, x2, y2 in pixels of the canvas.
    """
    high, wide = canvas.shape[:2]
    x1, y1, x2, y2 = box
    thick = max(round((high * wide) ** 0.5 / 400), 1)

    def at(x: float, y: float) -> tuple[float, float]:
        return x1 + x * (x2 - x1), y1 + y * (y2 - y1)

    def line(a: tuple[float, float], b: tuple[float, float], colour: Colour, width: int) -> None:
        ends = [(round(p[0] * 16), round(p[1] * 16)) for p in (a, b)]
        for shade, more in (((20, 20, 20), 2 * max(width // 2, 1)), (colour, 0)):
            cv2.line(canvas, ends[0], ends[1], shade, width + more, cv2.LINE_AA, 4)

    g = found.geometry
    for third in (1 / 3, 2 / 3):
        line(at(third, 0), at(third, 1), _GRID, 1)
        line(at(0, third), at(1, third), _GRID, 1)
    shares: Boxes = np.array([[x1 / wide, y1 / high, x2 / wide, y2 / high]])
    first, last = clipped(scene.segments, shares)
    for k, ends in enumerate(scene.segments.ends):
        if last[0, k] <= first[0, k]:
            continue
        start, along = ends[:2], ends[2:] - ends[:2]
        a, b = start + first[0, k] * along, start + last[0, k] * along
        colour = _CURVE if scene.segments.bend[k] > 0 else _LINE
        line((a[0] * wide, a[1] * high), (b[0] * wide, b[1] * high), colour, thick)
    if g.horizon_strength[0] > 0.25:
        y = float(g.horizon[0])
        line(at(0, y), at(1, y), _HORIZON, 2 * thick)
    if g.apex_strength[0] > 0.25:
        apex = [round(v * 16) for v in at(*map(float, g.apex[0]))]
        cv2.circle(canvas, (apex[0], apex[1]), 16 * 5 * thick, _LINE, 2 * thick, cv2.LINE_AA, 4)
    if g.mirror[0].max() > 0.7:
        across = g.mirror[0, 0] >= g.mirror[0, 1]
        line(*((at(0.5, 0), at(0.5, 1)) if across else (at(0, 0.5), at(1, 0.5))), _AXIS, 2 * thick)
    if g.presence[0] > 0.15:
        x, y = at(*map(float, g.subject[0]))
        size = 6 * thick
        line((x - size, y), (x + size, y), _SUBJECT, 2 * thick)
        line((x, y - size), (x, y + size), _SUBJECT, 2 * thick)
