"""Pieces of a filled hole, each moved by a few pixels so that it meets what it lies beside.

A layout found at a small size says where pieces come from only roughly, and lines that go on from
one to the next would be broken by some pixels.
"""

from __future__ import annotations

import cv2
import numpy as np

from .shift_sources import Ints, Shifts, ShiftSources

_ROUNDS = 2
_MOST = 500  # pixels of a piece's edge that are looked at
_UNLIKE = 0.5  # squared difference above which two pixels are just unlike, as barred ones are


def pieces(layout: Ints, shifts: Shifts) -> tuple[Ints, Shifts]:
    """Numbers HxW of connected parts with one shift, -1 elsewhere; and their shifts (P,3).

    Args:
        layout: HxW, numbers of shifts; -1 where there is none.
        shifts: (K,3).
    """
    found, own = np.full(layout.shape, -1, np.int64), list[Ints]()
    for number in np.unique(layout[layout >= 0]):
        count, parts = cv2.connectedComponents((layout == number).astype(np.uint8), connectivity=4)
        here = parts > 0
        found[here] = parts[here] - 1 + len(own)
        own += [shifts[number]] * (count - 1)
    return found, np.array(own, np.int64).reshape(-1, 3)


def joined(sources: ShiftSources, layout: Ints, shifts: Shifts, reach: int) -> Shifts:
    """The shifts (P,3) of pieces, moved by up to `reach` pixels, large pieces first.

    Args:
        sources: of the picture.
        layout: HxW, numbers of pieces; -1 outside of the hole.
        shifts: (P,3).
        reach: pixels.
    """
    shifts = shifts.copy()
    edges = [_edge(layout, number) for number in range(len(shifts))]
    sizes = np.bincount(layout[layout >= 0], minlength=len(shifts))
    steps = np.arange(-reach, reach + 1)
    moves = np.stack([np.zeros_like(steps[:, None] + steps), *np.meshgrid(steps, steps)], -1)
    moves = moves.reshape(-1, 3)
    moves = moves[np.argsort(np.abs(moves).sum(1), kind="stable")]  # of equals the nearest
    for number in list(np.argsort(-sizes, kind="stable")) * _ROUNDS:
        rows, columns = edges[number]
        if len(rows) == 0:
            continue
        # what the others say there, or the picture itself
        others = layout[rows, columns]
        there, known = sources.at(shifts[np.maximum(others, 0)], rows, columns)
        bare = others < 0
        there[bare] = sources.picture[rows[bare], columns[bare]]
        known |= bare
        colours, allowed = sources.at(shifts[number] + moves[:, None], rows, columns)
        unlike = np.minimum(np.square(colours - there).sum(2), np.float32(_UNLIKE))
        cost = np.where(allowed, unlike, np.float32(_UNLIKE))[:, known].sum(1)
        if known.any():
            shifts[number] += moves[int(cost.argmin())]
    return shifts


def _edge(layout: Ints, number: int) -> tuple[Ints, Ints]:
    """Rows and columns of what lies within two pixels of a piece."""
    here = (layout == number).astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    rows, columns = np.nonzero((cv2.dilate(here, cross, iterations=2) > 0) & (here == 0))
    step = max(-(-len(rows) // _MOST), 1)
    return rows[::step], columns[::step]
