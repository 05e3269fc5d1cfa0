"""How far sample points are from a stroke: the nearest of its segments, without gradients."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from .stroke_segments import Segments
from .stroke_tiles import TILE, Canvas, Slots


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


def tile_corners(tile: Tensor, canvas: Canvas, dtype: torch.dtype) -> Tensor:
    """The corners (L,2), x and y in pixels, of tiles (L,) numbered over all canvases."""
    within = tile % (canvas.rows * canvas.columns)
    row = torch.div(within, canvas.columns, rounding_mode="floor")
    return torch.stack([within % canvas.columns, row], 1).to(dtype) * TILE


@dataclass(frozen=True)
class Nearness:
    """Squared distances of a slot's samples to its segments, and the least of them."""

    squared: Tensor  # (P,C) to each of the slots' segments
    least: Tensor  # (L,C) to the stroke
    slot: Tensor  # (P,) whose segment it is

    def nearest(self, wanted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The nearest segments of some samples.

        Args:
            wanted: (L,C) bool.

        Returns:
            The pair, the sample's number in its tile and the share that this pair has, (A,)
            each: samples that are equally far from k segments come k times with share 1/k.
        """
        samples = self.squared.shape[1]
        hits = self.squared == torch.where(wanted, self.least, -1).index_select(0, self.slot)
        index = hits.view(-1).nonzero()[:, 0]
        pair = torch.div(index, samples, rounding_mode="floor")
        sample = index - pair * samples
        place = self.slot.index_select(0, pair) * samples + sample
        ties = torch.bincount(place, minlength=self.least.numel())
        return pair, sample, ties.index_select(0, place).to(self.least.dtype).reciprocal_()


def measure(segments: Segments, slots: Slots, canvas: Canvas, samples: int) -> Nearness:
    """How near every slot's samples are to its stroke.

    Segments that do not come near the tile are not looked at, so that distances beyond the
    reach that the slots were made for may be too large.
    """
    dtype, device = segments.start.dtype, segments.start.device
    offsets = sample_offsets(samples, dtype, device)
    slot = torch.repeat_interleave(torch.arange(len(slots.tile), device=device), slots.count)
    along = segments.end - segments.start
    length = along.norm(dim=1)
    # a segment without extent gets one that no number tells from it, and a direction
    least = torch.finfo(dtype).eps
    direction = torch.where(
        (length > least)[:, None],
        along / length.clamp(min=least)[:, None],
        along.new_tensor([1, 0]),
    )
    length = length.clamp(min=least)
    mine = slots.segment
    corner = tile_corners(slots.tile, canvas, dtype)
    gap = corner.index_select(0, slot) - segments.start.index_select(0, mine)
    x, y = direction.index_select(0, mine).unbind(1)
    # along the segment in shares of its length, and across it: both linear in the offsets
    scale = 1 / length[mine]
    first = torch.stack([(gap[:, 0] * x + gap[:, 1] * y) * scale, x * scale, y * scale], 1)
    second = torch.stack([gap[:, 1] * x - gap[:, 0] * y, -y, x], 1)
    basis = torch.cat([torch.ones_like(offsets[:1]), offsets])
    share = first @ basis
    beyond = share.clamp(0, 1).sub_(share).mul_(length[mine, None])
    across = second @ basis
    squared = across.mul_(across).addcmul_(beyond, beyond)
    nearest = squared.new_full((len(slots.tile), squared.shape[1]), torch.inf)
    nearest.scatter_reduce_(0, slot[:, None].expand_as(squared), squared, "amin")
    return Nearness(squared, nearest, slot)
