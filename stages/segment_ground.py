"""The ground around a hole, seen through samples: which colours it has, and where.

Colours are CIELAB's, and places count beside them: a colour of the ground that is only far away
is a little strange here.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from ..core.seeds import generator

PLACE = 8.0  # of CIELAB, what a distance of one reach counts

_SAMPLES = 4000  # at most
_CHECKED = 700  # of these, that are compared with the others
_NEAREST = 4  # sample that a pixel is compared with: a few may be odd themselves
_ELSEWHERE = 0.7  # reaches, from which on a sample says something about another one
_PERCENTILE = 97  # of differences on the ground, that is usual
_AROUND = 60  # samples that are the ground at a place
_SHADE = 0.83  # of the ground's light, the most in the shade
_TINGE = 0.3  # the most by which the shade's share of light differs between red, green and blue
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
        away = _distances(some, self.points)
        away[_distances(_places(some), _places(self.points)) < _ELSEWHERE * PLACE] = np.inf
        rank = min(_NEAREST, away.shape[1]) - 1
        nearest = np.partition(away, rank, axis=1)[:, rank]
        known = np.isfinite(nearest)
        if not known.any():
            return np.full(len(points), np.inf, np.float32)
        own = nearest[known][_near(points, some[known])]
        return np.asarray(np.percentile(own, _PERCENTILE, axis=1), np.float32)

    def shaded(self, where: Mask) -> NDArray[np.bool_]:
        """Which pixels (m,) of a mask look like the ground there with less light."""
        around = np.median(self.lights[_near(self.at(where), self.points)], axis=1)
        share = self.light[where] / np.maximum(around, _DARK)
        return np.asarray((share.max(1) < _SHADE) & (np.ptp(share, axis=1) < _TINGE))


def apart(points: Points, samples: Points) -> Points:
    """How far (m,) points are from samples (n,5), of which only some are looked at."""
    samples = samples[_chosen(len(samples))]
    count = min(_NEAREST, len(samples))
    distance, _ = cv2.batchDistance(points, samples, cv2.CV_32F, normType=cv2.NORM_L2, K=count)
    return np.asarray(distance[:, -1], np.float32)


def _joint(lab: Points, where: Mask, reach: int) -> Points:
    y, x = np.nonzero(where)
    places = np.stack([x, y], -1) * (PLACE / reach)
    return np.concatenate([lab[where], places], 1).astype(np.float32)


def _chosen(count: int) -> NDArray[np.int64]:
    """Indices of at most `_SAMPLES` of `count`, in a fixed disorder."""
    order = generator(0, "ground").permutation(count)
    return np.asarray(order[:_SAMPLES], np.int64)


def _places(points: Points) -> Points:
    return np.ascontiguousarray(points[:, 3:])


def _near(points: Points, samples: Points) -> NDArray[np.int64]:
    """Indices (m,k) of the samples that lie nearest."""
    count = min(_AROUND, len(samples))
    _, near = cv2.batchDistance(
        _places(points), _places(samples), cv2.CV_32F, normType=cv2.NORM_L2, K=count
    )
    return np.asarray(near, np.int64)


def _distances(points: Points, samples: Points) -> Points:
    squares = (points**2).sum(1)[:, None] + (samples**2).sum(1) - 2 * points @ samples.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float32)
