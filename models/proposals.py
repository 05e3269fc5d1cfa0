"""Candidates for the masks of a picture's objects: what MobileSAM answers where it is asked.

It is asked at a grid of points over all that is salient, and with the box and the mask of each
object that was found otherwise. Every answer, whole or part, is a candidate; which of them are
objects is for `object_choice.py` to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask, mask_box
from .mobile_sam import CORNERS, MobileSamNetwork, Seen, answers_at

LONG_SIDE = 256  # pixels of the small masks' longer side

_POINTS = 40  # about as many are spread over what is salient
_LEAST_STEP = 8  # pixels of a small mask between two points
_SALIENT = 0.3  # of the map, from where on points are spread
_LEAST = 20  # pixels of a small mask
_SURE = 10.0  # logit that stands for a given mask's pixels

KINDS = ("point", "box of three", "box", "mask")


@dataclass(frozen=True, eq=False)
class Proposals:
    """K candidates, at a small size h x w whose longer side is `LONG_SIDE`."""

    masks: NDArray[np.bool_]  # (K,h,w)
    logits: NDArray[np.float16]  # (K,4c,4d), for their outlines; see `Seen.enlarged`
    expected: NDArray[np.float32]  # (K,) IoU that the network expects
    stability: NDArray[np.float32]  # (K,) IoU of masks whose cut-offs are a logit higher and lower
    kinds: NDArray[np.int64]  # (K,) indices of KINDS
    answers: NDArray[np.int64]  # (K,) which of a prompt's answers: whole, part, part of a part
    asked: NDArray[np.int64]  # (K,) the number of the point, -1 where it was none
    points: NDArray[np.int64]  # (P,2) row and column of the points in small masks
    saliency: NDArray[np.float32]  # (h,w)
    found: NDArray[np.bool_]  # (F,h,w), what was found otherwise
    seen: Seen

    def __len__(self) -> int:
        return len(self.masks)

    def logits_at_full_size(self, number: int) -> NDArray[np.float32]:
        """A candidate's logits at the picture's size HxW."""
        return self.seen.enlarged(self.logits[number].astype(np.float32))


def small_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the small masks of a picture."""
    longer = max(width, height)
    return max(width * LONG_SIDE // longer, 1), max(height * LONG_SIDE // longer, 1)


def propose(
    network: MobileSamNetwork,
    rgb: NDArray[np.uint8],
    saliency: NDArray[np.float32],
    found: Sequence[Mask],
) -> Proposals:
    """All candidates of a picture.

    Args:
        network: opened.
        rgb: HxWx3.
        saliency: HxW in [0, 1].
        found: masks HxW of objects that were found without it, not empty.
    """
    seen = network.look(rgb)
    size = small_size(rgb.shape[1], rgb.shape[0])
    small = np.asarray(cv2.resize(saliency, size, interpolation=cv2.INTER_AREA), np.float32)
    kept = _Kept(seen, size)
    points = _spread(small > _SALIENT)
    scale = np.array(seen.size) / size
    at = (points[:, ::-1] + 0.5) * scale  # x and y in the picture
    for row, (logits, expected) in enumerate(answers_at(network, seen, at)):
        kept.take(logits, expected, "point", row)
    corner_labels = np.array([CORNERS])
    for mask in found:
        corners = np.array(mask_box(mask), np.float64).reshape(1, 2, 2)
        logits, expected = network.answers(seen, corners, corner_labels)
        kept.take(logits[0, 1:], expected[0, 1:], "box of three")
        kept.take(logits[0, :1], expected[0, :1], "box")
        guess = np.where(mask, np.float32(_SURE), np.float32(-_SURE))
        logits, expected = network.answers(seen, corners, corner_labels, guess)
        kept.take(logits[0, :1], expected[0, :1], "mask")
    return kept.proposals(points, small, [small_mask(mask, size) for mask in found])


class _Kept:
    """Candidates as they come."""

    def __init__(self, seen: Seen, size: tuple[int, int]) -> None:
        self._seen, self._size = seen, size
        self._masks: list[Mask] = []
        self._logits: list[NDArray[np.float16]] = []
        self._numbers: list[tuple[float, float]] = []
        self._origins: list[tuple[int, int, int]] = []

    def take(
        self,
        logits: NDArray[np.float32],
        expected: NDArray[np.float32],
        kind: str,
        asked: int = -1,
    ) -> None:
        """The answers (A,4c,4d) at one prompt, without those that are next to nothing."""
        for number, (answer, iou) in enumerate(zip(logits, expected, strict=True)):
            small = self._seen.shrunk(answer, self._size)
            mask = small > 0
            if mask.sum() < _LEAST:
                continue
            stability = (small > 1).sum() / max((small > -1).sum(), 1)
            self._masks.append(mask)
            self._logits.append(answer.astype(np.float16))
            self._numbers.append((float(iou), float(stability)))
            self._origins.append((KINDS.index(kind), number, asked))

    def proposals(
        self, points: NDArray[np.int64], saliency: NDArray[np.float32], found: list[Mask]
    ) -> Proposals:
        """All of them."""
        shape = self._size[::-1]
        numbers = np.array(self._numbers, np.float32).reshape(-1, 2)
        origins = np.array(self._origins, np.int64).reshape(-1, 3)
        return Proposals(
            np.array(self._masks, bool).reshape(-1, *shape),
            np.array(self._logits, np.float16),
            numbers[:, 0],
            numbers[:, 1],
            origins[:, 0],
            origins[:, 1],
            origins[:, 2],
            points,
            saliency,
            np.array(found, bool).reshape(-1, *shape),
            self._seen,
        )


def _spread(where: Mask) -> NDArray[np.int64]:
    """Rows and columns (P,2) of a grid of points in a small mask."""
    step = max(int(np.sqrt(max(where.sum(), 1) / _POINTS)), _LEAST_STEP)
    rows, columns = np.mgrid[step // 2 : where.shape[0] : step, step // 2 : where.shape[1] : step]
    on = where[rows, columns]
    return np.stack([rows[on], columns[on]], 1).astype(np.int64)


def small_mask(mask: Mask, size: tuple[int, int]) -> Mask:
    """A mask HxW at another width and height: where most of a pixel is masked."""
    shares = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(shares > 0.5)
