"""What is measured of a picture once, so that the layout of any part of it is quickly told."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from .layout_lines import Segments, find_segments

Array = NDArray[np.float64]

SIDE = 64  # cells a side of the maps; the picture is squashed to a square
_BAND = 3  # cells above and below a line that may be the horizon
_STRIPS = 8  # across the picture, in each of which a horizon is looked for


@dataclass(frozen=True, eq=False)
class LayoutScene:
    """Measurements of a picture; coordinates are shares of its sides."""

    segments: Segments
    subject: Array  # (5,S+1,S+1) sums to the left and above of m², x m², y m², (x²+y²) m², m
    looks: Array  # (3,S,S) L, a and b of CIELAB
    edges: Array  # (S+1,S+1) sums to the left and above of the gradient's magnitude
    horizon: Array  # (S+1,_STRIPS) how much above differs from below a line, of each strip
    rhythm: float  # in [0,1], how much fine structure repeats itself


def measure(
    rgb: NDArray[np.uint8], subject: NDArray[np.floating | np.bool_] | Box | None
) -> LayoutScene:
    """Measure a picture.

    Args:
        rgb: HxWx3 upright sRGB, at any scale; a side of 256 pixels is enough.
        subject: a map or mask of what is looked at, of any size, that covers the picture, in
            [0,1]; or a box in pixels of `rgb`; or None where nothing is known of it.
    """
    small = cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    looks: Array = lab.transpose(2, 0, 1).astype(np.float64)
    fine = cv2.resize(rgb, (2 * SIDE, 2 * SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(fine, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gradient = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 8
    return LayoutScene(
        find_segments(rgb),
        _moments(_subject_map(subject, rgb.shape[0], rgb.shape[1])),
        looks,
        _sums(cv2.resize(gradient, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float64)),
        _steps(looks),
        _rhythm(grey),
    )


def _subject_map(
    subject: NDArray[np.floating | np.bool_] | Box | None, height: int, width: int
) -> Array:
    if subject is None:
        return np.zeros((SIDE, SIDE))
    if isinstance(subject, Box):
        # area in common of each cell with the box, separable
        line = np.arange(SIDE + 1) / SIDE
        shares = [
            np.clip(np.minimum(line[1:], high / side) - np.maximum(line[:-1], low / side), 0, None)
            for low, high, side in (
                (subject.x1, subject.x2, width),
                (subject.y1, subject.y2, height),
            )
        ]
        return np.asarray(np.outer(shares[1], shares[0]) * SIDE * SIDE)
    soft = np.ascontiguousarray(subject, np.float32)
    larger = min(soft.shape) > SIDE
    how = cv2.INTER_AREA if larger else cv2.INTER_LINEAR
    return np.clip(cv2.resize(soft, (SIDE, SIDE), interpolation=how).astype(np.float64), 0, 1)


def _moments(subject: Array) -> Array:
    line = (np.arange(SIDE) + 0.5) / SIDE
    x, y = line[None], line[:, None]
    sharp = subject * subject  # the haze around a subject would pull its centre to the middle
    return np.stack(
        [_sums(m) for m in (sharp, x * sharp, y * sharp, (x * x + y * y) * sharp, subject)]
    ) / (SIDE * SIDE)


def _sums(values: Array) -> Array:
    sums = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    sums[1:, 1:] = values.cumsum(0).cumsum(1)
    return sums


def _steps(looks: Array) -> Array:
    """Difference of colour (S+1,_STRIPS) between the bands above and below every line.

    Per strip: the distance in CIELAB times how well its direction agrees with all strips'.
    """
    strips = looks.reshape(3, SIDE, _STRIPS, SIDE // _STRIPS).mean(3)  # (3,S,K)
    sums = np.concatenate([np.zeros((3, 1, _STRIPS)), strips.cumsum(1)], 1)
    steps = np.zeros((SIDE + 1, _STRIPS))
    lines = np.arange(_BAND, SIDE - _BAND + 1)
    above = (sums[:, lines] - sums[:, lines - _BAND]) / _BAND
    below = (sums[:, lines + _BAND] - sums[:, lines]) / _BAND
    change = below - above  # (3,L,K)
    mean = change.mean(2, keepdims=True)
    size = np.maximum(np.linalg.norm(mean, axis=0), 1e-9)
    steps[lines] = np.clip((change * mean).sum(0) / size, 0, None)
    return steps


def _rhythm(grey: NDArray[np.float32]) -> float:
    """The highest side peak of the autocorrelation of fine structure, 0 where there is none."""
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 6)
    # strong edges would drown what repeats
    local = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), 6)) + 4
    fine = fine / local
    window = np.hanning(len(fine)).astype(np.float32)
    fine = (fine - fine.mean()) * np.outer(window, window)
    power = np.abs(np.fft.rfft2(fine, (2 * len(fine), 2 * len(fine)))) ** 2
    likeness = np.fft.fftshift(np.fft.irfft2(power))
    middle = len(fine)
    near = likeness[middle - 40 : middle + 41, middle - 40 : middle + 41]
    near = near / _overlap(middle)
    peak = near[40, 40]
    if peak <= 0:
        return 0.0
    near = near / peak
    y, x = np.mgrid[-40:41, -40:41]
    far = np.hypot(x, y)
    # a side peak is higher than what lies between it and the middle
    crest = cv2.dilate(near.astype(np.float32), np.ones((5, 5))) <= near + 1e-6
    peaks = near[crest & (far >= 5) & (far <= 38)]
    return float(np.clip(peaks.max(), 0, 1)) if len(peaks) else 0.0


@functools.cache
def _overlap(side: int) -> Array:
    """What the window alone does to the autocorrelation up to 40 cells away, (81,81)."""
    window = np.outer(np.hanning(side), np.hanning(side))
    power = np.abs(np.fft.rfft2(window, (2 * side, 2 * side))) ** 2
    overlap = np.fft.fftshift(np.fft.irfft2(power))
    weight = overlap[side - 40 : side + 41, side - 40 : side + 41]
    return np.asarray(np.maximum(weight, 0.05 * weight.max()))
