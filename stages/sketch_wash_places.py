"""Where one more wash brings a painting nearest to a picture.

Candidates are straight: some cover a part of one colour around a place where the painting is
still wrong, along that part's own axis; the others lie there with any direction, length and
width. Each is worth what the best plain colour within it takes off the squared error.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# Chosen by eye on the papers' twenty pictures and nine others.
_PARTS = 100  # candidates that follow a part of one colour
_FREE = 100  # and others
_ALIKE = (0.04, 0.3)  # of 1 in any channel, how far colours of one part may be apart
_NEAR = (4.0, 30.0)  # pixels around the place to which every second part is confined
_LEAST_PART = 4  # pixels
_ACROSS = (2.6, 3.6)  # deviations of a part's pixels across its axis that make a wash's width
_ALONG = (1.5, 1.8)  # deviations along it that make half its length, caps and all
_LONGEST = 0.35  # of the long side, half the length of a free one
_UPRIGHT = 2 / 3  # of the free ones lie or stand

Picture = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Place:
    """A straight wash, in pixels of the map it was looked for on."""

    middle: NDArray[np.float64]  # (2,), x and y
    half: NDArray[np.float64]  # (2,), from the middle to an end
    width: float
    color: NDArray[np.float32]  # (3,) sRGB in [0,1]

    def points(self) -> NDArray[np.float64]:
        """Control points (4,2) of a cubic."""
        return np.stack([self.middle + k * self.half for k in (-1, -1 / 3, 1 / 3, 1)])


def best_place(
    painted: Picture,
    wanted: Picture,
    weights: Picture,
    widths: tuple[float, float],
    chance: np.random.Generator,
) -> Place | None:
    """The best of the candidates, or None where none is worth anything.

    Args:
        painted, wanted: HxWx3 in [0,1].
        weights: HxW, how much a pixel's error counts.
        widths: the least and the most, in pixels.
        chance: draws the candidates.
    """
    error = ((painted - wanted) ** 2).sum(2) * weights
    odds = cv2.GaussianBlur(error, (0, 0), 1.0).ravel().astype(np.float64)
    if not odds.sum() > 0:
        return None
    odds /= odds.sum()
    height, width = weights.shape
    at = _centres(height, width)
    best: tuple[float, Place] | None = None
    for number, spot in enumerate(chance.choice(odds.size, _PARTS + _FREE, p=odds).tolist()):
        place = divmod(spot, width)
        shape = (
            _along_part(wanted, place, at, widths, chance)
            if number < _PARTS
            else _anywhere(place, max(height, width), widths, chance)
        )
        if shape is None:
            continue
        inside = _covered(at, *shape)
        if not inside.any():
            continue
        counts = weights[inside][:, None]
        color = (wanted[inside] * counts).sum(0) / max(float(counts.sum()), 1e-9)
        gain = float(error[inside].sum() - (((color - wanted[inside]) ** 2) * counts).sum())
        if best is None or gain > best[0]:
            best = gain, Place(*shape, np.asarray(color, np.float32))
    return best[1] if best is not None and best[0] > 0 else None


Shape = tuple[NDArray[np.float64], NDArray[np.float64], float]  # middle, half, width


def _centres(height: int, width: int) -> NDArray[np.float64]:
    y, x = np.mgrid[:height, :width] + 0.5
    return np.stack([x, y], -1)


def _along_part(
    wanted: Picture,
    place: tuple[int, int],  # row and column
    at: NDArray[np.float64],
    widths: tuple[float, float],
    chance: np.random.Generator,
) -> Shape | None:
    """Along the connected part of one colour that a place belongs to."""
    alike = np.abs(wanted - wanted[place]).max(2) < chance.uniform(*_ALIKE)
    _, labels = cv2.connectedComponents(alike.astype(np.uint8), connectivity=4)
    part = labels == labels[place]
    if chance.random() < 0.5:
        part &= ((at - at[place]) ** 2).sum(2) < chance.uniform(*_NEAR) ** 2
    if part.sum() < _LEAST_PART:
        return None
    spread, axes = np.linalg.eigh(np.cov(at[part].T) + 1e-6 * np.eye(2))
    width = chance.uniform(*_ACROSS) * float(np.sqrt(spread[0]))
    width = min(max(width, widths[0]), widths[1])
    half = max(chance.uniform(*_ALONG) * float(np.sqrt(spread[1])) - width / 2, 0.1)
    return at[part].mean(0), axes[:, 1] * half, width


def _anywhere(
    place: tuple[int, int], side: int, widths: tuple[float, float], chance: np.random.Generator
) -> Shape:
    """With the middle at a place, and all else by chance."""
    turn = chance.integers(2) / 2 if chance.random() < _UPRIGHT else chance.random()
    half = chance.uniform(0.02, _LONGEST) * side
    width = float(np.exp(chance.uniform(*np.log(widths))))
    direction = np.array([np.cos(np.pi * turn), np.sin(np.pi * turn)])
    return np.array([place[1] + 0.5, place[0] + 0.5]), direction * half, width


def _covered(
    at: NDArray[np.float64], middle: NDArray[np.float64], half: NDArray[np.float64], width: float
) -> NDArray[np.bool_]:
    """Which pixels HxW lie within half a width of the line."""
    away = at - middle
    along = np.clip(away @ half / max(float(half @ half), 1e-9), -1, 1)
    return np.asarray(((away - along[..., None] * half) ** 2).sum(2) <= width**2 / 4)
