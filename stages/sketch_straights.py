"""Straight lines among a target's lines: the edges of what people built, in one stroke each.

A network that looks for straight lines (`models.line_segments`) draws them on behind what stands
before them, and most of them several times; here they are kept where the picture has a step across
them, and once.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .sketch_chains import passed
from .sketch_outlines import runs

Points = NDArray[np.float64]

# lengths are pixels of a canvas of 224, colours CIELAB's
_LEAST = 7.5  # of a line as it is found
_SHORTEST = 8  # of what is left of it
_ASIDE = 1.0  # that the step may lie from the line
_STEP = 1.5  # a pixel; of a canvas of 448, where it has more
_ACROSS = 0.65  # how much of all change is one step across the line, over a stretch
_ALONG = 6  # of so many
_GAP = 4  # without a step that a line goes on over
_NEAR, _ANGLE = 4.0, 12.0  # of a line beside a longer one, and degrees between them
_SAME = 0.6  # of its points that lie so near
_FULL = 0.5  # the score of a line that is as sure as can be


@dataclass(frozen=True, eq=False)
class Straight:
    """A straight line."""

    points: Points  # (n,2), x and y in pixels, neighbours about a pixel apart
    sure: float  # in (0,1]


@dataclass(frozen=True, eq=False)
class _Run:
    points: Points
    along: Points  # (2,), of length 1
    score: float

    @property
    def rank(self) -> float:
        """Long and sure lines are kept rather than others beside them."""
        return self.score * float(np.sqrt(len(self.points)))


def straights(
    rgb: NDArray[np.uint8], segments: NDArray[np.float64], shape: tuple[int, int]
) -> list[Straight]:
    """The parts of segments that the picture bears out, none twice, on a canvas HxW.

    Args:
        rgb: of any size with the canvas's proportions.
        segments: (n,5), x1, y1, x2, y2 in pixels of `rgb`, and a score.
        shape: height and width of the canvas.
    """
    unit = max(shape) / 224
    slopes = _slopes(rgb, shape)
    borne: list[_Run] = []
    for segment in segments:
        ends = segment[:4].reshape(2, 2) * (shape[1] / rgb.shape[1])
        length = float(np.hypot(*(ends[1] - ends[0])))
        if length >= _LEAST * unit:
            borne += _borne_out(ends, float(segment[4]), slopes, unit)
    kept: list[_Run] = []
    for run in sorted(borne, key=lambda each: -each.rank):
        if not any(_beside(run, other, unit) for other in kept):
            kept.append(run)
    return [Straight(run.points, min(run.score / _FULL, 1.0)) for run in kept]


def _slopes(rgb: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Slopes HxWx2x3 across and down of the three colours; see `_STEP`."""
    height, width = shape
    finer = max(shape) / 448
    way = cv2.INTER_AREA if rgb.shape[1] > width else cv2.INTER_LINEAR
    fitted = cv2.resize(rgb, (width, height), interpolation=way).astype(np.float32) / 255
    lab = cv2.GaussianBlur(cv2.cvtColor(fitted, cv2.COLOR_RGB2LAB), (0, 0), max(finer, 0.5))
    across, down = cv2.Sobel(lab, cv2.CV_32F, 1, 0), cv2.Sobel(lab, cv2.CV_32F, 0, 1)
    # Sobel's kernel weighs 8
    return np.asarray(np.stack([across, down], 2) / 8 * max(finer, 1.0), np.float32)


def _borne_out(ends: Points, score: float, slopes: NDArray[np.float32], unit: float) -> list[_Run]:
    """The runs of a line (2,2) along which there is a step across it."""
    height, width = slopes.shape[:2]
    length = float(np.hypot(*(ends[1] - ends[0])))
    along = (ends[1] - ends[0]) / length
    normal = np.array([-along[1], along[0]])
    points = ends[0] + np.linspace(0, length, int(length) + 1)[:, None] * along
    even = np.ones(int(_ALONG * unit) | 1)
    even /= len(even)
    across = whole = np.zeros(len(points))
    for aside in np.linspace(-_ASIDE, _ASIDE, 5) * unit:
        here = slopes[passed(points + aside * normal, (height, width))]  # (n,2,3)
        # texture changes its sign along a line, a step does not
        steps = [np.convolve(step, even, "same") for step in np.tensordot(here, normal, (1, 0)).T]
        across = np.maximum(across, np.sqrt(np.square(steps).sum(0)))
        change = np.sqrt((here**2).sum((1, 2)))
        whole = np.maximum(whole, np.convolve(change, even, "same"))
    seen = (across > _STEP) & (across > _ACROSS * whole)
    gap = np.ones((1, int(_GAP * unit) | 1), np.uint8)
    seen = cv2.morphologyEx(seen.astype(np.uint8)[None], cv2.MORPH_CLOSE, gap)[0] > 0
    seen &= ((points > 1) & (points < (width - 1, height - 1))).all(1)
    parts = runs(points, seen)
    return [_Run(part, along, score) for part in parts if len(part) >= _SHORTEST * unit]


def _beside(run: _Run, other: _Run, unit: float) -> bool:
    """Whether most of a run lies along another."""
    if abs(float(run.along @ other.along)) < np.cos(np.radians(_ANGLE)):
        return False
    away = run.points - other.points[0]
    on = away @ other.along
    aside = np.abs(away @ np.array([-other.along[1], other.along[0]]))
    end = float((other.points[-1] - other.points[0]) @ other.along)
    near = (on > -_NEAR / 2 * unit) & (on < end + _NEAR / 2 * unit) & (aside < _NEAR * unit)
    return bool(near.mean() > _SAME)
