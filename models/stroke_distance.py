"""How far sample points are from a stroke: the nearest of its segments, without gradients."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from .stroke_segments import Segments
from .stroke_tiles import TILE, Canvas, Slots

CHUNK = 4096  # slots at a time: bounds memory, and what is at hand stays in the cache


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


def nearest(
    segments: Segments, slots: Slots, canvas: Canvas, samples: int
) -> tuple[Tensor, Tensor]:
    """The squared distance (L,C) of every slot's samples to its stroke, and the segment (L,C).

    Segments that do not come near the tile are not looked at, so that distances beyond the
    reach that the slots were made for may be too large.
    """
    length = len(slots.tile)
    offsets = sample_offsets(samples, segments.start.dtype, segments.start.device)
    squared = segments.start.new_empty(length, offsets.shape[1])
    which = torch.empty(squared.shape, dtype=torch.int32, device=squared.device)
    if length == 0:
        return squared, which
    corner = tile_corners(slots.tile, canvas, squared.dtype)
    along = segments.end - segments.start
    tiny = torch.finfo(squared.dtype).tiny
    inverse = 1 / (along * along).sum(1).clamp(min=tiny)
    table = torch.cat([segments.start, along, along * inverse[:, None]], 1)  # (M,6)
    # the slots with most segments first: those that have a k-th one are then the first ones
    order = torch.argsort(slots.count, descending=True, stable=True)
    for part in torch.split(order, CHUNK):
        count, first = slots.count[part], slots.first[part]
        here = corner[part]
        best = which_best = None
        left = torch.bincount(count).flip(0).cumsum(0).flip(0).tolist()  # with at least k
        for rank in range(int(count[0])):
            rows = left[rank + 1]
            segment = slots.segment[first[:rows] + rank]
            mine = table[segment]
            gap = here[:rows] - mine[:, :2]
            x, y = gap[:, :1] + offsets[0], gap[:, 1:] + offsets[1]
            share = (x * mine[:, 4:5]).add_(y * mine[:, 5:6]).clamp_(0, 1)
            x.sub_(share * mine[:, 2:3])
            y.sub_(share.mul_(mine[:, 3:4]))
            distance = x.mul_(x).add_(y.mul_(y))
            number = segment.to(torch.int32)[:, None]
            if best is None or which_best is None:
                best, which_best = distance, number.repeat(1, offsets.shape[1])
            else:
                nearer = distance < best[:rows]
                best[:rows] = torch.where(nearer, distance, best[:rows])
                which_best[:rows] = torch.where(nearer, number, which_best[:rows])
        assert best is not None  # every slot has a segment
        assert which_best is not None
        squared[part], which[part] = best, which_best
    return squared, which
