"""Straight lines and long curves of a picture, as weighted segments.

Segments are those of LSD (von Gioi et al., 2010, OpenCV's), pieces of one straight line joined;
where short ones follow each other and turn the same way they are one curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WORKING_SIDE = 256  # pixels of the longer side that lines are looked for at
_MOST = 96  # segments kept, the longest
_JOINED = 24  # lines at most that pieces are joined to
# in shares of the diagonal
_SHORTEST = 0.03
_OFF_LINE = 0.012  # how far pieces of one line may lie beside it
_GAP = 0.05  # between pieces of one line
_JOINT = 0.03  # between pieces of one curve
_STRAIGHT, _SHARP = np.radians(4), np.radians(40)  # turns that join lines, and that end curves
_BENT = np.radians(45)  # a chain that turns by this much in all is a curve
_CURVE = 0.25  # and is this long


@dataclass(frozen=True, eq=False)
class Segments:
    """Segments of a picture."""

    ends: Array  # (M,4) x1, y1, x2, y2 in shares of the sides; the dark side is the same of all
    bend: Array  # (M,) in [0,1]: how much a segment is part of a curve; 0 for straight lines
    ratio: float  # the picture's width over its height

    @property
    def pixels(self) -> Array:
        """The ends (M,4) in units of the picture's height, in which angles are true."""
        return np.asarray(self.ends * np.array([self.ratio, 1.0, self.ratio, 1.0]))


def find_segments(rgb: NDArray[np.uint8]) -> Segments:
    """The longest segments of a picture HxWx3, lines first joined."""
    height, width = rgb.shape[:2]
    scale = min(WORKING_SIDE / max(width, height), 1.0)
    size = (max(round(width * scale), 8), max(round(height * scale), 8))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    found: Any = cv2.createLineSegmentDetector().detect(grey)[0]  # None where there is none
    if found is None:
        return Segments(np.empty((0, 4)), np.empty(0), width / height)
    ends = found.reshape(-1, 4).astype(np.float64)
    diagonal = float(np.hypot(*size))
    ends = ends[_lengths(ends) >= _SHORTEST * diagonal]
    ends = ends[np.argsort(-_lengths(ends), kind="stable")][:_MOST]
    bend = _bends(ends, diagonal)
    straight = _joined(ends[bend == 0], diagonal)
    ends = np.concatenate([straight, ends[bend > 0]])
    bend = np.concatenate([np.zeros(len(straight)), bend[bend > 0]])
    shares = np.clip((ends + 0.5) / np.array([*size, *size]), 0, 1)
    return Segments(shares, bend, width / height)


def _lengths(ends: Array) -> Array:
    return np.asarray(np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]))


def _angles(ends: Array) -> Array:
    return np.asarray(np.arctan2(ends[:, 3] - ends[:, 1], ends[:, 2] - ends[:, 0]))


def _turn(a: Array, b: Array) -> Array:
    """From direction a to b, in (-π, π]."""
    return np.asarray((b - a + np.pi) % (2 * np.pi) - np.pi)


def _joined(ends: Array, diagonal: float) -> Array:
    """Pieces (M,4) of one straight line as one segment, the longest taking in the others.

    What is left after the longest lines is short, and stays as it is.
    """
    ends = ends.copy()
    done: list[Array] = []
    while len(ends) and len(done) < _JOINED:
        longest = int(np.argmax(_lengths(ends)))
        line = ends[longest]
        rest = np.delete(ends, longest, 0)
        while len(rest):
            along = line[2:] - line[:2]
            length = max(float(np.hypot(*along)), 1e-9)
            along = along / length
            across = np.array([-along[1], along[0]])
            points = rest.reshape(-1, 2, 2) - line[:2]
            off = np.abs(points @ across).max(1)
            places = points @ along  # (M,2)
            gap = np.maximum(places.min(1) - length, -places.max(1))
            turn = np.abs(_turn(_angles(line[None]), _angles(rest)))
            turn = np.minimum(turn, np.pi - turn)  # of lines, not of directions
            taken = (off < _OFF_LINE * diagonal) & (gap < _GAP * diagonal) & (turn < _STRAIGHT)
            if not taken.any():
                break
            low, high = min(0.0, places[taken].min()), max(length, places[taken].max())
            line = np.concatenate([line[:2] + low * along, line[:2] + high * along])
            rest = rest[~taken]
        done.append(line)
        ends = rest
    return np.concatenate([np.array(done).reshape(-1, 4), ends])


def _bends(ends: Array, diagonal: float) -> Array:
    """How much each segment (M,4) is part of a long chain that keeps turning one way."""
    count = len(ends)
    bend = np.zeros(count)
    if count < 3:
        return bend
    angles, lengths = _angles(ends), _lengths(ends)
    gaps = np.linalg.norm(ends[:, None, 2:] - ends[None, :, :2], axis=-1)  # end of i to start of j
    turns = _turn(angles[:, None], angles[None])
    near = (gaps < _JOINT * diagonal) & (np.abs(turns) < _SHARP)
    near &= np.abs(turns) > _STRAIGHT / 2
    np.fill_diagonal(near, False)
    for way in (1, -1):
        following = np.where(near & (turns * way > 0), gaps, np.inf)
        after = np.where(np.isfinite(following.min(1)), following.argmin(1), -1)
        before = np.full(count, -1)
        for i in np.argsort(following.min(1), kind="stable"):  # each has one predecessor
            if after[i] >= 0 and before[after[i]] < 0:
                before[after[i]] = i
            else:
                after[i] = -1
        seen = np.zeros(count, bool)
        starts = [*np.flatnonzero(before < 0), *range(count)]  # then those of closed curves
        for start in starts:
            chain, here = [], int(start)
            while here >= 0 and not seen[here]:
                seen[here] = True
                chain.append(here)
                here = int(after[here])
            if len(chain) < 3:
                continue
            turned = np.abs(turns[chain[:-1], chain[1:]]).sum()
            if turned >= _BENT and lengths[chain].sum() >= _CURVE * diagonal:
                bend[chain] = np.maximum(bend[chain], min(turned / np.pi * 2, 1.0))
    return bend
