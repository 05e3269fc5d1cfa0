"""Points on cubic Bézier curves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def cubic_points(strokes: NDArray[np.floating], t: NDArray[np.floating]) -> Floats:
    """Points (…,n,2) at parameters t (n,) in [0,1] of curves with control points (…,4,2)."""
    t = np.asarray(t, np.float64)
    basis = np.stack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], -1)
    return np.asarray(np.einsum("nk,...kd->...nd", basis, np.asarray(strokes, np.float64)))
