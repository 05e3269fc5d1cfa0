"""The outlines of what is salient, laid on the contours that run beside them.

A ridge of a contour map ends where another crosses it; a subject's outline does not. So the border
of the salient area is taken for a first curve and moved, point by point across itself, to where a
contour runs, all points together (dynamic programming for active contours: Amini, Weymouth and
Jain 1990). Where no contour is near, the outline is left out, or stays on that
border where the whole is wanted.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .sketch_chains import LEAST, passed

Points = NDArray[np.float64]
Map = NDArray[np.float32]

_BAR = 0.5  # of the saliency, above which a place is the subject
_SMALLEST = 0.004  # of the canvas, the area of a subject that gets an outline
_AWAY = 5  # pixels of a canvas of 224 that a contour may lie from the saliency's border
_BEND = 0.05  # of full strength, what a step aside of a half pixel a point costs
_STAY = 0.03  # of full strength, what not stepping aside is worth
_STEP = 0.5  # pixels between two places that a point may move to
_SMOOTHING = 1.5  # points, deviation along the outline
_STRETCH = 9  # points over which it is judged, so that a gap of a few does not cut it
_BORDER = 2.0  # pixels of a canvas of 224, the breadth of a border that is sure
_SHARP = 0.4  # of a step's slope over that breadth, that a sure border has
_SHORTEST = 12  # pixels of a canvas of 224; shorter parts are no outline
_FRAME = 2.0  # pixels at the canvas's edge, where the border is the picture's and not the subject's


def outlines(saliency: Map, contours: Map, *, whole: bool = False) -> list[Points]:
    """The parts of subjects' outlines that contours bear out.

    Args:
        saliency: HxW in [0,1].
        contours: HxW in [0,1], how sure a line is.
        whole: keep the other parts too.

    Returns:
        (n,2) each, x and y in pixels, neighbours about a pixel apart.
    """
    height, width = saliency.shape
    scale = max(height, width) / 224
    found: list[Points] = []
    mask = (saliency > _BAR).astype(np.uint8)
    if not whole:
        side = 2 * max(round(_AWAY * scale), 1) + 1
        kernel = np.ones((side, side), np.uint8)
        sharp = np.asarray(cv2.dilate(borders(saliency), kernel), np.float32)
    closed_borders, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    for border in closed_borders:
        if abs(cv2.contourArea(border)) < _SMALLEST * height * width:
            continue
        closed = resampled(border[:, 0].astype(np.float64) + 0.5)
        moved = _moved(closed, contours, max(_AWAY * scale, 2.0))
        kept = np.minimum(moved, (width, height) - moved).min(1) > _FRAME
        if not whole:
            y, x = passed(moved, contours.shape)
            kept &= _along(contours[y, x]) > LEAST
            kept &= _along(sharp[y, x]) > _SHARP
        found += [part for part in _runs(moved, kept) if len(part) >= _SHORTEST * scale]
    return found


def borders(saliency: Map) -> Map:
    """How near a sharp border of what is salient each place is: HxW in [0,1]."""
    sigma = _BORDER * max(saliency.shape) / 224
    smooth = cv2.GaussianBlur(saliency, (0, 0), sigma)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    # Sobel's kernel weighs 8; the slope of a blurred step is 1 / (sqrt(2 pi) sigma) at its middle
    return np.asarray(np.clip(np.hypot(across, down) / 8 * np.sqrt(2 * np.pi) * sigma, 0, 1))


def _along(values: Map) -> Map:
    """Values (n,) of a closed curve's points, averaged over a stretch."""
    around = np.pad(values, _STRETCH // 2, mode="wrap")
    return np.convolve(around, np.full(_STRETCH, 1 / _STRETCH), "valid").astype(np.float32)


def resampled(border: Points) -> Points:
    """A closed curve (n,2), blurred along itself, its points a pixel apart."""
    radius = round(3 * _SMOOTHING)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / _SMOOTHING) ** 2)
    around = np.pad(border, ((radius, radius), (0, 0)), mode="wrap")
    smooth = np.stack(
        [np.convolve(around[:, k], kernel / kernel.sum(), "valid") for k in (0, 1)], -1
    )
    ring = np.concatenate([smooth, smooth[:1]])
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    places = np.linspace(0, way[-1], max(round(way[-1]), 8), endpoint=False)
    return np.stack([np.interp(places, way, ring[:, k]) for k in (0, 1)], -1)


def _moved(curve: Points, contours: Map, away: float) -> Points:
    """A closed curve (n,2), its points moved along their normals to where contours are strong."""
    ahead = np.roll(curve, -3, axis=0) - np.roll(curve, 3, axis=0)
    normal = np.stack([-ahead[:, 1], ahead[:, 0]], -1)
    normal /= np.maximum(np.hypot(*normal.T), 1e-9)[:, None]
    offsets = np.arange(-away, away + _STEP / 2, _STEP)
    places = curve[:, None] + offsets[:, None] * normal[:, None]
    x, y = (places[..., k].astype(np.float32) - 0.5 for k in (0, 1))
    gain = cv2.remap(contours, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    middle = _STAY * (1 - np.abs(offsets) / away)  # where no contour is, it stays
    best = _path(np.asarray(gain + middle, np.float64))
    moved = places[np.arange(len(curve)), best]
    return resampled(moved)


def _path(gain: NDArray[np.float64]) -> NDArray[np.int64]:
    """One column a row of `gain` (n,m), that gains most; neighbours differ by one at most.

    Twice around the ring, of which the middle is kept, so that it closes.
    """
    count, columns = gain.shape
    twice = np.concatenate([gain, gain])
    back = np.zeros((2 * count, columns), np.int64)
    value = twice[0].copy()
    for row in range(1, 2 * count):
        padded = np.pad(value, 1, constant_values=-np.inf)
        options = np.stack([padded[:-2] - _BEND, value, padded[2:] - _BEND])
        choice = options.argmax(0)
        back[row] = choice - 1
        value = options[choice, np.arange(columns)] + twice[row]
    path = np.empty(2 * count, np.int64)
    path[-1] = int(value.argmax())
    for row in range(2 * count - 1, 0, -1):
        path[row - 1] = path[row] + back[row, path[row]]
    half = count // 2
    return np.roll(path[half : half + count], half)


def _runs(ring: Points, kept: NDArray[np.bool_]) -> list[Points]:
    """The parts of a closed curve whose points are kept."""
    if kept.all():
        return [np.concatenate([ring, ring[:1]])]
    if not kept.any():
        return []
    start = int(np.flatnonzero(~kept)[0])
    ring, kept = np.roll(ring, -start, axis=0), np.roll(kept, -start)
    return runs(ring, kept)


def runs(line: Points, kept: NDArray[np.bool_]) -> list[Points]:
    """The parts of an open curve (n,2) whose points are kept."""
    turns = np.flatnonzero(np.diff(kept.astype(np.int8), prepend=0, append=0))
    return [line[a:b] for a, b in zip(turns[::2], turns[1::2], strict=True)]


def laid_on(weights: Map, line: Points, worth: float) -> None:
    """Raise weights HxW, in place, to what a line (n,2) is worth, where it passes."""
    at = passed(line, weights.shape)
    weights[at] = np.maximum(weights[at], np.float32(worth))
