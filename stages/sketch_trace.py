"""Strokes that begin along the target's lines: the pieces of contours that are worth most."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.curves import cubic_points
from .sketch_chains import chains, passed
from .sketch_lines import Lines, larger
from .sketch_links import linked
from .sketch_pieces import Piece, choose_pieces, cut_pieces, halved
from .sketch_regions import Region

Points = NDArray[np.float64]

# pixels of a canvas of 224 that a stroke may miss its line by
_TOLERANCES = (1.0, 1.4, 2.0, 2.8, 4.0)
_DEAR = 0.16  # share of what is drawn that each further pixel of tolerance has to bring
_GAP = 5.0  # pixels of a canvas of 224 over which a chain goes on in another
_ROUND = 0.6  # what an outline counts beside a chain of ridges, which keeps corners
_DETAIL = 2.0  # what a small part's outline counts beside it
_CHANCE = 0.2  # deviation of the logarithm of a piece's value, for sketches to differ
_INSIDE = 0.5  # of a piece's pixels that lie in a region that it belongs to
_SHORT = 8.0  # pixels of a canvas of 224; shorter pieces count less, for dashes are texture
_SHORTEST = 0.1  # the least that a piece counts for its length
_REACH = 2  # pixels of a canvas of 224 around a stroke at which lines are drawn


class Tracer:
    """Cuts lines into strokes, for one target."""

    def __init__(self, lines: Lines) -> None:
        self._scale = max(lines.edges.shape) / 224
        self._finer = lines.finer
        self._worth = _worth(lines, self._scale)
        found = linked(chains(lines.edges, lines.strength), _GAP * self._scale)
        straight = cut_pieces(lines.straights, _TOLERANCES[-1] * self._scale)  # one of each
        self._cuts = []
        for tolerance in _TOLERANCES:
            own = cut_pieces(found, tolerance * self._scale)
            outer = cut_pieces(lines.outlines, tolerance * self._scale)
            small = cut_pieces(lines.details, tolerance * self._scale)
            counts = [len(own) + len(straight), len(outer), len(small)]
            worth = np.repeat([1.0, _ROUND, _DETAIL], counts)
            self._cuts.append((own + straight + outer + small, worth))

    def __call__(
        self, region: Region | None, count: int, chance: np.random.Generator, taken: Points
    ) -> Points:
        """Strokes (n,4,2) along lines of a region that the strokes `taken` (m,4,2) do not draw.

        All are in pixels of the canvas, as the region is. There are `count` of them, or fewer
        where there are no lines to cut up for more.
        """
        pieces = halved(self._chosen(region, count, chance, taken), count)
        return np.stack([p.stroke for p in pieces]) / self._finer if pieces else np.empty((0, 4, 2))

    def moved(self, regions: Sequence[Region], counts: Sequence[int], taken: Points) -> list[int]:
        """Counts of the same sum: what a region has no lines for goes to the scene.

        Args:
            regions: of the rounds after the first.
            counts: of strokes, the scene's first.
            taken: strokes (m,4,2) that there are already.
        """
        counts = list(counts)
        for _ in range(2):  # the scene, with more, leaves regions less
            scene = self._chosen(None, counts[0], None, taken)
            before = np.concatenate([taken, *(p.stroke[None] / self._finer for p in scene)])
            for k, region in enumerate(regions, 1):
                own = self._chosen(region, counts[k], None, before)
                before = np.concatenate([before, *(p.stroke[None] / self._finer for p in own)])
                room = max(len(own), min(counts[k], 1))
                counts[0], counts[k] = counts[0] + counts[k] - room, room
        return counts

    def _chosen(
        self, region: Region | None, count: int, chance: np.random.Generator | None, taken: Points
    ) -> list[Piece]:
        values = self._worth
        mask = None if region is None else larger(region.mask, self._finer)
        if mask is not None:
            values = values * _grown(mask, self._scale)
        drawn = _drawn(taken * self._finer, values.shape, self._scale)
        most = max(len(worth) for _, worth in self._cuts)
        draws = np.zeros(most) if chance is None else chance.normal(size=most)
        best: tuple[float, list[Piece]] = (-1.0, [])
        for tolerance, (pieces, worth) in zip(_TOLERANCES, self._cuts, strict=True):
            if mask is not None:
                within = [k for k, piece in enumerate(pieces) if _inside(piece, mask)]
                pieces, worth = [pieces[k] for k in within], worth[within]
            length = np.array([len(piece.pixels) for piece in pieces]) / (_SHORT * self._scale)
            factors = worth * np.exp(_CHANCE * draws[: len(pieces)])
            factors *= np.clip(length, _SHORTEST, 1)
            chosen, value = choose_pieces(
                pieces, values, count, factors=factors, drawn=drawn, reach=self._reach
            )
            value *= 1 - _DEAR * (tolerance - _TOLERANCES[0])
            if value > best[0]:
                best = value, [pieces[k] for k in chosen]
        return best[1]

    @property
    def _reach(self) -> int:
        return int(max(round(_REACH * self._scale), 1))


def _worth(lines: Lines, scale: float) -> NDArray[np.float64]:
    """What each pixel HxW is worth; on outlines and straight lines what is near them."""
    values = np.asarray(lines.weights, np.float64)
    near = _spread(values, scale)
    values = values.copy()
    for line in (*lines.outlines, *lines.straights):
        at = passed(line, values.shape)
        values[at] = near[at]
    return values


def _spread(values: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """The greatest value within reach of each pixel."""
    side = 2 * max(round(_REACH * scale), 1) + 1
    return np.asarray(cv2.dilate(values, np.ones((side, side), np.uint8)))


def _grown(mask: NDArray[np.bool_], scale: float) -> NDArray[np.bool_]:
    """A mask with the outline of what it masks."""
    return _spread(mask.astype(np.float64), scale) > 0


def _inside(piece: Piece, mask: NDArray[np.bool_]) -> bool:
    return bool(mask[passed(piece.pixels, mask.shape)].mean() >= _INSIDE)


def _drawn(strokes: Points, shape: tuple[int, ...], scale: float) -> NDArray[np.bool_]:
    """Where strokes (n,4,2) pass, HxW."""
    canvas = np.zeros(shape, np.uint8)
    for points in cubic_points(strokes, np.linspace(0, 1, 33)):
        line = np.round(points - 0.5).astype(np.int32)
        cv2.polylines(canvas, [line], False, 1, thickness=2 * max(round(_REACH * scale), 1) + 1)
    return canvas > 0
