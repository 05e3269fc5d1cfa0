"""Contours as chains of points: ridges of a contour map, walked from the strongest one on."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Map = NDArray[np.float32]

LEAST = 0.1  # of a contour map; fainter ridges are none
_SIGMA = 1.0  # pixels of the blur before curvature is taken
_AHEAD = 0.3  # cosine; a walk may turn by up to 72 degrees from one step to the next
_MEMORY = 5  # pixels of a walk that its direction is taken from
_SMOOTHING = 1.5  # points, deviation along a chain; steps of whole pixels are no shape
_STEPS = [(dx, dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dx or dy]


def ridges(contours: Map, *, least: float = LEAST, border: int = 1) -> NDArray[np.bool_]:
    """Where a contour map is highest across its lines.

    Args:
        contours: HxW in [0,1].
        least: of the blurred map, for a pixel to be a ridge.
        border: pixels at the picture's edge that are none.

    Returns:
        HxW, True on lines of one or two pixels' breadth.
    """
    smooth = cv2.GaussianBlur(np.asarray(contours, np.float32), (0, 0), _SIGMA)
    xx = cv2.Sobel(smooth, cv2.CV_32F, 2, 0, ksize=5)
    yy = cv2.Sobel(smooth, cv2.CV_32F, 0, 2, ksize=5)
    xy = cv2.Sobel(smooth, cv2.CV_32F, 1, 1, ksize=5)
    # the eigenvector of the Hessian's lower eigenvalue points across a ridge
    across = 0.5 * np.arctan2(2 * xy, xx - yy) + np.float32(np.pi / 2)
    dx, dy = np.cos(across).astype(np.float32), np.sin(across).astype(np.float32)
    rows, columns = np.indices(smooth.shape, dtype=np.float32)
    # where it is hollow all in all, it is a flank, and its level along the line no ridge
    found = (smooth > least) & (xx + yy < 0)
    for side in (-1, 1):
        beside = cv2.remap(
            smooth,
            columns + side * dx,
            rows + side * dy,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        found &= smooth >= beside
    if border:
        found[:border] = found[-border:] = False
        found[:, :border] = found[:, -border:] = False
    return np.asarray(found)


def chains(ridge: NDArray[np.bool_], contours: Map, *, shortest: int = 5) -> list[Points]:
    """Walk along ridges from the strongest pixel not yet passed, to both sides, straight on.

    Args:
        ridge: HxW, of `ridges`.
        contours: HxW; walks begin where it is highest and prefer higher pixels.
        shortest: chains of fewer pixels are dropped.

    Returns:
        (n,2) each, x and y in pixels, smoothed; the centre of the first pixel is (0.5, 0.5).
    """
    height, width = ridge.shape
    left = np.pad(ridge, 1)  # so that no step leaves it
    strength = np.pad(np.asarray(contours, np.float64), 1)
    rows, columns = np.nonzero(left)
    found = []
    for k in np.argsort(-strength[rows, columns], kind="stable"):
        start = int(columns[k]), int(rows[k])
        if not left[start[1], start[0]]:
            continue
        left[start[1], start[0]] = False
        forth = _walk([start], left, strength)
        back = _walk([*reversed(forth[: _MEMORY - 1]), start], left, strength)
        chain = [*reversed(back), start, *forth]
        if len(chain) >= shortest:
            found.append(_smoothed(np.array(chain, np.float64) - 0.5))
    return [np.clip(chain, 0, (width, height)) for chain in found]


def passed(line: Points, shape: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the pixels of HxW that points (n,2), x and y, lie in or nearest to."""
    height, width = shape
    x, y = np.clip(line.astype(np.intp), 0, (width - 1, height - 1)).T
    return y, x


def _walk(
    path: list[tuple[int, int]],
    left: NDArray[np.bool_],
    strength: NDArray[np.float64],
) -> list[tuple[int, int]]:
    """The pixels passed from the end of `path` on, taken off `left` with those beside them."""
    begun = len(path)
    while True:
        origin = path[-min(len(path), _MEMORY)]
        heading = float(path[-1][0] - origin[0]), float(path[-1][1] - origin[1])
        best, best_value = None, 0.0
        for dx, dy in _STEPS:
            x, y = path[-1][0] + dx, path[-1][1] + dy
            if not left[y, x]:
                continue
            ahead = 1.0
            if any(heading):
                norm = np.hypot(*heading) * np.hypot(dx, dy)
                ahead = (dx * heading[0] + dy * heading[1]) / max(norm, 1e-9)
                if ahead < _AHEAD:
                    continue
            value = (strength[y, x] + 0.05) * ahead
            if value > best_value:
                best, best_value = (x, y), value
        if best is None:
            return path[begun:]
        for dx, dy in _STEPS:  # ridges of two pixels' breadth are walked once
            x, y = path[-1][0] + dx, path[-1][1] + dy
            if max(abs(x - best[0]), abs(y - best[1])) <= 1:
                left[y, x] = False
        left[best[1], best[0]] = False
        path.append(best)


def _smoothed(chain: Points) -> Points:
    """A chain (n,2) blurred along itself, its ends where they were."""
    radius = min(round(3 * _SMOOTHING), len(chain) - 1)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / _SMOOTHING) ** 2)
    # mirrored through its ends, which therefore stay
    before = 2 * chain[:1] - chain[radius:0:-1]
    after = 2 * chain[-1:] - chain[-2 : -radius - 2 : -1]
    longer = np.concatenate([before, chain, after])
    blurred = [np.convolve(longer[:, k], kernel / kernel.sum(), "valid") for k in (0, 1)]
    return np.stack(blurred, -1)
