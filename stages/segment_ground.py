"""The ground around a hole, seen through samples: which colours it has, and where.

Colours are CIELAB's, and places count beside them: a colour of the ground that is only far away
is a little strange here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from ..core.seeds import generator

PLACE = 6.0  # of CIELAB, what a distance of one reach counts

_SAMPLES = 2500  # at most
_CHECKED = 700  # of these, that are compared with the others
_NEAREST = 4  # sample that a pixel is compared with: a few may be odd themselves
_ELSEWHERE = 0.7  # reaches, from which on a sample says something about another one
_PERCENTILE = 97  # of differences on the ground, that is usual
_AROUND = 40  # samples that are the ground at a place
_CELL = 1.0  # of CIELAB's units, as wide as places that have the same samples around
_ROWS = 2048  # points that are compared at once
_SHADE = 0.83  # of the ground's light, the most in the shade
_TINGE = 0.3  # the most by which the shade's share of light differs between red, green and blue
_LOWER = 0.5  # of a hole's height from its top, from which shadows fall
_BEYOND = 2.2  # widths from a hole up to which its ground is taken
_FILLS = 0.5  # of the picture, a hole around which there is too little to compare
_FEWEST = 50  # pixels of ground
_DARK = 0.003  # of the light; darker ground has no shade that one sees

Points = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Ground:
    """See the top of the file; points are colours and places (n,5)."""

    lab: Points  # HxWx3 of the picture
    light: Points  # HxWx3 in [0,1], about linear
    points: Points  # (n,5)
    lights: Points  # (n,3)
    reach: int  # pixels

    @classmethod
    def of(cls, rgb: NDArray[np.uint8], where: Mask, reach: int) -> Ground:
        """The ground that a picture HxWx3 shows in a mask, which is not empty."""
        values = cv2.GaussianBlur(rgb.astype(np.float32) / 255, (0, 0), 0.8)
        lab = np.asarray(cv2.cvtColor(values, cv2.COLOR_RGB2LAB), np.float32)
        light = np.asarray(values**2.2, np.float32)
        chosen = _chosen(int(where.sum()))
        points = _joint(lab, where, reach)[chosen]
        return cls(lab, light, points, light[where][chosen], reach)

    def at(self, where: Mask) -> Points:
        """The points (m,5) of the pixels of a mask, row by row."""
        return _joint(self.lab, where, self.reach)

    def apart(self, points: Points) -> Points:
        """How far points (m,5) are from the ground, in CIELAB's units."""
        return apart(points, self.points)

    def usual(self, points: Points) -> Points:
        """How far the ground near points (m,5) mostly is from what of it lies elsewhere."""
        some = self.points[:_CHECKED]
        away = _squares(some, self.points)
        away[_squares(some[:, 3:], self.points[:, 3:]) < (_ELSEWHERE * PLACE) ** 2] = np.inf
        rank = min(_NEAREST, away.shape[1]) - 1
        nearest = np.sqrt(np.partition(away, rank, axis=1)[:, rank])
        known = np.isfinite(nearest)
        if not known.any():
            return np.full(len(points), np.inf, np.float32)
        near, cell_of = _near(points, some[known])
        own = np.percentile(nearest[known][near], _PERCENTILE, axis=1)
        return np.asarray(own[cell_of], np.float32)

    def shaded(self, where: Mask) -> NDArray[np.bool_]:
        """Which pixels (m,) of a mask look like the ground there with less light."""
        near, cell_of = _near(self.at(where), self.points)
        around = np.median(self.lights[near], axis=1)[cell_of]
        share = self.light[where] / np.maximum(around, _DARK)
        return np.asarray((share.max(1) < _SHADE) & (np.ptp(share, axis=1) < _TINGE))


def apart(points: Points, samples: Points) -> Points:
    """How far (m,) points are from samples (n,5), of which only some are looked at."""
    samples = samples[_chosen(len(samples))]
    rank = min(_NEAREST, len(samples)) - 1
    found = []
    for some in _rows(points):
        squares = _squares(some, samples)
        squares.partition(rank, axis=1)  # in place: it is large
        found.append(np.sqrt(squares[:, rank]))
    return np.concatenate(found)


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What lies around a hole: a ring beside it, and the ground beyond."""

    reach: int  # pixels, the ring's width
    away: NDArray[np.float32]  # HxW, pixels from the hole
    ring: Mask
    beyond: Mask

    @classmethod
    def of(cls, hole: Mask, width: float) -> Surroundings | None:
        """Around a hole HxW, the ring `width` long sides wide; None: too little to compare."""
        reach = max(round(width * max(hole.shape)), 3)
        away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5)
        ring = (away > 0) & (away <= reach)
        beyond = (away > reach) & (away <= _BEYOND * reach)
        if hole.mean() > _FILLS or beyond.sum() < _FEWEST or not ring.any():
            return None
        return cls(reach, np.asarray(away, np.float32), ring, beyond)


def beside_lower(hole: Mask, ring: Mask) -> NDArray[np.bool_]:
    """Which pixels of a ring lie beside the lower part of the hole's nearest piece, or below."""
    _, pieces, spans, _ = cv2.connectedComponentsWithStats(hole.astype(np.uint8))
    _, nearest = cv2.distanceTransformWithLabels(
        (~hole).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    piece_of = np.zeros(int(nearest.max()) + 1, np.int64)
    piece_of[nearest[hole]] = pieces[hole]
    piece = piece_of[nearest[ring]]
    top, height = spans[:, cv2.CC_STAT_TOP], spans[:, cv2.CC_STAT_HEIGHT]
    rows = np.nonzero(ring)[0]
    return np.asarray(rows - top[piece] > _LOWER * height[piece])


def _joint(lab: Points, where: Mask, reach: int) -> Points:
    y, x = np.nonzero(where)
    places = np.stack([x, y], -1) * (PLACE / reach)
    return np.concatenate([lab[where], places], 1).astype(np.float32)


def _chosen(count: int) -> NDArray[np.int64]:
    """Indices of at most `_SAMPLES` of `count`, in a fixed disorder."""
    order = generator(0, "ground").permutation(count)
    return np.asarray(order[:_SAMPLES], np.int64)


def _near(points: Points, samples: Points) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The samples that lie nearest: their indices (c,k) for cells, and the cells (m,) of points."""
    cells, cell_of = np.unique(np.rint(points[:, 3:] / _CELL), axis=0, return_inverse=True)
    count = min(_AROUND, len(samples))
    found = [
        np.argpartition(_squares(some, samples[:, 3:]), count - 1, axis=1)[:, :count]
        for some in _rows(np.asarray(cells * _CELL, np.float32))
    ]
    return np.concatenate(found), cell_of.reshape(-1)


def _rows(points: Points) -> Iterator[Points]:
    return (points[k : k + _ROWS] for k in range(0, len(points), _ROWS))


def _squares(points: Points, samples: Points) -> Points:
    """Squared distances (m,n)."""
    own = np.stack([(points**2).sum(1), np.ones(len(points))], 1)
    others = np.stack([np.ones(len(samples)), (samples**2).sum(1)], 1)
    left = np.concatenate([points, own], 1).astype(np.float32)
    right = np.concatenate([-2 * samples, others], 1).astype(np.float32)
    found = left @ right.T  # one product: |p|^2 - 2 p s + |s|^2
    return np.asarray(np.maximum(found, 0, out=found), np.float32)
