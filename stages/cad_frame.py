"""Frames that somebody put around a photograph; an expanded picture would go on with them.

A frame is even lines of one colour along at least three sides, that end all at once. One that is
thinner than a pixel, or whose end is blurred, leaves a rim: lines that are lighter, or darker, than
the picture next to them nearly all along a side.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SMALLEST = 64  # pixels of a photograph's shorter side
_FRAME = 0.08  # of a side: a frame is no wider
_EVEN, _SAME, _STEP = 8.0, 12.0, 20.0  # grey levels: along a frame's line, across it, at its end
_FRAMES = 3  # within each other, at most
_SIDES = 3  # of a picture that have to have a frame
_RIMS = 6  # within each other, at most
_REACH, _STARTS = 3, 3  # lines: from a rim to the picture, and how far in it may start
_ALONG = 0.85  # share of a side along which a rim is lighter, or darker
_CLEARLY, _USUALLY = 6.0, 12.0  # grey levels by which it is, and in the middle of all
_ROOM = 30.0  # grey levels from black or white that the picture is away from, to be told from it
_TOLD = 0.3  # share of a side that has to be


Side = NDArray[np.float32]  # (N,M) or (N,M,3): lines from a picture's edge inward


def without_frame(rgb: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """The box x1, y1, x2, y2 of a picture HxWx3 without its frames and their rims; without any, all
    of it."""
    whole = box = 0, 0, rgb.shape[1], rgb.shape[0]
    for _ in range(_FRAMES):
        found = _within(rgb, box, _frame, _SIDES)
        if found == box:
            break
        box = found
    for _ in range(_RIMS):
        # inside of a frame, one side is enough: it is that frame's end
        found = _within(rgb, box, _rim, _SIDES if box == whole else 1)
        if found == box:
            break
        box = found
    return box


def _within(
    rgb: NDArray[np.uint8],
    box: tuple[int, int, int, int],
    measure: Callable[[Side], int],
    sides: int,
) -> tuple[int, int, int, int]:
    """The box without as many lines of its sides as are measured, if so many sides have any."""
    x1, y1, x2, y2 = box
    rows = rgb[y1:y2, x1:x2].astype(np.float32)
    columns = rows.transpose(1, 0, 2)
    left, top, right, bottom = map(measure, (columns, rows, columns[::-1], rows[::-1]))
    found = x1 + left, y1 + top, x2 - right, y2 - bottom
    enough = sum(wide > 0 for wide in (left, top, right, bottom)) >= sides
    small = min(found[2] - found[0], found[3] - found[1]) < SMALLEST
    return found if enough and not small else box


def _frame(lines: Side) -> int:
    """How many of the first lines (N,M,3) are a frame."""
    most = max(round(len(lines) * _FRAME), 1)
    first = lines[0].mean(0)
    for number in range(min(most + 1, len(lines))):
        middle = lines[number].mean(0)
        even = float(lines[number].std(0).max()) < _EVEN
        if not even or float(np.abs(middle - first).max()) > _SAME:
            if number == 0:
                return 0
            # a blurred line at the inner edge goes with it
            after = lines[min(number + 2, len(lines) - 1)]
            step = float(np.abs(after - first).max(1).mean())
            return min(number + 2, len(lines) - 1) if step > _STEP else 0
    return 0


def _rim(lines: Side) -> int:
    """How many of the first lines (N,M,3) are lighter or darker than what comes after them."""
    grey = lines[: _STARTS + _REACH].mean(2)
    for start in range(len(grey) - _REACH):
        inner = grey[start + _REACH]
        step = grey[start] - inner
        for lighter, told in ((step, inner < 255 - _ROOM), (-step, inner > _ROOM)):
            if told.mean() < _TOLD:
                continue
            seen = lighter[told]
            if (seen > _CLEARLY).mean() >= _ALONG and np.median(seen) >= _USUALLY:
                return start + _REACH
    return 0
