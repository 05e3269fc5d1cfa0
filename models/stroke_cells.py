"""Where the sample points lie: a square of them for every slot, and finer ones where it is needed.

Within a square around a sample point, coverage is a function of the distance to the nearest point
of the stroke. That is too little where the stroke passes twice, at cusps, tight loops and near
misses. A slot in which it turns or comes back is therefore looked at a second time, in quarters
with as many points as the whole; four of those stand for each point of the whole.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from .stroke_edge import Edge
from .stroke_segments import Segments
from .stroke_tiles import CIRCUMRADIUS, TILE, Canvas, Slots, comes_near

TURN = 0.7  # cosine of the angle by which a stroke may turn within a slot unrefined


@dataclass(frozen=True)
class Cells:
    """K squares of C sample points: those of the L slots, then 4 Q quarters of some of them."""

    stroke: Tensor  # (K,) whose points they are
    corner: Tensor  # (K,2) x, y in pixels
    softness: Tensor  # (K,1) pixels, of the edge in them
    cell: Tensor  # (P,) of each pair of a cell and a segment, those of the slots first
    segment: Tensor  # (P,)
    slots: int  # L
    pairs: int  # of the slots
    refined: Tensor  # (Q,) the slots that have quarters; the first quarters of all come first
    edge: Edge

    def merge(self, fine: Tensor) -> Tensor:
        """What (K,C) says of slots (L,C): of the refined ones, the means of their quarters."""
        whole = fine[: self.slots]
        if len(self.refined):
            count, points = len(self.refined), fine.shape[1]
            quarters = fine[self.slots :].view(4, count, points).transpose(0, 1)
            parts = _parts(self.edge.samples, fine.device)[0]
            four = quarters.reshape(count, -1).index_select(1, parts).view(count, points, 4)
            whole[self.refined] = four.mean(2)
        return whole

    def spread(self, whole: Tensor) -> Tensor:
        """The reverse of `merge` for gradients (L,C): (K,C)."""
        if not len(self.refined):
            return whole
        count, points = len(self.refined), whole.shape[1]
        parts = _parts(self.edge.samples, whole.device)[1]
        quarters = (whole[self.refined] / 4).index_select(1, parts).view(count, 4, points)
        rest = whole.index_fill(0, self.refined, 0)
        return torch.cat([rest, quarters.transpose(0, 1).reshape(-1, points)])

    def offsets(self, dtype: torch.dtype) -> Tensor:
        """Where points lie: (2,2C) x, y from a slot's corner, then from a quarter's."""
        offsets = sample_offsets(self.edge.samples, dtype, self.corner.device)
        return torch.cat([offsets, offsets / 2], 1)


def make_cells(
    segments: Segments, slots: Slots, reach: Tensor, canvas: Canvas, edge: Edge
) -> Cells:
    """The cells of slots that were found with `reach` (G,)."""
    dtype, device = segments.start.dtype, segments.start.device
    count = len(slots.tile)
    cell = torch.repeat_interleave(torch.arange(count, device=device), slots.count)
    corner = _corners(slots.tile, canvas, dtype)
    softness = corner.new_full((count, 1), edge.softness)
    bent = _bent(segments, slots, cell) if edge.refine else None
    refined = cell[:0] if bent is None else bent.nonzero()[:, 0]
    if bent is None or not len(refined):
        return Cells(
            slots.stroke, corner, softness, cell, slots.segment, count, len(cell), refined, edge
        )
    more = len(refined)
    number = torch.cumsum(bent, 0) - 1  # of a refined slot
    pairs = bent[cell].nonzero()[:, 0]
    quarter = torch.arange(4, device=device)
    inner = (quarter[:, None] * more + number[cell[pairs]]).view(-1)
    shift = torch.stack([quarter % 2, quarter // 2], 1).to(dtype) * (TILE / 2)
    corners = (corner[refined] + shift[:, None]).view(-1, 2)
    segment = slots.segment[pairs].repeat(4)
    within = reach[segments.stroke[segment]] + CIRCUMRADIUS / 2
    near = comes_near(segments, segment, corners[inner] + TILE / 4, within)
    return Cells(
        torch.cat([slots.stroke, slots.stroke[refined].repeat(4)]),
        torch.cat([corner, corners]),
        torch.cat([softness, softness.new_full((4 * more, 1), edge.softness / 2)]),
        torch.cat([cell, count + inner[near]]),
        torch.cat([slots.segment, segment[near]]),
        count,
        len(cell),
        refined,
        edge,
    )


def _bent(segments: Segments, slots: Slots, slot: Tensor) -> Tensor:
    """In which slots (L,) a stroke turns by more than a little, or which it comes back to."""
    last = slots.first + slots.count - 1
    begin = slots.segment[slots.first]
    back = slots.segment[last] - begin >= slots.count
    direction = segments.direction[0]
    along = (direction[slots.segment] * direction[begin][slot]).sum(1)
    back[slot[along < TURN]] = True
    return back


@functools.lru_cache(maxsize=16)
def sample_offsets(samples: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Where the sample points of a tile lie: (2,C) x, y from its corner.

    C = TILE * TILE * samples**2; those of one pixel follow one another.
    """
    inside = (torch.arange(samples, dtype=dtype, device=device) + 0.5) / samples
    pixel = torch.arange(TILE, dtype=dtype, device=device)
    place = pixel[:, None] + inside  # (pixel, sample)
    x = place[None, :, None, :].expand(TILE, TILE, samples, samples)
    y = place[:, None, :, None].expand(TILE, TILE, samples, samples)
    return torch.stack([x.reshape(-1), y.reshape(-1)])


def _corners(tile: Tensor, canvas: Canvas, dtype: torch.dtype) -> Tensor:
    """The corners (L,2), x and y in pixels, of tiles (L,) numbered over all canvases."""
    within = tile % (canvas.rows * canvas.columns)
    row = torch.div(within, canvas.columns, rounding_mode="floor")
    return torch.stack([within % canvas.columns, row], 1).to(dtype) * TILE


@functools.lru_cache(maxsize=16)
def _parts(samples: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Points of the four quarters, one after the other, and those of the whole.

    Returns:
        The four (C*4,) that stand for each point of the whole, and that one (4C,) of each.
    """
    offsets = sample_offsets(samples, torch.float64, device)
    quarter = torch.arange(4, device=device)
    shift = torch.stack([quarter % 2, quarter // 2]).to(offsets.dtype) * (TILE / 2)
    place = (offsets[:, None] / 2 + shift[:, :, None]).view(2, -1) * samples
    column, row = place.floor().long()
    pixel = row // samples * TILE + column // samples
    whole = (pixel * samples + row % samples) * samples + column % samples
    return torch.argsort(whole, stable=True), whole
