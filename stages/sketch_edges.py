"""Edges of a target: Canny's as MROSS takes them, and XDoG's (Winnemöller et al. 2012)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LOW, HIGH = 20.0, 200.0  # Canny's thresholds in MROSS
_SOFT_SHARE = 0.03  # of all pixels; with fewer edges there is little to spread seeds over
_SOFT_HIGH = 50.0  # the threshold below which noise and grain are edges, too
_XDOG_SIGMA = 0.8  # canvas pixels, of the finer Gaussian
_XDOG_RATIO = 4.0  # of the two Gaussians; lines come out about as broad as a stroke at 224
_XDOG_TAU = 0.98  # just below 1, so that flat parts stay paper
_XDOG_LEVEL = -0.01  # epsilon: fainter differences stay paper
_XDOG_SLOPE = 15.0  # phi: how soon ink is full


def edge_map(
    rgb: NDArray[np.uint8],
    *,
    low: float = LOW,
    high: float = HIGH,
    ignore: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Canny's edges of the grey picture after a box blur of 3x3.

    Args:
        rgb: HxWx3.
        low, high: thresholds of the Sobel gradient's L1 norm in grey levels.
        ignore: HxW, True where no edge counts.

    Returns:
        HxW, True on edges, which are one pixel wide.
    """
    grey = cv2.blur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (3, 3))
    edges = np.asarray(cv2.Canny(grey, low, high) > 0)
    return edges if ignore is None else edges & ~ignore


def scene_edges(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """`edge_map` of HxWx3, with its upper threshold lowered where a soft picture has few edges.

    It falls by half powers of two, not below 50, until 3 % of the pixels are edges. Most
    pictures keep MROSS's threshold; misty ones, or small subjects on white, show more of theirs.
    """
    high = HIGH
    edges = edge_map(rgb)
    while edges.mean() < _SOFT_SHARE and high > _SOFT_HIGH:
        high = max(high / 2**0.5, _SOFT_HIGH)
        edges = edge_map(rgb, high=high)
    return edges


def xdog_edges(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Soft ink by an extended difference of Gaussians: HxW in [0,1], 1 is full ink.

    The dark side of every edge becomes a line with weight and breadth; flat parts stay paper,
    dark ones too.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    fine = cv2.GaussianBlur(grey, (0, 0), _XDOG_SIGMA)
    coarse = cv2.GaussianBlur(grey, (0, 0), _XDOG_SIGMA * _XDOG_RATIO)
    below = np.minimum(fine - _XDOG_TAU * coarse - _XDOG_LEVEL, 0)
    return np.asarray(-np.tanh(_XDOG_SLOPE * below), np.float32)


def ink_pixels(rgb: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> int:
    """How many pixels are darker than 200 of 255, of the mask where one is given."""
    dark = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) < 200  # MROSS's threshold
    return int(np.count_nonzero(dark if mask is None else dark & mask))
