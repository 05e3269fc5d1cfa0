"""Transform lists of SVG 1.1 (section 7.6) as matrices."""

from __future__ import annotations

import math
import re

from .svg_path import Point, numbers_in

# x' = a x + c y + e, y' = b x + d y + f, as matrix(a b c d e f)
Matrix = tuple[float, float, float, float, float, float]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_FUNCTION = re.compile(r"[\s,]*([A-Za-z]+)\s*\(([^()]*)\)[\s,]*")
_UNITS = re.compile(r"(?<=[\d.])(?:px|deg)")


def apply(matrix: Matrix, point: Point) -> Point:
    """A point's place outside of the coordinate system."""
    a, b, c, d, e, f = matrix
    return a * point[0] + c * point[1] + e, b * point[0] + d * point[1] + f


def joined(outer: Matrix, inner: Matrix) -> Matrix:
    """First `inner`, then `outer`."""
    a, b, c, d, e, f = outer
    g, h, i, j, k, m = inner
    linear = (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j)
    return (*linear, a * k + c * m + e, b * k + d * m + f)


def scale_of(matrix: Matrix) -> float:
    """By how much lengths grow, the root of how much areas do."""
    return math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))


def transform(text: str) -> Matrix:
    """A transform list as one matrix.

    Raises:
        ValueError: a function that SVG does not have, or with other arguments.
    """
    matrix, at = IDENTITY, 0
    if text.strip() in ("", "none"):
        return matrix
    while at < len(text):
        found = _FUNCTION.match(text, at)
        if found is None:
            raise ValueError(f"'{text[at : at + 20]}' is no transform")
        values = numbers_in(_UNITS.sub("", found[2]))
        matrix, at = joined(matrix, _function(found[1].lower(), values)), found.end()
    return matrix


def _function(name: str, v: list[float]) -> Matrix:
    if name == "matrix" and len(v) == 6:
        return v[0], v[1], v[2], v[3], v[4], v[5]
    if name == "translate" and len(v) in (1, 2):
        return 1.0, 0.0, 0.0, 1.0, v[0], v[1] if len(v) == 2 else 0.0
    if name == "scale" and len(v) in (1, 2):
        return v[0], 0.0, 0.0, v[-1], 0.0, 0.0
    if name == "rotate" and len(v) in (1, 3):
        cos, sin = math.cos(math.radians(v[0])), math.sin(math.radians(v[0]))
        x, y = v[1:] or (0.0, 0.0)
        return cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y
    if name == "skewx" and len(v) == 1:
        return 1.0, 0.0, math.tan(math.radians(v[0])), 1.0, 0.0, 0.0
    if name == "skewy" and len(v) == 1:
        return 1.0, math.tan(math.radians(v[0])), 0.0, 1.0, 0.0, 0.0
    raise ValueError(f"'{name}' with {len(v)} numbers is no transform")
