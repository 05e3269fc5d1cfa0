"""Which strokes of a drawing are washes: those that are much broader than its lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.drawing import Drawing

_BROAD = 3.0  # times the width of lines is the least that a wash has
_LINE = 1.5  # pixels of a canvas of 224, the least width of lines that this is said of
_ROUNDED = 0.01  # of a width, more than files round away


def is_wash(drawing: Drawing) -> NDArray[np.bool_]:
    """Which (S,) of the strokes are, by their widths, washes; the narrowest are lines."""
    if not len(drawing):
        return np.zeros(0, bool)
    least = narrowest_wash(float(drawing.width.min()), drawing.size)
    return np.asarray(drawing.width >= least * (1 - _ROUNDED))


def narrowest_wash(line: float, size: tuple[float, float]) -> float:
    """The least width in pixels of a wash below lines of a width, on a canvas of a size."""
    return _BROAD * max(line, _LINE * max(size) / 224)


def lines_of(drawing: Drawing) -> Drawing:
    """The strokes that are no washes."""
    return drawing.chosen(~is_wash(drawing))
