"""What of a picture's lines lies in its parts: how long, which way they slant, where they meet."""

from __future__ import annotations

import numpy as np

from ..core.boxes import Boxes
from .layout_lines import Array, Segments

_FLAT = np.radians(12)  # a line within this of the level is horizontal, of the plumb vertical
_SLANT = np.radians(22)  # and beyond this from both it is diagonal
_APEX = 10  # longest lines of either slant that may form a triangle


def clipped(segments: Segments, boxes: Boxes) -> tuple[Array, Array]:
    """What of each segment lies in each box (Liang and Barsky, 1984).

    Returns:
        (N,M) first and last place along the segments, in [0,1]; last < first where none does.
    """
    start, end = segments.ends[:, :2], segments.ends[:, 2:]
    along = end - start
    first, last = np.zeros((len(boxes), len(start))), np.ones((len(boxes), len(start)))
    for axis in (0, 1):
        step = np.where(np.abs(along[:, axis]) < 1e-9, 1e-9, along[:, axis])
        low = (boxes[:, axis, None] - start[:, axis]) / step
        high = (boxes[:, axis + 2, None] - start[:, axis]) / step
        np.maximum(first, np.minimum(low, high), out=first)
        np.minimum(last, np.maximum(low, high), out=last)
    return first, last


def _diagonals(segments: Segments, boxes: Boxes) -> Array:
    wide = (boxes[:, 2] - boxes[:, 0]) * segments.ratio
    return np.maximum(np.hypot(wide, boxes[:, 3] - boxes[:, 1]), 1e-6)


def lengths(segments: Segments, boxes: Boxes) -> tuple[Array, ...]:
    """Lengths (N,) of level, plumb, rising, falling and curved lines, in diagonals."""
    if not len(segments.ends):
        return tuple(np.zeros(len(boxes)) for _ in range(5))
    first, last = clipped(segments, boxes)
    pixels = segments.pixels
    dx, dy = pixels[:, 2] - pixels[:, 0], pixels[:, 3] - pixels[:, 1]
    length = np.hypot(dx, dy)
    inside = np.clip(last - first, 0, 1) * length / _diagonals(segments, boxes)[:, None]
    # long lines are seen, many short ones are texture
    inside = inside * np.clip(inside / 0.25, 0.15, 1)
    angle = np.arctan2(np.abs(dy), np.abs(dx))  # 0 level, π/2 plumb
    straight = 1 - segments.bend
    slanting = (angle > _SLANT) & (angle < np.pi / 2 - _SLANT)
    rises = dx * dy < 0
    kinds = (
        straight * (angle < _FLAT),
        straight * (angle > np.pi / 2 - _FLAT),
        straight * (slanting & rises),
        straight * (slanting & ~rises),
    )
    bent = np.clip(last - first, 0, 1) * length / _diagonals(segments, boxes)[:, None]
    return (*(inside @ kind for kind in kinds), bent @ segments.bend)


def apices(segments: Segments, boxes: Boxes) -> tuple[Array, Array]:
    """Where (N,2) the clearest pair of slanting lines meets, and how clear (N,) it is.

    The lines slant opposite ways, both to one side of the apex, above or below it, and meet in
    the part or a little outside. Clear is what is long: both lines together, the shorter counts.
    """
    none = np.full((len(boxes), 2), 0.5), np.zeros(len(boxes))
    pixels = segments.pixels
    dx, dy = pixels[:, 2] - pixels[:, 0], pixels[:, 3] - pixels[:, 1]
    length = np.hypot(dx, dy)
    angle = np.arctan2(np.abs(dy), np.abs(dx))
    fits = (segments.bend == 0) & (angle > np.radians(15)) & (angle < np.radians(80))
    order = np.argsort(-length, kind="stable")
    up = [i for i in order if fits[i] and dx[i] * dy[i] < 0][:_APEX]
    down = [i for i in order if fits[i] and dx[i] * dy[i] > 0][:_APEX]
    if not up or not down:
        return none
    i, j = (np.ravel(grid) for grid in np.meshgrid(up, down, indexing="ij"))
    cross = dx[i] * dy[j] - dy[i] * dx[j]
    ok = np.abs(cross) > 1e-6
    i, j, cross = i[ok], j[ok], cross[ok]
    gap = pixels[j, :2] - pixels[i, :2]
    t = (gap[:, 0] * dy[j] - gap[:, 1] * dx[j]) / cross
    meet = pixels[i, :2] + t[:, None] * np.stack([dx[i], dy[i]], 1)
    lowest = np.maximum(pixels[:, 1], pixels[:, 3])
    highest = np.minimum(pixels[:, 1], pixels[:, 3])
    slack = 0.04
    below = (highest[i] > meet[:, 1] - slack) & (highest[j] > meet[:, 1] - slack)
    above = (lowest[i] < meet[:, 1] + slack) & (lowest[j] < meet[:, 1] + slack)
    # a pair that stops far from where it would meet is no corner
    far = np.maximum(
        np.minimum(np.abs(highest[i] - meet[:, 1]), np.abs(lowest[i] - meet[:, 1])) / length[i],
        np.minimum(np.abs(highest[j] - meet[:, 1]), np.abs(lowest[j] - meet[:, 1])) / length[j],
    )
    good = below | above
    i, j, meet, far = i[good], j[good], meet[good], far[good]
    if not len(i):
        return none
    first, last = clipped(segments, boxes)
    inside = np.clip(last - first, 0, 1) * length / _diagonals(segments, boxes)[:, None]  # (N,M)
    place = meet / np.array([segments.ratio, 1.0])
    sides = boxes[:, 2:] - boxes[:, :2]
    where = (place[None] - boxes[:, None, :2]) / sides[:, None]  # (N,P,2)
    within = ((where > -0.1) & (where < 1.1)).all(2)
    shorter = np.minimum(inside[:, i], inside[:, j])
    clear = np.clip((shorter - 0.12) / 0.28, 0, 1) * np.clip(1.6 - far, 0, 1) * within
    best = clear.argmax(1)
    rows = np.arange(len(boxes))
    found = clear[rows, best]
    return np.where(found[:, None] > 0, np.clip(where[rows, best], 0, 1), 0.5), found
