"""True masks made coarse as segmenters make them: thin ends lost, corners cut, edges off."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.discs import disc

_LEAST_KEPT = 0.3  # of a mask; what would leave less is not done

Bits = NDArray[np.uint8]


def made_coarse(truth: Bits, chance: np.random.Generator) -> Bits:
    """A mask (n,n) of 0 and 1 with the faults of a found one.

    Lengths are drawn in shares of the square root of the mask's area.
    """
    area = int(truth.sum())
    size = max(area, 1) ** 0.5
    mask = truth
    if chance.random() < 0.6:  # thin parts go
        radius = int(chance.integers(1, max(2, int(size * 0.12)) + 1))
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc(radius)).astype(np.uint8)
    for _ in range(int(chance.integers(0, 4))):
        mask = _dented(mask, size, chance)
    if chance.random() < 0.2:  # feet go
        rows = np.flatnonzero(mask.any(1))
        if len(rows) > 8:
            lost = int((rows[-1] - rows[0]) * chance.uniform(0.02, 0.2))
            mask = mask.copy()
            mask[rows[-1] - lost :] = 0
    if chance.random() < 0.5:
        mask = _blurred(mask, chance)
    radius = int(chance.integers(-3, 4))
    if radius:
        change = cv2.erode if radius < 0 else cv2.dilate
        mask = change(mask, disc(abs(radius))).astype(np.uint8)
    return mask if mask.sum() >= _LEAST_KEPT * area else truth


def _dented(mask: Bits, size: float, chance: np.random.Generator) -> Bits:
    """An ellipse on the mask's edge taken away or added, often at one of its ends."""
    edge = np.argwhere(mask ^ cv2.erode(mask, disc(1)).astype(np.uint8))
    if not len(edge):
        return mask
    place = edge[chance.integers(len(edge))]
    if chance.random() < 0.6:
        some = edge[chance.integers(len(edge), size=6)]
        middle = np.argwhere(mask).mean(0)
        place = some[np.argmax(((some - middle) ** 2).sum(1))]
    long = int(size * chance.uniform(0.05, 0.3)) + 1
    axes = (long, max(1, int(long * chance.uniform(0.4, 1))))
    dent = np.zeros_like(mask)
    turned = chance.uniform(0, 180)
    cv2.ellipse(dent, (int(place[1]), int(place[0])), axes, turned, 0, 360, (1,), -1)
    return np.asarray(mask & (1 - dent) if chance.random() < 0.7 else mask | dent, np.uint8)


def _blurred(mask: Bits, chance: np.random.Generator) -> Bits:
    """As if found on few cells."""
    cells = int(chance.integers(18, 56))
    shares = cv2.resize(mask.astype(np.float32), (cells, cells), interpolation=cv2.INTER_AREA)
    shares = cv2.GaussianBlur(shares, (0, 0), chance.uniform(0.4, 1))
    wide = cv2.resize(shares, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return (wide > chance.uniform(0.3, 0.7)).astype(np.uint8)
