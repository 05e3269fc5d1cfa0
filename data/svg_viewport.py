"""The size of an SVG and how its view box lies in it (SVG 1.1, sections 7.2, 7.7 and 7.8)."""

from __future__ import annotations

import math

from .svg_path import numbers_in
from .svg_style import length
from .svg_transform import IDENTITY, Matrix

_ALIGN = {"min": 0.0, "mid": 0.5, "max": 1.0}


def canvas_size(attributes: dict[str, str]) -> tuple[float, float] | None:
    """Width and height of the outermost `svg` element in pixels; None where nothing tells them.

    Where one side is missing or a percentage, the view box's proportions give it; where both
    are, the view box's size is the canvas's.

    Raises:
        ValueError: a side or the view box is no number or not above 0.
    """
    width, height = (_absolute(attributes.get(side, "")) for side in ("width", "height"))
    box = _view_box(attributes)
    if box is not None:
        scale = width / box[2] if width else height / box[3] if height else 1.0
        width, height = width or box[2] * scale, height or box[3] * scale
    return (width, height) if width and height else None


def viewport(
    attributes: dict[str, str], size: tuple[float, float]
) -> tuple[Matrix, tuple[float, float]]:
    """From the units inside of an `svg` element of that size to those outside, and its view.

    The view is the width and height, in the units inside, that percentages refer to.

    Raises:
        ValueError: the view box is no four numbers with sizes above 0.
    """
    box = _view_box(attributes)
    if box is None:
        return IDENTITY, size
    x, y, width, height = box
    sx, sy = size[0] / width, size[1] / height
    aspect = attributes.get("preserveAspectRatio", "").split()
    words = [word for word in aspect if word != "defer"] or ["xMidYMid"]
    if words[0] == "none":
        return (sx, 0.0, 0.0, sy, -x * sx, -y * sy), (width, height)
    scale = max(sx, sy) if "slice" in words[1:] else min(sx, sy)
    along = _ALIGN.get(words[0][1:4].lower(), 0.5), _ALIGN.get(words[0][5:8].lower(), 0.5)
    left = (size[0] - width * scale) * along[0] - x * scale
    top = (size[1] - height * scale) * along[1] - y * scale
    return (scale, 0.0, 0.0, scale, left, top), (width, height)


def _view_box(attributes: dict[str, str]) -> tuple[float, float, float, float] | None:
    values = numbers_in(attributes.get("viewBox", ""))
    if not values:
        return None
    if len(values) != 4 or min(values[2:]) <= 0:
        raise ValueError("a viewBox must be four numbers, its sizes above 0")
    return values[0], values[1], values[2], values[3]


def _absolute(text: str) -> float | None:
    text = text.strip()
    if text in ("", "auto") or text.endswith("%"):
        return None
    value = length(text, math.nan)
    if value <= 0:
        raise ValueError(f"the size {text[:20]} is not above 0")
    return value
