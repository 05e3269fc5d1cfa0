"""Crops that serve one subject of several: they hold it and are centred on it, not on another.

Of a family of crops (any aspect, or one) those stay whose centre lies near the subject's: within a
share of the crop's own sides, and much nearer than to any other subject's. What is left is searched
as any crops are, by what the engine expects a photographer to choose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box, round_inside
from ..core.errors import InputError
from ..models.crop_belief import CropBelief
from .crop_aspect import AspectCrops
from .crop_free import FreeCrops
from .crop_limits import IntBoxes, Limits
from .crop_request import Aspect

Points = NDArray[np.float64]  # (N,2) x and y in pixels

_SIZES = np.geomspace(1, 6, 25)  # of crops to start from, in subjects
_SHIFTS = (-0.6, 0.0, 0.6)  # of their centres, in what is allowed


@dataclass(frozen=True)
class CentredConfig:
    """What "centred on it" means; chosen on COCO's train pictures with several large objects."""

    off: float = 0.08  # of a crop's width and height: how far its centre may be from the subject's
    nearer: float = 0.5  # at most so many times as far from it as from any other subject
    largest: float = 12.0  # times the subject's area: a crop is about it, not around it


@dataclass(frozen=True)
class Centre:
    """One subject among others."""

    box: Box  # pixels of the upright original
    others: Points  # centres of the other subjects
    config: CentredConfig

    def allow(self, boxes: IntBoxes) -> NDArray[np.bool_]:
        """Which crops (N,4) are centred on the subject and not too large for it."""
        sides = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64)
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        away = np.abs(centres - self.point)
        # half a pixel, because a centre is a whole or a half one
        good = (away <= np.maximum(self.config.off * sides, 0.5)).all(1)
        good &= sides[:, 0] * sides[:, 1] <= self.config.largest * max(self.box.area, 1.0)
        if len(self.others):
            far = np.linalg.norm(centres[:, None] - self.others, axis=2).min(1)
            near = np.linalg.norm(centres - self.point, axis=1)
            good &= near <= np.maximum(self.config.nearer * far, 0.75)
        return np.asarray(good)

    @property
    def point(self) -> Points:
        """The subject's centre (2,)."""
        x1, y1, x2, y2 = self.box
        return np.array([(x1 + x2) / 2, (y1 + y2) / 2])


class CentredFree:
    """Crops of any aspect on one subject; see `crop_search.Space`."""

    def __init__(self, limits: Limits, centre: Centre) -> None:
        self._inner, self._limits, self._centre = FreeCrops(limits), limits, centre

    def candidates(self, belief: CropBelief) -> IntBoxes:
        """The family's own that are centred, and crops of many sizes around the subject."""
        x1, y1, x2, y2 = self._centre.box
        half = np.array([x2 - x1, y2 - y1]) / 2
        across, down = np.meshgrid(_SIZES, _SIZES, indexing="ij")
        halves = np.stack([across.ravel(), down.ravel()], 1) * half
        shifts = np.array(np.meshgrid(_SHIFTS, _SHIFTS)).reshape(2, -1).T * self._centre.config.off
        centres = self._centre.point + shifts[:, None] * 2 * halves
        around = np.concatenate([centres - halves, centres + halves], 2).reshape(-1, 4)
        width, height = self._limits.width, self._limits.height
        own = round_inside(np.array([self._centre.box], np.float64), width, height)
        boxes = [self._inner.candidates(belief), round_inside(around, width, height), own]
        return self._allowed(np.concatenate(boxes))

    def neighbours(self, box: IntBoxes, share: float) -> IntBoxes:
        """The family's that are centred."""
        return self._allowed(self._inner.neighbours(box, share))

    def _allowed(self, boxes: IntBoxes) -> IntBoxes:
        boxes = boxes[self._limits.allow(boxes)]
        return boxes[self._centre.allow(boxes)]


class CentredAspect:
    """Crops of one aspect on one subject; see `crop_search.Space`.

    Raises:
        InputError: see `AspectCrops`.
    """

    def __init__(
        self, aspect: Aspect, limits: Limits, least: tuple[int, int], centre: Centre
    ) -> None:
        self._inner, self._centre = AspectCrops(aspect, limits, least), centre

    def candidates(self, belief: CropBelief) -> IntBoxes:
        """The family's own that are centred, and those of all its sizes around the subject."""
        boxes = np.concatenate(
            [self._inner.candidates(belief), self._inner.around(self._centre.point)]
        )
        return boxes[self._centre.allow(boxes)]

    def neighbours(self, box: IntBoxes, share: float) -> IntBoxes:
        """The family's that are centred."""
        boxes = self._inner.neighbours(box, share)
        return boxes[self._centre.allow(boxes)]


def require_some(boxes: IntBoxes) -> None:
    """Refuse a family that is empty.

    Raises:
        InputError: it is.
    """
    if not len(boxes):
        raise InputError("no crop that is asked for is centred on the subject; ask for less.")
