"""Contours where things end: a network's lines, weighed by the borders of MobileSAM's segments.

A network of contours sees texture as well as silhouettes. MobileSAM, asked at a grid of points,
answers with masks of whole things and of parts; lines along their borders count more than lines
inside them, and a border is a line even where the other network sees none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .amg import point_grid, stability_score
from .contours import SIDE, ContourReader
from .mobile_sam import MobileSamNetwork, Seen, answers_at
from .proposals import small_size
from .sam_pixels import picture_key

Map = NDArray[np.float32]

LONG_SIDE = 896  # pixels of the long side of maps of borders, finer than the lines of a sketch
_APART = 56  # pixels of a picture between two points, where that makes neither more nor fewer than
_POINTS = (8, 16)  # points a side
_OFFSET = 1.0  # logits by which cut-offs are shifted for the stability
_EXPECTED = (0.8, 0.95)  # IoU with which a mask counts nothing, and in full
_STABLE = (0.85, 0.95)  # likewise its stability
_GOOD = 0.17  # the least product of both, in those shares, of a mask that counts
_LEAST = 20  # pixels of a small mask
_ALIKE = 0.8  # IoU of small masks from which on two are one
_LARGE = 0.12  # of the picture's sides, that a thing has which counts in full
_SMALLEST = 0.15  # the least that a thing counts for its size
_ONCE, _AGAIN = 0.62, 0.12  # what a mask counts that is found once, and more each further time
_SURE = 8.0  # logits; beyond, how sure the network is does not matter
_SMOOTH = 1.0  # pixels of logits, the deviation over which they are smoothed
_FRAME = 0.012  # of the long side, at the picture's edge, where no thing ends
_WIDTH = 2.0  # pixels of a map of borders, the deviation across a line
_REACH = 4  # pixels of the same around a border, where lines are the border's
_INSIDE, _ALONG, _OWN = 0.2, 0.6, 0.8  # what a line counts, more at a border, and a border itself
_AROUND = 6  # pixels of the same around a place, in which colours differ where there is a border
_UNSEEN, _SEEN = 1, 4  # levels of 255 that they differ by where it counts nothing, and in full
_PICTURES = 16  # whose borders are remembered


@dataclass(frozen=True, eq=False)
class _Segment:
    mask: NDArray[np.bool_]  # h x w, small
    logits: NDArray[np.float16]  # (4c,4d)
    quality: float  # in [0,1]
    found: int  # how often


class SegmentContours:
    """Engine `segments`; see `contours.ContourReader`. Safe to call from several threads.

    Args:
        contours: finds lines.
        network: finds segments.
    """

    name = "segments"

    def __init__(self, contours: ContourReader, network: MobileSamNetwork) -> None:
        self._contours, self._network = contours, network
        self._known: dict[bytes, Map] = {}
        self._lock = Lock()

    def read(self, rgb: NDArray[np.uint8], side: int = SIDE) -> Map:
        """See `ContourReader`; what `side` says is for the lines alone."""
        lines = self._contours.read(rgb, side)
        small = self._borders(rgb)
        if not small.any():
            return lines
        around = cv2.dilate(small, np.ones((2 * _REACH + 1, 2 * _REACH + 1), np.uint8))
        near = _fitted(cv2.GaussianBlur(around, (0, 0), _WIDTH), lines.shape)
        found = lines * (_INSIDE + _ALONG * near) + _OWN * _fitted(small, lines.shape)
        return np.asarray(np.clip(found, 0, 1), np.float32)

    def _borders(self, rgb: NDArray[np.uint8]) -> Map:
        """`borders` of a picture HxWx3, found once: it is read from near and from afar."""
        key = picture_key(rgb)
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = borders(self._network, rgb)
            with self._lock:
                while len(self._known) >= _PICTURES:
                    del self._known[next(iter(self._known))]
                self._known[key] = known
        return known


def borders(network: MobileSamNetwork, rgb: NDArray[np.uint8]) -> Map:
    """How surely a thing ends at each place of a picture HxWx3.

    Returns:
        hxw in [0,1], lines with soft flanks; its long side is `LONG_SIDE`.
    """
    height, width = rgb.shape[:2]
    scale = LONG_SIDE / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    seen = network.look(rgb)
    none = np.ones(size[::-1], np.float32)  # how surely no thing ends there
    for segment in _distinct(_answers(network, seen, rgb.shape)):
        if segment.quality < _GOOD:
            continue
        large = np.clip(np.sqrt(segment.mask.mean()) / _LARGE, _SMALLEST, 1)
        often = min(_ONCE + _AGAIN * (segment.found - 1), 1)
        none *= 1 - segment.quality * float(large) * often * _line(seen, segment.logits, size)
    margin = max(round(_FRAME * LONG_SIDE), 1)
    none[:margin] = none[-margin:] = 1
    none[:, :margin] = none[:, -margin:] = 1
    return np.asarray((1 - none) * _visible(rgb, size), np.float32)


def _visible(rgb: NDArray[np.uint8], size: tuple[int, int]) -> Map:
    """Where a picture is not of one colour: hxw in [0,1]. The network tells white from white."""
    small = cv2.GaussianBlur(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), (0, 0), _WIDTH)
    around = np.ones((2 * _AROUND + 1, 2 * _AROUND + 1), np.uint8)
    levels = (cv2.dilate(small, around) - cv2.erode(small, around)).max(-1).astype(np.float32)
    return np.asarray(np.clip((levels - _UNSEEN) / (_SEEN - _UNSEEN), 0, 1), np.float32)


def _answers(network: MobileSamNetwork, seen: Seen, shape: tuple[int, ...]) -> Iterator[_Segment]:
    """The answers at a grid of points that are any good."""
    count = int(np.clip(round(max(shape[:2]) / _APART), *_POINTS))
    points = point_grid(count) * seen.size
    size = small_size(*seen.size)
    for logits, expected in answers_at(network, seen, points):
        for values, sure in zip(logits, expected, strict=True):
            quality = _between(float(sure), *_EXPECTED)
            quality *= _between(stability_score(values, _OFFSET), *_STABLE) if quality else 0
            mask = seen.shrunk(values, size) > 0 if quality else np.zeros(0, bool)
            if mask.sum() >= _LEAST:
                yield _Segment(mask, values.astype(np.float16), quality, 1)


def _distinct(segments: Iterator[_Segment]) -> list[_Segment]:
    """The best of those that are one, and how many they are."""
    kept: list[_Segment] = []
    for new in sorted(segments, key=lambda s: -s.quality):
        for place, old in enumerate(kept):
            if (new.mask & old.mask).sum() > _ALIKE * (new.mask | old.mask).sum():
                kept[place] = _Segment(old.mask, old.logits, old.quality, old.found + 1)
                break
        else:
            kept.append(new)
    return kept


def _line(seen: Seen, logits: NDArray[np.float16], size: tuple[int, int]) -> Map:
    """Where logits (4c,4d) are about 0: hxw in [0,1]."""
    sure = np.clip(logits.astype(np.float32), -_SURE, _SURE)
    values = seen.shrunk(np.asarray(cv2.GaussianBlur(sure, (0, 0), _SMOOTH), np.float32), size)
    slope = np.hypot(cv2.Sobel(values, cv2.CV_32F, 1, 0), cv2.Sobel(values, cv2.CV_32F, 0, 1)) / 8
    away = values / np.maximum(slope, 1e-3)  # pixels, about
    return np.asarray(np.exp(-0.5 * (away / _WIDTH) ** 2) * (abs(values) < _SURE - 1), np.float32)


def _between(value: float, nothing: float, full: float) -> float:
    return min(max((value - nothing) / (full - nothing), 0.0), 1.0)


def _fitted(plane: NDArray[Any], shape: tuple[int, ...]) -> Map:
    way = cv2.INTER_AREA if plane.shape[1] > shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (shape[1], shape[0]), interpolation=way), np.float32)
