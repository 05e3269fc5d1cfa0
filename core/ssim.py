"""Structural similarity of two pictures (Wang, Bovik, Sheikh and Simoncelli, 2004)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WINDOW = 11  # pixels a side; this and the next three are the paper's
SIGMA = 1.5  # pixels
K1, K2 = 0.01, 0.03
_REC_601 = (0.299, 0.587, 0.114)

Plane = NDArray[np.float64]


def luminance(picture: NDArray[np.generic]) -> Plane:
    """HxW luma (ITU-R BT.601) of HxWx3 in the range it came in; HxW is taken as it is."""
    values = np.asarray(picture, np.float64)
    return values if values.ndim == 2 else np.asarray(values @ np.array(_REC_601))


def ssim(a: NDArray[np.generic], b: NDArray[np.generic], *, peak: float = 255.0) -> float:
    """Mean of `ssim_map`: 1 for equal pictures, below 0 where one is the other's negative."""
    return float(ssim_map(a, b, peak=peak).mean())


def ssim_map(a: NDArray[np.generic], b: NDArray[np.generic], *, peak: float = 255.0) -> Plane:
    """Similarity of the luminance around every pixel whose window lies inside the pictures.

    Like the authors' own program it weighs the window by a Gaussian, takes the plain weighted
    variances, and keeps clear of the borders; unlike it, it never shrinks the pictures.

    Args:
        a, b: HxW or HxWx3, both of one size, at least 11 pixels a side.
        peak: the values' range, 255 for `uint8`.

    Returns:
        (H-10)x(W-10) in [-1, 1].

    Raises:
        ValueError: the pictures differ in size or are smaller than the window.
    """
    x, y = luminance(a), luminance(b)
    if x.shape != y.shape:
        raise ValueError(f"expected two pictures of one size, got {x.shape} and {y.shape}")
    if min(x.shape) < WINDOW:
        raise ValueError(f"expected at least {WINDOW} pixels a side, got {x.shape}")
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    # variances do not change with the origin, and near zero they lose no digits
    origin = x.mean()
    x0, y0 = x - origin, y - origin
    mean_x, mean_y = _windows(x0), _windows(y0)
    var_x = np.maximum(_windows(x0 * x0) - mean_x * mean_x, 0)
    var_y = np.maximum(_windows(y0 * y0) - mean_y * mean_y, 0)
    covariance = _windows(x0 * y0) - mean_x * mean_y
    mean_x, mean_y = mean_x + origin, mean_y + origin
    light = (2 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1)
    return np.asarray(light * (2 * covariance + c2) / (var_x + var_y + c2))


def _windows(plane: Plane) -> Plane:
    """Gaussian means of all windows that lie inside, (H-10)x(W-10)."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-(offsets**2) / (2 * SIGMA**2))
    weights /= weights.sum()
    height, width = plane.shape[0] - WINDOW + 1, plane.shape[1] - WINDOW + 1
    rows = np.zeros((height, plane.shape[1]))
    for k, weight in enumerate(weights):
        rows += weight * plane[k : k + height]
    means = np.zeros((height, width))
    for k, weight in enumerate(weights):
        means += weight * rows[:, k : k + width]
    return means
