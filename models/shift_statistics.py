"""The shifts by which a picture repeats itself most.

K. He and J. Sun, Statistics of Patch Offsets for Image Completion, ECCV 2012, §3: of every known
patch the most similar one that is not close by is found; the offsets between the two are few and
far from random, and their most frequent ones are how the picture goes on. Patches near the hole
count more here, and patches may also be found in the mirror image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
_LEAST = 0.02  # share of the hole that a shift can fill, at least


def frequent_shifts(
    rgb: NDArray[np.uint8], hole: Mask, count: int, random: np.random.Generator
) -> Shifts:
    """About `count` shifts (K,3) in pixels of the picture HxWx3, of which none may be found.

    More are given where otherwise parts of the hole could not be filled by any.
    """
    height, width = hole.shape
    scale = min(SIDE / max(height, width), 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) / np.float32(255)
    share = cv2.resize((~hole).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    places = _Patches.of(small, np.asarray(share > 1 - 1e-3), random)
    if len(places.rows) == 0:
        return np.empty((0, 3), np.int64)
    peaks = sorted((peak for mirrored in (0, 1) for peak in _peaks(places, mirrored)), reverse=True)
    down, across = height / size[1], width / size[0]
    shifts = np.array(
        [(m, round(y * down), round(x * across)) for _, m, y, x in peaks[:_TRIED]], np.int64
    )
    if len(shifts) == 0:
        return np.empty((0, 3), np.int64)
    return _chosen(shifts, np.array([peak[0] for peak in peaks[:_TRIED]]), rgb, hole, count)


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


def _peaks(patches: _Patches, mirrored: int) -> Iterator[tuple[float, int, int, int]]:
    """Weight, `mirrored`, and the shift down and across of every peak of the histogram."""
    height, width = patches.whole.shape
    rows, columns = patches.rows, patches.columns
    found = _nearest(patches, mirrored)
    known = found >= 0
    down = found[known] // width - rows[known]
    across = found[known] % width - columns[known]
    votes = np.zeros((2 * height + 1, 2 * width + 1), np.float32)
    np.add.at(votes, (down + height, across + width), patches.weights[known])
    votes = cv2.GaussianBlur(votes, (0, 0), _SPREAD)
    top = cv2.dilate(votes, np.ones((_APART, _APART), np.uint8))
    for y, x in zip(*np.nonzero((votes == top) & (votes > 1e-6)), strict=True):
        yield float(votes[y, x]), mirrored, int(y) - height, int(x) - width


def _nearest(patches: _Patches, mirrored: int) -> Ints:
    """Flat places (N,) of the most similar patches; -1 where there is none."""
    height, width = patches.whole.shape
    own = described(patches.picture)[patches.rows, patches.columns]
    turn = slice(None, None, -1 if mirrored else 1)
    numbers = described(np.ascontiguousarray(patches.picture[:, turn])).reshape(-1, own.shape[1])
    norms = np.einsum("nk,nk->n", numbers, numbers)
    norms[~patches.whole[:, turn].ravel()] = _NEVER
    others = np.ascontiguousarray(numbers.T)
    far = int(_FAR * max(height, width))
    found = np.empty(len(own), np.int64)
    for first in range(0, len(own), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        apart = norms - 2 * (own[chunk] @ others)
        if not mirrored:
            maps = apart.reshape(-1, height, width)
            for place, y, x in zip(maps, patches.rows[chunk], patches.columns[chunk], strict=True):
                place[max(y - far, 0) : y + far + 1, max(x - far, 0) : x + far + 1] = _NEVER
        best = apart.argmin(1)
        least = apart[np.arange(len(best)), best]
        found[chunk] = np.where(least < _NEVER / 2, best, -1)
    return found


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
