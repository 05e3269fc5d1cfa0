"""Where a photographer would crop, as a distribution over boxes, and what a crop is worth under it.

The score of a crop is its expected overlap with the photographer's, the choice that minimises
Bayes risk for the loss 1 - IoU (Berger, Statistical Decision Theory, 1985, §4.4). Overlaps of
shares equal overlaps of pixels, so a belief does not know the picture's size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BLOCK = 128  # boxes compared at a time: their tables of overlaps stay in the cache


@dataclass(frozen=True, eq=False)
class CropBelief:
    """Hypotheses of the photographer's crop and how probable each is.

    Raises:
        ValueError: shapes do not fit, a box has no extent or leaves [0,1], or the probabilities
            are negative or do not sum to 1.
    """

    boxes: NDArray[np.float32]  # (M,4) x1/W, y1/H, x2/W, y2/H in [0,1]
    probability: NDArray[np.float32]  # (M,), sums to 1
    _edges: tuple[NDArray[np.float32], ...] = field(init=False, repr=False)
    _areas: NDArray[np.float32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        boxes = np.array(self.boxes, np.float32)
        probability = np.array(self.probability, np.float32)
        if boxes.ndim != 2 or boxes.shape[1] != 4 or probability.shape != boxes.shape[:1]:
            raise ValueError(f"expected (M,4) and (M,), got {boxes.shape} and {probability.shape}")
        if not (boxes >= 0).all() or not (boxes <= 1).all() or (boxes[:, :2] >= boxes[:, 2:]).any():
            raise ValueError("every box needs 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1")
        if not (probability >= 0).all() or abs(float(probability.sum()) - 1) > 1e-3:
            raise ValueError("probabilities must not be negative and sum to 1")
        edges = tuple(np.ascontiguousarray(boxes[:, i]) for i in range(4))
        for name, value in (("boxes", boxes), ("probability", probability)):
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_edges", edges)
        object.__setattr__(self, "_areas", (edges[2] - edges[0]) * (edges[3] - edges[1]))

    @classmethod
    def from_logits(
        cls, boxes: NDArray[np.floating], logits: NDArray[np.floating], keep: int = 512
    ) -> Self:
        """The softmax of `logits` (M,) over `boxes` (M,4), of which the likeliest `keep` remain.

        What remains is ordered by probability, ties as given, and sums to 1.

        Raises:
            ValueError: a logit is NaN or infinite, or see the class.
        """
        logits = np.asarray(logits, np.float64)
        if not np.isfinite(logits).all() or not len(logits):
            raise ValueError("logits must be finite numbers, at least one")
        order = np.argsort(-logits, kind="stable")[:keep]
        weights = np.exp(logits[order] - logits[order[0]])
        return cls(
            np.asarray(boxes, np.float32)[order], (weights / weights.sum()).astype(np.float32)
        )

    @classmethod
    def certain(cls, box: ArrayLike) -> Self:
        """The belief that knows the crop: `box` (4,) in shares."""
        return cls(np.asarray(box, np.float32).reshape(1, 4), np.ones(1, np.float32))

    def overlaps(self, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """IoU (N,M) of `boxes` (N,4) in shares with every hypothesis."""
        return self._compare(boxes)[0]

    def utility(self, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Scores (N,) in [0,1] of `boxes` (N,4) in shares: expected IoU with the photographer's."""
        return expectation(self.overlaps(boxes), self.probability)

    def importance(self, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Expected share (N,) in [0,1] of the photographer's crop that `boxes` (N,4) contain."""
        inside = self._compare(boxes)[1] / self._areas
        return expectation(np.minimum(inside, 1), self.probability)

    def _compare(
        self, boxes: NDArray[np.floating]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """IoU and intersection, (N,M) each."""
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        left, top, right, bottom = self._edges
        shape = (len(boxes), len(left))
        overlap, common = np.empty(shape, np.float32), np.empty(shape, np.float32)
        for start in range(0, len(boxes), _BLOCK):
            part = boxes[start : start + _BLOCK, :, None]
            x1, y1, x2, y2 = part[:, 0], part[:, 1], part[:, 2], part[:, 3]
            both = np.minimum(x2, right)
            both -= np.maximum(x1, left)
            np.maximum(both, 0, out=both)
            high = np.minimum(y2, bottom)
            high -= np.maximum(y1, top)
            np.maximum(high, 0, out=high)
            both *= high
            common[start : start + _BLOCK] = both
            either = np.add((x2 - x1) * (y2 - y1), self._areas, out=high)
            either -= both
            np.divide(both, either, out=overlap[start : start + _BLOCK])
        return overlap, common


def expectation(
    values: NDArray[np.float32], probability: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Means (N,) of `values` (N,M) under `probability` (M,).

    Not by BLAS, whose sums depend on how many threads it takes.
    """
    return np.asarray(np.einsum("nm,m->n", values, probability), np.float32)
