"""Random drawings, and their pictures by a renderer that is not ours."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from compose.core.drawing import Drawing

SIZE = (96, 64)


def random_drawing(seed: int, count: int, size: tuple[float, float] = SIZE) -> Drawing:
    """Strokes of every kind: off the canvas, dots, straight, cusps, loops, thin and thick."""
    draw = np.random.default_rng(seed)
    start = draw.uniform(-0.3, 1.3, (count, 1, 2)) * size
    points = start + np.cumsum(draw.normal(0, 12, (count, 4, 2)), 1)
    kind = np.arange(count) % 8
    points[kind == 1] = points[kind == 1, :1]
    points[kind == 2] = (points[kind == 2, :1] * [[3], [2], [1], [0]] + points[kind == 2, 3:]) / 3
    points[kind == 3, 1], points[kind == 3, 2] = points[kind == 3, 2], points[kind == 3, 1]
    points[kind == 4, 3] = points[kind == 4, 0]
    opacity = np.where(draw.random(count) < 0.3, 1, draw.random(count))
    return Drawing(points, draw.uniform(0.1, 20, count), draw.random((count, 3)), opacity, size)


def render(svg: str, zoom: int = 1) -> NDArray[np.float64]:
    """HxWx3 in [0, 255] on white, by resvg."""
    import resvg_py

    png = resvg_py.svg_to_bytes(
        svg_string=svg, zoom=zoom, dpi=96, background="#ffffff", skip_system_fonts=True
    )
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float64)
