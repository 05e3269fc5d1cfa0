"""Crops of one aspect: the sizes that have it to within a pixel, and where they can lie."""

from __future__ import annotations

import bisect

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.errors import InputError
from ..models.crop_belief import CropBelief
from .crop_limits import IntBoxes, Limits
from .crop_request import Aspect

_SCALES = 12
_SMALLEST = 0.35  # of the largest crop's side: where the grid of scales ends
_SPACING = 14  # positions across the picture
_HYPOTHESES = 96  # the likeliest, each with the crop of this aspect most like it

# where a crop stays when it grows: its centre or a corner, as shares of what it gains
_ANCHORS = np.array([(0.5, 0.5), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])


class AspectCrops:
    """Every crop of one aspect within the limits.

    A crop's longer side has a whole number of pixels, `length`; the other is what the aspect
    makes of it, rounded, so it is at most half a pixel off (and at least one pixel long).

    Raises:
        InputError: no crop of this aspect is as large as asked or holds what is to be kept.
    """

    def __init__(self, aspect: Aspect, limits: Limits, least: tuple[int, int] = (1, 1)) -> None:
        """Search crops of `aspect` and at least `least` pixels wide and high."""
        self.aspect, self.limits = aspect, limits
        lengths = range(1, max(limits.width, limits.height) + 1)
        self.longest = bisect.bisect_left(lengths, True, key=self._too_long)
        enough = lengths[: self.longest]
        index = bisect.bisect_left(enough, True, key=lambda n: self._shortfall(n, least) is None)
        if index == len(enough):
            raise InputError(self._shortfall(self.longest, least) or "")
        self.shortest = enough[index]

    def candidates(self, belief: CropBelief) -> IntBoxes:
        """Crops (N,4) at several scales and many positions, and those most like hypotheses."""
        least = max(self.shortest, round(_SMALLEST * self.longest))
        lengths = np.unique(np.rint(np.geomspace(least, self.longest, _SCALES)).astype(np.int64))
        boxes = [self._everywhere(int(length)) for length in lengths]
        likely = self.limits.pixels(belief.boxes[:_HYPOTHESES])
        sides = likely[:, 2:] - likely[:, :2]
        ratio = max(self.aspect.ratio, 1 / self.aspect.ratio)
        same_area = np.rint(np.sqrt(sides[:, 0] * sides[:, 1] * ratio))
        boxes.append(self._place(same_area, (likely[:, :2] + likely[:, 2:]) / 2))
        return np.concatenate(boxes)

    def neighbours(self, box: IntBoxes, share: float) -> IntBoxes:
        """Crops (K,4) that differ from `box` (4,) by a step of `share` of the picture's sides."""
        limits = self.limits
        side = box[2:] - box[:2]
        length = int(side[0] if self.aspect.width >= self.aspect.height else side[1])
        step = np.maximum(np.rint(share * np.array([limits.width, limits.height])), 1)
        centre = (box[:2] + box[2:]) / 2
        shifts = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)]) * step
        boxes = [self._place(np.full(4, length), centre + shifts)]
        change = max(round(share * length), 1)
        for other in (length + change, length - change):
            other = min(max(other, self.shortest), self.longest)
            corners = box[:2] - _ANCHORS * (np.array(self._sides(other)) - side)
            boxes.append(
                self._place(
                    np.full(len(_ANCHORS), other), corners + np.array(self._sides(other)) / 2
                )
            )
        return np.concatenate(boxes)

    def around(self, point: NDArray[np.float64]) -> IntBoxes:
        """Crops (N,4) of sizes from the least to the greatest, as near to `point` as they lie."""
        sizes = np.geomspace(self.shortest, self.longest, 4 * _SCALES)
        lengths = np.unique(np.rint(sizes).astype(np.int64))
        return self._place(lengths, np.broadcast_to(point, (len(lengths), 2)))

    def _sides(self, length: int) -> tuple[int, int]:
        """Width and height of the crop whose longer side is `length`."""
        wide, high = self.aspect.width, self.aspect.height
        if wide >= high:
            return length, max((2 * length * high + wide) // (2 * wide), 1)
        return max((2 * length * wide + high) // (2 * high), 1), length

    def _too_long(self, length: int) -> bool:
        width, height = self._sides(length)
        return width > self.limits.width or height > self.limits.height

    def _shortfall(self, length: int, least: tuple[int, int]) -> str | None:
        """What a crop of that length is too small for, as a sentence."""
        width, height = self._sides(length)
        limits, label = self.limits, self.aspect.label
        picture = f"{limits.width}x{limits.height}"
        if limits.keep is not None:
            kept = limits.keep[2] - limits.keep[0], limits.keep[3] - limits.keep[1]
            if kept[0] > width or kept[1] > height:
                return (
                    f"what is to be kept is {kept[0]}x{kept[1]}, more than any {label} crop of "
                    f"this {picture} picture holds; choose another aspect or keep less."
                )
        if width * height < limits.least_area - 0.5:
            share = width * height / (limits.width * limits.height)
            return (
                f"no {label} crop of this {picture} picture has the least area asked for (the "
                f"largest has {share:.3f}); lower --min-area or choose another aspect."
            )
        if width < least[0] or height < least[1]:
            return (
                f"this {picture} picture is too small for crops of {least[0]}x{least[1]}; "
                "add --upscale or ask for a smaller size."
            )
        return None

    def _ranges(self, sides: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Least and greatest corner (…,2) of crops with these sides (…,2)."""
        low = np.zeros_like(sides)
        high = np.array([self.limits.width, self.limits.height]) - sides
        if self.limits.keep is not None:
            low = np.maximum(low, np.array(self.limits.keep[2:]) - sides)
            high = np.minimum(high, np.array(self.limits.keep[:2]))
        return low, high

    def _everywhere(self, length: int) -> IntBoxes:
        """Crops of one length on a grid of positions that holds both ends."""
        sides = np.array(self._sides(length), np.int64)
        low, high = self._ranges(sides)
        picture = (self.limits.width, self.limits.height)
        across, down = (
            np.unique(
                np.rint(np.linspace(low[i], high[i], 2 + int(_SPACING * gap / picture[i])))
            ).astype(np.int64)
            for i, gap in enumerate(high - low)
        )
        corners = np.stack(np.meshgrid(across, down, indexing="ij"), -1).reshape(-1, 2)
        return np.concatenate([corners, corners + sides], 1)

    def _place(self, lengths: ArrayLike, centres: NDArray[np.float64]) -> IntBoxes:
        """Crops of these lengths (N,), as near to the centres (N,2) as they can lie."""
        lengths = np.clip(np.asarray(lengths, np.int64), self.shortest, self.longest)
        sides = np.array([self._sides(int(length)) for length in lengths], np.int64)
        low, high = self._ranges(sides)
        corners = np.floor(centres - sides / 2 + 0.5).astype(np.int64)
        corners = np.minimum(np.maximum(corners, low), high)
        return np.concatenate([corners, corners + sides], 1)
