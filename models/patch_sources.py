"""Patches of a photograph as what an expansion can be put together from: numbers and colours.

A patch is described by its products with the first polynomials under a Gaussian window, a dozen
numbers that tell most of a natural patch, as the principal components of K. He and J. Sun,
Computing Nearest-Neighbor Fields via Propagation-Assisted KD-Trees, CVPR 2012, do. The mirrored
photograph counts as much as the photograph, for at its border nothing else continues it without a
seam.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask

RADIUS = 3  # pixels of a patch around its middle
_SPREAD = 2.2  # standard deviation of the window in pixels
_BRIGHT = ((0, 0), (1, 0), (0, 1), (2, 0), (0, 2), (1, 1))  # degrees across and down
_HUE = ((0, 0), (1, 0), (0, 1))
_LEAST = 0.15  # share of the photograph that has to be allowed for a ban to count
# brightness, and two differences of colours, of equal energy to the three channels
_OPPONENT = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]], np.float32) / np.sqrt(
    np.array([[3], [2], [6]], np.float32)
)

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def _polynomials() -> list[Floats]:
    """The first three polynomials (2*RADIUS+1,), orthonormal under the window, times its root."""
    x = np.arange(-RADIUS, RADIUS + 1, dtype=np.float64)
    window = np.exp(-(x**2) / (2 * _SPREAD**2))
    root = np.sqrt(window / window.sum())
    found: list[NDArray[np.float64]] = []
    for degree in range(3):
        one = root * x**degree
        for other in found:
            one = one - (one * other).sum() * other
        found.append(one / np.sqrt((one**2).sum()))
    return [np.asarray(one * root, np.float32) for one in found]


_FILTERS = _polynomials()
SIZE = len(_BRIGHT) + 2 * len(_HUE)


def described(picture: Floats) -> Floats:
    """Descriptions HxWxSIZE of the patches around all pixels of a picture HxWx3 in [0, 1]."""
    planes = np.ascontiguousarray(picture) @ _OPPONENT.T
    found = np.empty((*picture.shape[:2], SIZE), np.float32)
    number = 0
    for channel, degrees in enumerate((_BRIGHT, _HUE, _HUE)):
        plane = np.ascontiguousarray(planes[..., channel])
        for across, down in degrees:
            found[..., number] = cv2.sepFilter2D(
                plane, -1, _FILTERS[across], _FILTERS[down], borderType=cv2.BORDER_REFLECT
            )
            number += 1
    return found


@dataclass(frozen=True, eq=False)
class PatchSources:
    """All patches of a photograph and of its mirror image, side by side.

    A place is a row, and a column in [0, 2*width): from `width` on it is in the mirror image.
    """

    height: int
    width: int  # of the photograph
    colours: Floats = field(repr=False)  # (height, 2*width, 3) in [0, 1]
    numbers: Floats = field(repr=False)  # (height * 2*width, SIZE)
    allowed: Mask = field(repr=False)  # (height, 2*width): the patch may be used
    places: NDArray[np.intp] = field(repr=False)  # flat indices of those allowed

    @classmethod
    def of(cls, photo: Floats, banned: Mask) -> Self:
        """The patches of a photograph HxWx3 in [0, 1] that touch nothing of `banned` HxW, unless
        that is nearly all of it."""
        height, width = photo.shape[:2]
        reach = min(RADIUS, (min(height, width) - 1) // 3)
        inner = np.zeros((height, width), bool)
        inner[reach : height - reach, reach : width - reach] = True
        square = np.ones((2 * RADIUS + 1,) * 2, np.uint8)
        free = inner & ~(cv2.dilate(banned.astype(np.uint8), square) > 0)
        allowed = free if free.mean() > _LEAST else inner
        both = [photo, photo[:, ::-1]]
        allowed = np.concatenate([allowed, allowed[:, ::-1]], 1)
        return cls(
            height,
            width,
            np.ascontiguousarray(np.concatenate(both, 1)),
            np.concatenate([described(each) for each in both], 1).reshape(-1, SIZE),
            allowed,
            np.flatnonzero(allowed),
        )

    def drawn(self, count: int, random: np.random.Generator) -> tuple[Ints, Ints]:
        """Rows and columns of allowed patches, drawn at random."""
        flat = self.places[random.integers(0, len(self.places), count)]
        return flat // self.allowed.shape[1], flat % self.allowed.shape[1]

    def enlarged_from(
        self, rows: NDArray[Any], columns: NDArray[Any], parts: NDArray[Any], smaller: PatchSources
    ) -> tuple[Ints, Ints]:
        """Places here of places in the same photograph at a smaller size.

        Args:
            rows, columns: (N,) of the smaller.
            parts: (2,N) how far down and across within such a pixel, in [0, 1).
            smaller: the sources that they are of.
        """
        mirrored = columns >= smaller.width
        inner = columns - mirrored * smaller.width
        down, across = self.height / smaller.height, self.width / smaller.width
        new_rows = np.floor((rows + parts[0]) * down).astype(np.int64)
        new_columns = np.floor((inner + parts[1]) * across).astype(np.int64)
        new_rows = np.clip(new_rows, 0, self.height - 1)
        new_columns = np.clip(new_columns, 0, self.width - 1) + mirrored * self.width
        return new_rows, new_columns
