"""Cubic pieces of contours, and the choice of those that draw most with a budget of strokes.

Fits are least squares with the parameter improved in turn, as in Schneider's "An algorithm for
automatically fitting digitized curves" (Graphics Gems, 1990), but without tangents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.curves import cubic_points
from .sketch_chains import passed

Points = NDArray[np.float64]

_TURNS = 3  # improvements of the parameter
_SHORTEST = 5  # points of a piece


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of a chain and the stroke that draws it."""

    pixels: Points  # (n,2) of the chain
    stroke: Points  # (4,2), an open cubic curve


def fit_cubic(chain: Points) -> tuple[Points, float]:
    """The cubic (4,2) from the first to the last point that comes closest to all, in squares.

    Args:
        chain: (n,2), n at least 2, neighbours close to one another.

    Returns:
        Control points, and the greatest distance of a point from its place on the curve.
    """
    first, last = chain[0], chain[-1]
    steps = np.hypot(*np.diff(chain, axis=0).T)
    t = np.concatenate([[0.0], np.cumsum(steps)]) / max(steps.sum(), 1e-9)
    line = np.stack([first, first + (last - first) / 3, first + (last - first) * 2 / 3, last])
    if len(chain) < 4:
        return line, _worst(line, t, chain)
    stroke = line
    for turn in range(_TURNS + 1):
        s = 1 - t
        inner = np.stack([3 * s * s * t, 3 * s * t * t], -1)
        wanted = chain - np.outer(s**3, first) - np.outer(t**3, last)
        free, *_ = np.linalg.lstsq(inner, wanted, rcond=None)
        stroke = np.stack([first, free[0], free[1], last])
        if turn < _TURNS:
            t = _nearer(stroke, t, chain)
    return stroke, _worst(stroke, t, chain)


def cut_pieces(chains: Sequence[Points], tolerance: float) -> list[Piece]:
    """Cut chains into as few pieces as fits within `tolerance` pixels allow, from each start on."""
    pieces = []
    for chain in chains:
        while len(chain) >= _SHORTEST:
            length = _longest(chain, tolerance)
            pieces.append(Piece(chain[:length], fit_cubic(chain[:length])[0]))
            chain = chain[length - 1 :]  # the next one begins where this one ends
    return pieces


def choose_pieces(
    pieces: Sequence[Piece],
    values: NDArray[np.floating],
    count: int,
    *,
    factors: NDArray[np.floating] | None = None,
    drawn: NDArray[np.bool_] | None = None,
    reach: int = 2,
) -> tuple[list[int], float]:
    """Choose up to `count` pieces, always the one that adds most value not yet drawn.

    Args:
        pieces: to choose from.
        values: HxW, what it is worth to draw a pixel.
        count: how many at most.
        factors: (n,), of the pieces' values when they are compared.
        drawn: HxW, True where earlier strokes have drawn.
        reach: pixels from a chosen piece at which others add nothing.

    Returns:
        Indices in the order of choice, and the value of all that they draw.
    """
    height, width = values.shape
    left = np.asarray(values, np.float64).copy()
    if drawn is not None:
        left[drawn] = 0
    shape = height, width
    places = [np.unique(np.ravel_multi_index(passed(p.pixels, shape), shape)) for p in pieces]
    flat = left.reshape(-1)
    gains = np.array([flat[place].sum() for place in places])
    factors = np.ones(len(pieces)) if factors is None else np.asarray(factors)
    chosen: list[int] = []
    total = 0.0
    while len(chosen) < count and len(pieces):
        # gains only fall: those at the top are brought up to date until one stays there
        while True:
            best = int((gains * factors).argmax())
            now = float(flat[places[best]].sum())
            if now >= gains[best] - 1e-12:
                break
            gains[best] = now
        if gains[best] <= 0:
            break
        chosen.append(best)
        total += float(gains[best])
        gains[best] = 0
        for x, y in np.stack([places[best] % width, places[best] // width], -1):
            left[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1] = 0
    return chosen, total


def halved(pieces: Sequence[Piece], count: int) -> list[Piece]:
    """As many pieces as `count`, the longest ones cut in two; fewer where all are short."""
    found = list(pieces)
    while 0 < len(found) < count:
        longest = max(range(len(found)), key=lambda k: len(found[k].pixels))
        chain = found[longest].pixels
        if len(chain) < 2 * _SHORTEST - 1:
            break
        middle = len(chain) // 2
        parts = [Piece(part, fit_cubic(part)[0]) for part in (chain[: middle + 1], chain[middle:])]
        found[longest : longest + 1] = parts
    return found


def _longest(chain: Points, tolerance: float) -> int:
    """How many points from the first on one cubic fits.

    Found by halving; fits need not be monotone in length, so it need not be the very longest.
    """

    def fits(length: int) -> bool:
        return fit_cubic(chain[:length])[1] <= tolerance

    if fits(len(chain)):
        return len(chain)
    low, high = min(_SHORTEST, len(chain)), len(chain)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _nearer(stroke: Points, t: NDArray[np.float64], chain: Points) -> NDArray[np.float64]:
    """One Newton step of every parameter towards its point's nearest place on the curve."""
    first = 3 * np.diff(stroke, axis=0)
    second = 2 * np.diff(first, axis=0)
    s = 1 - t
    away = cubic_points(stroke, t) - chain
    speed = np.stack([s * s, 2 * s * t, t * t], -1) @ first
    change = np.stack([s, t], -1) @ second
    slope = (speed * speed).sum(1) + (away * change).sum(1)
    step = (away * speed).sum(1) / np.where(np.abs(slope) < 1e-9, np.inf, slope)
    return np.asarray(np.clip(t - np.clip(step, -0.1, 0.1), 0, 1))


def _worst(stroke: Points, t: NDArray[np.float64], chain: Points) -> float:
    return float(np.hypot(*(cubic_points(stroke, t) - chain).T).max())
