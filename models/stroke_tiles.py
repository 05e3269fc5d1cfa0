"""Which strokes touch which tiles of the canvas, and by which of their segments.

All later work is done in slots, one for each stroke on each tile that it touches, so that time
and memory grow with what the strokes cover and not with strokes times pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .stroke_segments import Segments

TILE = 4  # pixels a side
CIRCUMRADIUS = TILE * 0.5**0.5  # of a tile


@dataclass(frozen=True)
class Canvas:
    """N canvases of one size, cut into tiles; the last ones may reach over the edge."""

    count: int
    height: int  # pixels
    width: int

    @property
    def rows(self) -> int:
        """Tiles from top to bottom."""
        return -(-self.height // TILE)

    @property
    def columns(self) -> int:
        """Tiles from left to right."""
        return -(-self.width // TILE)

    def to_tiles(self, pictures: Tensor) -> Tensor:
        """Pictures (N,C,H,W) to (N*tiles,C,TILE*TILE), zero beyond the edge."""
        below, beside = self.rows * TILE - self.height, self.columns * TILE - self.width
        padded = torch.nn.functional.pad(pictures, (0, beside, 0, below))
        cut = padded.view(self.count, pictures.shape[1], self.rows, TILE, self.columns, TILE)
        return cut.permute(0, 2, 4, 1, 3, 5).reshape(-1, pictures.shape[1], TILE * TILE)

    def from_tiles(self, tiles: Tensor) -> Tensor:
        """The reverse of `to_tiles`."""
        cut = tiles.view(self.count, self.rows, self.columns, tiles.shape[1], TILE, TILE)
        whole = cut.permute(0, 3, 1, 4, 2, 5)
        whole = whole.reshape(self.count, tiles.shape[1], self.rows * TILE, self.columns * TILE)
        return whole[:, :, : self.height, : self.width]


@dataclass(frozen=True)
class Slots:
    """L slots, sorted by tile and within a tile by the order of painting."""

    tile: Tensor  # (L,) of all canvases, row by row
    stroke: Tensor  # (L,) of all canvases
    first: Tensor  # (L,) where a slot's segments begin in `segment`
    count: Tensor  # (L,) how many it has, at least 1
    segment: Tensor  # (P,) segments, slot by slot


def find_slots(segments: Segments, reach: Tensor, strokes: int, canvas: Canvas) -> Slots:
    """The slots of the segments of N*`strokes` strokes.

    Args:
        segments: of all canvases' strokes.
        reach: pixels (N*strokes,) from a stroke's centre line within which it shows.
        strokes: on each canvas.
        canvas: sizes.
    """
    margin = reach[segments.stroke]
    low = torch.minimum(segments.start, segments.end) - margin[:, None]
    high = torch.maximum(segments.start, segments.end) + margin[:, None]
    most = low.new_tensor([canvas.columns, canvas.rows])
    first = (low / TILE).floor().clamp(min=0)
    last = torch.minimum((high / TILE).floor(), most - 1)
    span = (last - first + 1).clamp(min=0).long()
    pairs = span[:, 0] * span[:, 1]
    segment = torch.repeat_interleave(torch.arange(len(pairs), device=pairs.device), pairs)
    number = torch.arange(len(segment), device=pairs.device)
    number = number - (torch.cumsum(pairs, 0) - pairs)[segment]
    origin, across = first.long()[segment], span[segment, 0].clamp(min=1)
    column = origin[:, 0] + number % across
    row = origin[:, 1] + torch.div(number, across, rounding_mode="floor")
    middle = (torch.stack([column, row], 1).to(margin.dtype) + 0.5) * TILE
    near = comes_near(segments, segment, middle, margin[segment] + CIRCUMRADIUS)
    segment, column, row = segment[near], column[near], row[near]

    stroke = segments.stroke[segment]
    canvas_index = torch.div(stroke, strokes, rounding_mode="floor")
    tile = (canvas_index * canvas.rows + row) * canvas.columns + column
    key, order = torch.sort(tile * strokes + stroke % strokes, stable=True)
    key, count = torch.unique_consecutive(key, return_counts=True)
    tile = torch.div(key, strokes, rounding_mode="floor")
    canvas_index = torch.div(tile, canvas.rows * canvas.columns, rounding_mode="floor")
    return Slots(
        tile,
        canvas_index * strokes + key % strokes,
        torch.cumsum(count, 0) - count,
        count,
        segment[order],
    )


def comes_near(segments: Segments, segment: Tensor, middle: Tensor, within: Tensor) -> Tensor:
    """Which pairs of a segment (P,) and a point (P,2) are `within` (P,) pixels of each other."""
    start, along = segments.start[segment], (segments.end - segments.start)[segment]
    offset = middle - start
    length = (along * along).sum(1).clamp(min=torch.finfo(middle.dtype).tiny)
    share = ((offset * along).sum(1) / length).clamp(0, 1)
    close: Tensor = (offset - share[:, None] * along).square().sum(1) <= within.square()
    return close
