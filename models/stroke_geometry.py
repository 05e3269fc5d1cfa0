"""Gradients of control points and widths: through the distances of the samples on the rim.

With c the coverage, d the distance to the nearest point q of the curve and n the unit vector
from q to the sample, dd/dq = -n, and q is a mixture of control points (envelope theorem).
"""

from __future__ import annotations

import torch
from torch import Tensor

from .stroke_cells import Cells
from .stroke_distance import Nearness
from .stroke_segments import Segments


def geometry_gradients(
    to_covered: Tensor,
    distance: Tensor,
    nearness: Nearness,
    radius: Tensor,
    segments: Segments,
    cells: Cells,
) -> tuple[Tensor, Tensor]:
    """Gradients of control points (G,4,2) and full widths (G,).

    Args:
        to_covered: (K,C) of the coverage of every point.
        distance: (K,C) of the points to their strokes, pixels.
        nearness: which segments are that near.
        radius: (G,) of the strokes, pixels.
        segments, cells: what was drawn.
    """
    half, strokes, points = cells.softness / 2, len(radius), distance.shape[1]
    rim = (radius[cells.stroke, None] - distance).abs_() < half
    pair, point, weight = nearness.nearest(rim)
    cell, segment = cells.cell.index_select(0, pair), cells.segment.index_select(0, pair)
    stroke = cells.stroke.index_select(0, cell)
    place = cell * points + point
    steep = (to_covered / cells.softness).view(-1)
    pull = steep.index_select(0, place).mul_(weight)
    gap, thick = distance.view(-1).index_select(0, place), radius.index_select(0, stroke)
    # a stroke so thin that both of its edges are within the ramp
    both = (thick + gap) < half.view(-1).index_select(0, cell)

    offset = point + points * (cell >= cells.slots)
    along = segments.end - segments.start
    tiny = torch.finfo(distance.dtype).tiny
    back = along / (along * along).sum(1, keepdim=True).clamp(min=tiny)
    table = torch.cat([segments.start, along, back], 1).t().contiguous()  # rows to take from
    start_x, start_y, along_x, along_y, back_x, back_y = table.index_select(1, segment)
    corner_x, corner_y = cells.corner.t().contiguous().index_select(1, cell)
    offset_x, offset_y = cells.offsets(distance.dtype).index_select(1, offset)
    x = corner_x.add_(offset_x).sub_(start_x)
    y = corner_y.add_(offset_y).sub_(start_y)
    share = (x * back_x).addcmul_(y, back_y).clamp_(0, 1)
    # the force on the nearest point is along the normal; none where both edges cancel
    force = torch.where(both, 0, pull) / gap.clamp(min=1e-12)
    force_x = x.addcmul_(share, along_x, value=-1).mul_(force)
    force_y = y.addcmul_(share, along_y, value=-1).mul_(force)
    count = len(segments.start)
    total, end = (
        torch.stack([summed(segment, part, count) for part in parts], 1)
        for parts in ((force_x, force_y), (force_x * share, force_y * share))
    )
    g_points = segments.to_points(total - end, end, strokes)
    g_radius = summed(stroke, torch.where(both, 2 * pull, pull), strokes)
    return g_points, g_radius / 2


def summed(index: Tensor, values: Tensor, count: int) -> Tensor:
    """Sums (count,) of values (A,) with the same index (A,)."""
    return torch.bincount(index, values, minlength=count).to(values.dtype)
