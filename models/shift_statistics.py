"""The shifts by which a picture repeats itself most.

K. He and J. Sun, Statistics of Patch Offsets for Image Completion, ECCV 2012, §3: of every known
patch the most similar one that is not close by is found; the offsets between the two are few and
far from random, and their most frequent ones are how the picture goes on. Patches near the hole
count more here, and patches may also be found in the mirror image. How unlike the most similar
patch is says how rare a patch is: what a picture has but once should not be seen twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .patch_sources import RADIUS, described
from .shift_sources import Floats, Ints, Shifts, ShiftSources

SIDE = 160  # pixels of the long side at which patches are compared
_FAR = 1 / 15  # of the long side, by which patches are apart at least (the paper's)
_NEAR = 0.1  # of the long side, distance from the hole at which a patch counts half
_SPREAD = 1.4  # standard deviation of the Gaussian that smooths the histogram (the paper's)
_APART = 9  # cells, side of the square in which a peak is the highest (the paper's: 8)
_MOST = 6000  # patches that are looked for
_TRIED = 400  # peaks that are looked at
_CHUNK = 128
_NEVER = np.float32(1e9)
_SMOOTH = 1.5  # standard deviation of the Gaussian over which rarity is told
_LEAST = 0.02  # share of the hole that a shift can fill, at least


@dataclass(frozen=True, eq=False)
class PatchStatistics:
    """How a picture repeats itself."""

    shifts: Shifts  # (K,3) in pixels of the picture, none where nothing can be copied
    rarity: Floats = field(repr=False)  # HxW, squared difference in [0, 3] to the nearest patch


def patch_statistics(
    rgb: NDArray[np.uint8], hole: Mask, count: int, random: np.random.Generator
) -> PatchStatistics:
    """About `count` shifts of a picture HxWx3, and the rarity of what is there.

    More are given where otherwise parts of the hole HxW could not be filled by any.
    """
    height, width = hole.shape
    scale = min(SIDE / max(height, width), 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) / 255, np.float32)
    share = cv2.resize((~hole).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    patches = _Patches.of(small, np.asarray(share > 1 - 1e-3), random)
    rarity = np.zeros(hole.shape, np.float32)
    if len(patches.rows) == 0:
        return PatchStatistics(np.empty((0, 3), np.int64), rarity)
    found = [_nearest(patches, mirrored) for mirrored in (0, 1)]
    peaks = [peak for m, (place, _) in enumerate(found) for peak in _peaks(patches, place, m)]
    peaks = sorted(peaks, reverse=True)[:_TRIED]
    if not peaks:
        return PatchStatistics(np.empty((0, 3), np.int64), rarity)
    steps = np.array([1, height / size[1], width / size[0]])
    shifts = np.rint(np.array([peak[1:] for peak in peaks]) * steps).astype(np.int64)
    weights = np.array([peak[0] for peak in peaks])
    spread = cv2.resize(_spread(patches, found[0][1]), (width, height))
    rarity = np.asarray(spread, np.float32)
    return PatchStatistics(_chosen(shifts, weights, rgb, hole, count), rarity)


@dataclass(frozen=True, eq=False)
class _Patches:
    picture: Floats  # (h,w,3)
    whole: Mask  # (h,w): the patch around it is known
    rows: Ints  # (N,) of those that are looked for
    columns: Ints
    weights: Floats  # (N,)

    @classmethod
    def of(cls, picture: Floats, known: Mask, random: np.random.Generator) -> _Patches:
        square = np.ones((2 * RADIUS + 1,) * 2, np.uint8)
        whole = cv2.erode(known.astype(np.uint8), square, borderValue=0) > 0
        if not whole.any():
            whole = known
        rows, columns = np.nonzero(whole & (np.indices(whole.shape).sum(0) % 2 == 0))
        if len(rows) > _MOST:
            drawn = np.sort(random.permutation(len(rows))[:_MOST])
            rows, columns = rows[drawn], columns[drawn]
        away = cv2.distanceTransform(known.astype(np.uint8), cv2.DIST_L2, 5)[rows, columns]
        near = np.float32(_NEAR * max(known.shape))
        return cls(picture, whole, rows, columns, np.asarray(1 / (1 + away / near), np.float32))


def _spread(patches: _Patches, values: Floats) -> Floats:
    """Values (N,) of the patches that were looked for, at all pixels (h,w)."""
    total, weight = np.zeros((2, *patches.whole.shape), np.float32)
    total[patches.rows, patches.columns], weight[patches.rows, patches.columns] = values, 1
    total, weight = (cv2.GaussianBlur(each, (0, 0), _SMOOTH) for each in (total, weight))
    return np.asarray(total / np.maximum(weight, np.float32(1e-6)), np.float32)


def _peaks(patches: _Patches, found: Ints, mirrored: int) -> Iterator[tuple[float, int, int, int]]:
    """Weight, `mirrored`, and the shift down and across of every peak of the histogram."""
    height, width = patches.whole.shape
    rows, columns = patches.rows, patches.columns
    known = found >= 0
    down = found[known] // width - rows[known]
    across = found[known] % width - columns[known]
    votes = np.zeros((2 * height + 1, 2 * width + 1), np.float32)
    np.add.at(votes, (down + height, across + width), patches.weights[known])
    votes = cv2.GaussianBlur(votes, (0, 0), _SPREAD)
    top = cv2.dilate(votes, np.ones((_APART, _APART), np.uint8))
    for y, x in zip(*np.nonzero((votes == top) & (votes > 1e-6)), strict=True):
        yield float(votes[y, x]), mirrored, int(y) - height, int(x) - width


def _nearest(patches: _Patches, mirrored: int) -> tuple[Ints, Floats]:
    """Flat places (N,) of the most similar patches, -1 where there is none; and how unlike."""
    height, width = patches.whole.shape
    own = described(patches.picture)[patches.rows, patches.columns]
    turn = slice(None, None, -1 if mirrored else 1)
    numbers = described(np.ascontiguousarray(patches.picture[:, turn])).reshape(-1, own.shape[1])
    norms = np.einsum("nk,nk->n", numbers, numbers)
    norms[~patches.whole[:, turn].ravel()] = _NEVER
    others = np.ascontiguousarray(numbers.T)
    far = int(_FAR * max(height, width))
    found, unlike = np.empty(len(own), np.int64), np.empty(len(own), np.float32)
    squares = np.einsum("nk,nk->n", own, own)
    for first in range(0, len(own), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        apart = norms - 2 * (own[chunk] @ others)
        if not mirrored:
            maps = apart.reshape(-1, height, width)
            for place, y, x in zip(maps, patches.rows[chunk], patches.columns[chunk], strict=True):
                place[max(y - far, 0) : y + far + 1, max(x - far, 0) : x + far + 1] = _NEVER
        best = apart.argmin(1)
        least = apart[np.arange(len(best)), best]
        known = least < _NEVER / 2
        found[chunk] = np.where(known, best, -1)
        unlike[chunk] = np.where(known, np.maximum(least + squares[chunk], 0), 0)
    return found, unlike


def _chosen(
    shifts: Shifts, weights: NDArray[np.float64], rgb: NDArray[np.uint8], hole: Mask, count: int
) -> Shifts:
    """The heaviest, by what of the hole they can fill, and others for what those cannot."""
    sources = ShiftSources.of(rgb, hole)
    rows, columns = (places[::7] for places in np.nonzero(hole))
    fills = np.array([sources.at(one, rows, columns)[1] for one in shifts])
    share = fills.mean(1)
    rank = np.argsort(-weights * np.sqrt(share), kind="stable")
    rank = rank[share[rank] >= _LEAST]
    taken, rest = list(rank[:count]), list(rank[count:])
    bare = ~fills[taken].any(0)
    while rest and bare.any():
        gains = (fills[rest] & bare).sum(1)
        best = int(gains.argmax())
        if gains[best] == 0:
            break
        bare &= ~fills[rest[best]]
        taken.append(rest.pop(best))
    return shifts[taken]
