"""A soft map brought onto an object's edges by colours: GrabCut (Rother et al., 2004)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask

SIDE = 384  # pixels of the longer side at which colours are compared; 256 and 512 are no better
_SURE = 0.001  # of the map: what lies nearer to 0 or 1 stays as it is
_KEPT = 0.4  # weight of the map in what comes out; without it edges fray
_ROUNDS = 2  # of fitting the two mixtures of colours; more change nothing


def small_size(width: int, height: int, side: int = SIDE) -> tuple[int, int]:
    """Width and height at which colours are compared."""
    scale = min(side / max(width, height), 1.0)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def grab_cut(
    rgb: NDArray[np.uint8],
    soft: NDArray[np.float32],
    *,
    inside: Mask | None = None,
    outside: Mask | None = None,
) -> NDArray[np.float32]:
    """The map (h,w) in [0, 1] with its edge at 1/2 moved to where the colours change.

    Args:
        rgb: (h,w,3), small, for time grows with its pixels.
        soft: how likely a pixel is the object's, (h,w) in [0, 1].
        inside: pixels that surely are, True; beside those where `soft` is 1.
        outside: pixels that surely are not; beside those where `soft` is 0.
    """
    state = np.where(soft >= 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    state[soft < _SURE], state[soft > 1 - _SURE] = cv2.GC_BGD, cv2.GC_FGD
    if outside is not None:
        state[outside] = cv2.GC_BGD
    if inside is not None:
        state[inside] = cv2.GC_FGD
    if _has_both(state):
        cv2.setRNGSeed(0)  # the first mixtures are drawn
        mixtures = np.zeros((1, 65)), np.zeros((1, 65))
        whole = (0, 0, state.shape[1], state.shape[0])  # not looked at
        mode = cv2.GC_INIT_WITH_MASK
        cv2.grabCut(np.ascontiguousarray(rgb), state, whole, *mixtures, _ROUNDS, mode)
    cut = (state == cv2.GC_FGD) | (state == cv2.GC_PR_FGD)
    mixed = (1 - _KEPT) * cut + _KEPT * soft
    if outside is not None:
        mixed[outside] = 0
    if inside is not None:
        mixed[inside] = 1
    return np.asarray(mixed, np.float32)


def _has_both(state: NDArray[np.uint8]) -> bool:
    """Whether both sides have the pixels that a mixture of five colours needs."""
    object_ = (state == cv2.GC_FGD) | (state == cv2.GC_PR_FGD)
    return min(int(object_.sum()), int((~object_).sum())) >= 8
