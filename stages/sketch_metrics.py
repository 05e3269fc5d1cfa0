"""How far the ink of a sketch lies on the edges of its photograph."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

REACH = 2.0  # canvas pixels within which ink counts as lying on an edge
INK = 64  # of 255: what differs from the paper by more, in any channel, is ink

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class EdgeAgreement:
    """How ink and edges cover each other; None where there is nothing to be covered."""

    recall: float | None  # share of the edges with ink within reach
    precision: float | None  # share of the ink with an edge within reach

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; 0 where one of them is 0."""
        if self.recall is None or self.precision is None:
            return None
        total = self.recall + self.precision
        return 2 * self.recall * self.precision / total if total else 0.0


def ink_mask(sketch: NDArray[np.uint8], paper: tuple[int, int, int] = (255, 255, 255)) -> Mask:
    """HxW, True where HxWx3 differs from the paper's colour by more than 64 of 255."""
    difference = np.abs(sketch.astype(np.int16) - np.asarray(paper, np.int16))
    return np.asarray(difference.max(-1) > INK)


def edge_agreement(ink: Mask, edges: Mask, *, reach: float = REACH) -> EdgeAgreement:
    """Recall of the edges and precision of the ink, both HxW, within `reach` pixels.

    Distances are Euclidean between pixel centres; a pixel at `reach` exactly counts.
    """
    return EdgeAgreement(recall=_covered(edges, ink, reach), precision=_covered(ink, edges, reach))


def _covered(wanted: Mask, cover: Mask, reach: float) -> float | None:
    """Share of `wanted` that has `cover` within reach."""
    if not wanted.any():
        return None
    if not cover.any():
        return 0.0
    distance = cv2.distanceTransform((~cover).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float((distance[wanted] <= reach + 1e-4).mean())
