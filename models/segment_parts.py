"""Small parts of things that a person would not leave out: eyes, lights, windows.

They are too small to be among the answers at a grid of points. So spots are looked for first, where
a picture is lighter, darker or of another colour than all around, MobileSAM is asked at each, and
an answer counts that is small and compact and sets itself off from what surrounds it. What lies at
the border of something is left to its outline.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .amg import stability_score
from .mobile_sam import MobileSamNetwork, answers_at

Map = NDArray[np.float32]

# Chosen by eye on twenty-odd photographs, most of them of sketching papers.
_SCALES = (1.0, 1.4, 2.0, 2.8, 4.0)  # pixels of a long side of 224, deviations of spots
_SPOT = 4.0  # of CIELAB, how strong a spot is at least
_APART = 2.0  # pixels of a long side of 224 between spots
_SPOTS = 64  # at most that are asked at
_OFFSET = 1.0  # logits by which cut-offs are shifted for the stability
_EXPECTED, _STABLE = 0.75, 0.8  # IoU and stability of an answer at least
_AREA = (1e-4, 8e-3)  # of the picture
_ASPECT = 2.5  # of its box, at most
_CONTRAST = 12.0  # of CIELAB, by which it differs from what is around it
_WIDER = 0.8  # of its radius, what is looked at around it
_MARGIN = 2.0  # pixels of a long side of 224 from the border of where parts are looked for
_SAME = 0.5  # of the smaller of two parts, that lies in both: they are one


@dataclass(frozen=True, eq=False)
class Part:
    """A small thing."""

    mask: Mask  # HxW
    worth: float  # of CIELAB, how it differs from what is around, times how sure it is


class SegmentParts:
    """Safe to call from several threads.

    Args:
        network: finds segments.
    """

    def __init__(self, network: MobileSamNetwork) -> None:
        self._network = network

    def read(self, rgb: NDArray[np.uint8], within: Mask) -> list[Part]:
        """The parts in a mask HxW of a picture HxWx3, the most striking first, none twice."""
        values = rgb.astype(np.float32) / 255
        lab = np.asarray(cv2.cvtColor(values, cv2.COLOR_RGB2LAB), np.float32)
        places = _spots(lab, within)
        if not len(places):
            return []
        seen = self._network.look(rgb)
        height, width = within.shape
        margin = round(_MARGIN * max(height, width) / 224)
        kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
        inside = np.asarray(cv2.erode(within.astype(np.uint8), kernel, borderValue=0), bool)
        found = []
        scaled = places * np.array(seen.size) / np.array([width, height])
        for logits, expected in answers_at(self._network, seen, scaled):
            for answer, sure in zip(logits, expected, strict=True):
                if sure < _EXPECTED or stability_score(answer, _OFFSET) < _STABLE:
                    continue
                mask = np.asarray(seen.shrunk(answer, (width, height)) > 0)
                if (mask & ~inside).any():
                    continue
                contrast = _contrast(lab, mask)
                if contrast >= _CONTRAST:
                    found.append(Part(mask, contrast * float(sure)))
        return _distinct(found)


def _spots(lab: Map, within: Mask) -> NDArray[np.float64]:
    """Where (n,2) a picture is unlike all around, in either sense, the most unlike first."""
    scale = max(within.shape) / 224
    best = np.zeros(within.shape, np.float32)
    for deviation in _SCALES:
        sigma = deviation * scale
        for channel in cv2.split(lab):
            smooth = cv2.GaussianBlur(channel, (0, 0), sigma)
            # Sobel's kernels of 3 weigh 4 in second derivatives
            xx, yy, xy = (
                cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3) / 4
                for order in ((2, 0), (0, 2), (1, 1))
            )
            middle, apart = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
            # the curvature that is nearer to 0, where both have one sign
            best = np.maximum(best, sigma * sigma * np.maximum(middle - apart, -middle - apart))
    side = 2 * max(round(_APART * scale), 1) + 1
    peaks = best == cv2.dilate(best, np.ones((side, side), np.uint8))
    rows, columns = np.nonzero(peaks & (best > _SPOT) & within)
    order = np.argsort(-best[rows, columns], kind="stable")[:_SPOTS]
    return np.asarray(np.stack([columns[order], rows[order]], -1) + 0.5, np.float64)


def _contrast(lab: Map, mask: Mask) -> float:
    """By how much a small compact mask differs from what is around it; 0 for any other mask."""
    if not _AREA[0] <= mask.mean() <= _AREA[1]:
        return 0.0
    x, y, wide, high = cv2.boundingRect(mask.astype(np.uint8))
    if max(wide, high) > _ASPECT * min(wide, high):
        return 0.0
    reach = max(round(_WIDER * float(np.sqrt(mask.sum() / np.pi))), 2)
    rows = slice(max(y - reach, 0), y + high + reach)
    columns = slice(max(x - reach, 0), x + wide + reach)
    here = mask[rows, columns].astype(np.uint8)
    wider = cv2.dilate(here, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    around = wider & (cv2.dilate(here, np.ones((3, 3), np.uint8)) == 0)
    if not around.any():
        return 0.0
    own, other = (np.median(lab[rows, columns][which], axis=0) for which in (here > 0, around))
    return float(np.linalg.norm(own - other))


def _distinct(parts: list[Part]) -> list[Part]:
    kept: list[Part] = []
    for part in sorted(parts, key=lambda each: -each.worth):
        area = int(part.mask.sum())
        if all(
            (part.mask & other.mask).sum() < _SAME * min(area, int(other.mask.sum()))
            for other in kept
        ):
            kept.append(part)
    return kept
