"""Closed-form matting (Levin, Lischinski, Weiss, TPAMI 2008): alpha locally linear in colour.

In every 3x3 window alpha is to be a linear function of the colours; what is left of it squared,
over all windows, is a quadratic form that is minimised over the unknown pixels by conjugate
gradients. Only windows that touch unknown pixels are built, so that the cost goes with the length
of an outline, and no sparse matrix is needed: a product is one of 9x9 matrices with what lies in
their windows.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask

Floats = NDArray[np.float32]

_SMOOTHNESS = 1e-4  # variance of colours in [0, 1] below which a window counts as one colour
_MOST = 300  # iterations


def closed_form_alpha(
    rgb: NDArray[np.uint8], start: Floats, unknown: Mask, *, tolerance: float = 1e-2
) -> Floats:
    """The alpha of unknown pixels, from that of the others.

    Args:
        rgb: HxWx3.
        start: HxW in [0, 1]; where it is known, and a guess elsewhere. The iterations begin
            there, and where colours do not tell they end near it.
        unknown: HxW.
        tolerance: the residual, as a share of the first one, at which iterations end.

    Returns:
        HxW in [0, 1], `start` where that is known.
    """
    alpha = start.astype(np.float32).ravel()
    touched = cv2.dilate(unknown.astype(np.uint8), np.ones((3, 3))) > 0
    touched[[0, -1]] = touched[:, [0, -1]] = False  # windows lie inside the picture
    free = np.flatnonzero(unknown)
    middles = np.flatnonzero(touched)
    if not len(free) or not len(middles):
        return alpha.reshape(start.shape)
    steps = np.add.outer(np.arange(-1, 2) * start.shape[1], np.arange(-1, 2)).ravel()
    windows = middles[:, None] + steps
    forms = _forms(rgb.reshape(-1, 3)[windows].astype(np.float32) / 255)
    place = np.full(alpha.size, len(free))
    place[free] = np.arange(len(free))
    places = place[windows].ravel()

    def gathered(parts: Floats) -> Floats:
        """Sums over the windows that a free pixel lies in."""
        return np.bincount(places, parts.ravel(), len(free) + 1)[:-1].astype(np.float32)

    def product(values: Floats) -> Floats:
        return gathered(np.matmul(forms, values[windows][..., None]))

    diagonal = np.maximum(gathered(np.diagonal(forms, axis1=1, axis2=2)), 1e-6)
    change = np.zeros_like(alpha)
    found = alpha[free]
    left = -product(alpha)
    scaled = np.asarray(left / diagonal, np.float32)
    ahead, energy = scaled, float(left @ scaled)
    enough = tolerance**2 * energy
    for _ in range(_MOST):
        if energy <= max(enough, 1e-12):
            break
        change[free] = ahead
        pushed = product(change)
        bent = float(ahead @ pushed)
        if bent <= 0:  # by rounding only, the form is not negative
            break
        step = np.float32(energy / bent)
        found = np.asarray(found + step * ahead, np.float32)
        left = np.asarray(left - step * pushed, np.float32)
        scaled = np.asarray(left / diagonal, np.float32)
        before, energy = energy, float(left @ scaled)
        ahead = scaled + np.float32(energy / before) * ahead
    alpha[free] = np.clip(found, 0, 1)
    return alpha.reshape(start.shape)


def _forms(colours: Floats) -> Floats:
    """The quadratic forms (m,9,9) of windows of colours (m,9,3); the paper's equation 12."""
    apart = colours - colours.mean(1, keepdims=True)
    spread = np.matmul(apart.transpose(0, 2, 1), apart) / 9
    spread += np.eye(3, dtype=np.float32) * (_SMOOTHNESS / 9)
    alike = np.matmul(np.matmul(apart, np.linalg.inv(spread)), apart.transpose(0, 2, 1))
    return np.asarray(np.eye(9, dtype=np.float32) - (1 + alike) / 9, np.float32)
