"""What every crop of a picture has to respect, in whole pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from .crop_request import CropRequest

IntBoxes = NDArray[np.int64]  # (…,4) x1, y1, x2, y2 in pixels


@dataclass(frozen=True)
class Limits:
    """The picture, the least area, and the box that has to stay in."""

    width: int
    height: int
    least_area: float  # square pixels
    keep: tuple[int, int, int, int] | None

    @classmethod
    def of(cls, width: int, height: int, request: CropRequest) -> Limits:
        """The limits of `request` in a picture of that size.

        Raises:
            InputError: the box to keep leaves the picture.
        """
        keep = request.keep
        kept = None
        if keep is not None:
            if keep.x1 < 0 or keep.y1 < 0 or keep.x2 > width or keep.y2 > height:
                text = ",".join(f"{edge:g}" for edge in keep)
                raise InputError(
                    f"the box to keep {text} leaves the picture, which is {width}x{height}; "
                    "give pixels of the upright picture."
                )
            kept = math.floor(keep.x1), math.floor(keep.y1), math.ceil(keep.x2), math.ceil(keep.y2)
        return cls(width, height, request.min_area * width * height, kept)

    def allow(self, boxes: IntBoxes) -> NDArray[np.bool_]:
        """Which boxes (N,4) have extent, stay inside, are large enough, and cut nothing kept."""
        x1, y1, x2, y2 = np.moveaxis(boxes, -1, 0)
        good = (x1 >= 0) & (y1 >= 0) & (x2 <= self.width) & (y2 <= self.height)
        good &= (x2 > x1) & (y2 > y1)
        # half a square pixel, because a share of an area is no whole number
        good &= (x2 - x1) * (y2 - y1) >= self.least_area - 0.5
        if self.keep is not None:
            kx1, ky1, kx2, ky2 = self.keep
            good &= (x1 <= kx1) & (y1 <= ky1) & (x2 >= kx2) & (y2 >= ky2)
        return np.asarray(good)

    def shares(self, boxes: IntBoxes) -> NDArray[np.float32]:
        """Boxes (…,4) as shares of the picture."""
        sides = np.array([self.width, self.height, self.width, self.height], np.float64)
        return (boxes / sides).astype(np.float32)

    def pixels(self, shares: NDArray[np.floating]) -> NDArray[np.float64]:
        """Shares (…,4) as boxes in unrounded pixels."""
        sides = np.array([self.width, self.height, self.width, self.height], np.float64)
        return np.asarray(shares, np.float64) * sides

    @property
    def whole(self) -> IntBoxes:
        """The picture itself, (1,4); it respects everything."""
        return np.array([[0, 0, self.width, self.height]], np.int64)
