"""How far sample points are from a stroke: the nearest of its segments, without gradients."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .stroke_cells import Cells, sample_offsets
from .stroke_segments import Segments


@dataclass(frozen=True)
class Nearness:
    """Squared distances of a cell's points to its segments, and the least of them."""

    squared: Tensor  # (P,C) to each of the cells' segments
    least: Tensor  # (K,C) to the stroke
    cell: Tensor  # (P,) whose segment it is

    def nearest(self, wanted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The nearest segments of some points.

        Args:
            wanted: (K,C) bool.

        Returns:
            The pair, the point's number in its cell and the share that this pair has, (A,)
            each: points that are equally far from k segments come k times with share 1/k.
        """
        points = self.squared.shape[1]
        hits = self.squared == torch.where(wanted, self.least, -1).index_select(0, self.cell)
        index = hits.view(-1).nonzero()[:, 0]
        pair = torch.div(index, points, rounding_mode="floor")
        point = index - pair * points
        place = self.cell.index_select(0, pair) * points + point
        ties = torch.bincount(place, minlength=self.least.numel())
        return pair, point, ties.index_select(0, place).to(self.least.dtype).reciprocal_()


def measure(segments: Segments, cells: Cells) -> Nearness:
    """How near the points of cells are to their strokes.

    Segments that do not come near the tile are not looked at, so that distances beyond the
    reach that the slots were made for may be too large.
    """
    dtype, device = segments.start.dtype, segments.start.device
    offsets = sample_offsets(cells.edge.samples, dtype, device)
    direction, length = segments.direction
    mine = cells.segment
    gap = cells.corner.index_select(0, cells.cell) - segments.start.index_select(0, mine)
    x, y = direction.index_select(0, mine).unbind(1)
    # along the segment in shares of its length, and across it: both linear in the offsets
    long = length[mine]
    scale = 1 / long
    first = torch.stack([(gap[:, 0] * x + gap[:, 1] * y) * scale, x * scale, y * scale], 1)
    second = torch.stack([gap[:, 1] * x - gap[:, 0] * y, -y, x], 1)
    for linear in (first, second):
        linear[cells.pairs :, 1:] /= 2  # a quarter's points lie twice as close
    basis = torch.cat([torch.ones_like(offsets[:1]), offsets])
    share = first @ basis
    beyond = share.clamp(0, 1).sub_(share).mul_(long[:, None])
    across = second @ basis
    squared = across.mul_(across).addcmul_(beyond, beyond)
    nearest = squared.new_full((len(cells.stroke), squared.shape[1]), torch.inf)
    nearest.scatter_reduce_(0, cells.cell[:, None].expand_as(squared), squared, "amin")
    return Nearness(squared, nearest, cells.cell)
