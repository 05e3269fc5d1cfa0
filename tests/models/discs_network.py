"""A stand-in for MobileSAM that answers with discs of whatever colour is pointed at."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from compose.models.mobile_sam import PATCH, SIDE, Seen

DISCS = (((30, 30), 18, (220, 30, 30)), ((85, 45), 22, (30, 60, 220)))  # centre, radius, colour
SIZE = (120, 80)  # width and height


def scene() -> NDArray[np.uint8]:
    """Two discs on grey."""
    rgb = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    for centre, radius, colour in DISCS:
        cv2.circle(rgb, centre, radius, colour, -1)
    return rgb


def disc(number: int) -> NDArray[np.bool_]:
    """Where a disc of the scene is."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    centre, radius, _ = DISCS[number]
    cv2.circle(mask, centre, radius, 1, -1)
    return mask > 0


def taken_in(rgb: NDArray[np.uint8]) -> Seen:
    """A picture HxWx3 as the true network would have taken it in, without what it saw."""
    height, width = rgb.shape[:2]
    inner = (SIDE * width // max(width, height), SIDE * height // max(width, height))
    cells = (-(-inner[1] // PATCH), -(-inner[0] // PATCH))
    return Seen(np.zeros((1, 1, *cells), np.float32), (width, height), inner)


class DiscsNetwork:
    """Answers at a point with the disc there, its left half, and its upper left quarter.

    Beside the discs it answers with everything that is no disc.
    """

    def __init__(self) -> None:
        self.asked = 0

    def look(self, rgb: NDArray[np.uint8]) -> Seen:
        """Of the scene."""
        return taken_in(rgb)

    def answers(
        self,
        seen: Seen,
        places: NDArray[np.float64],
        labels: NDArray[np.int64],
        guess: NDArray[np.float32] | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See `MobileSamNetwork.answers`."""
        self.asked += len(places)
        rows, columns = (4 * n for n in seen.embedding.shape[2:])
        logits = np.empty((len(places), 4, rows, columns), np.float32)
        for row, (prompt, kinds) in enumerate(zip(places, labels, strict=True)):
            middle = prompt.mean(0) if 2 in kinds else prompt[0]
            whole = _at(middle)
            ys, xs = np.nonzero(whole)
            left = whole & (np.arange(SIZE[0]) <= xs.mean())
            quarter = left & (np.arange(SIZE[1])[:, None] <= ys.mean())
            for place, mask in enumerate((whole, whole, left, quarter)):
                inner = (seen.inner[0] * 4 // PATCH, seen.inner[1] * 4 // PATCH)
                large = cv2.resize(mask.astype(np.float32), inner, interpolation=cv2.INTER_LINEAR)
                logits[row, place] = -8
                logits[row, place, : inner[1], : inner[0]] = 16 * large - 8
        return logits, np.tile(np.array([0.95, 0.95, 0.8, 0.6], np.float32), (len(places), 1))


def _at(point: NDArray[np.float64]) -> NDArray[np.bool_]:
    discs = [disc(number) for number in range(len(DISCS))]
    x, y = (int(np.clip(v, 0, side - 1)) for v, side in zip(point, SIZE, strict=True))
    for mask in discs:
        if mask[y, x]:
            return mask
    return ~np.logical_or.reduce(discs)
