"""Multi-scale deformable attention (Zhu et al., ICLR 2021, §4.1) by `grid_sample`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Shapes = Sequence[tuple[int, int]]  # height and width of each level


def deformable_sample(values: Tensor, shapes: Shapes, places: Tensor, weights: Tensor) -> Tensor:
    """Weighted sums of bilinear samples; outside a map is zero.

    Args:
        values: (B,S,M,C) all levels' cells one after the other, of M heads.
        shapes: of the levels; S is the sum of their areas.
        places: (B,Q,M,L,P,2) x, y in shares of each level's map.
        weights: (B,Q,M,L,P).

    Returns:
        (B,Q,M*C).
    """
    batch, queries, heads, _, points, _ = places.shape
    grid = 2 * places - 1  # the middle of the first cell is -1 + 1/w, that of the last 1 - 1/w
    total: Tensor | None = None
    begin = 0
    for level, (height, width) in enumerate(shapes):
        cells = values[:, begin : begin + height * width]
        begin += height * width
        picture = cells.permute(0, 2, 3, 1).reshape(batch * heads, -1, height, width)
        where = grid[:, :, :, level].transpose(1, 2).reshape(batch * heads, queries, points, 2)
        found = F.grid_sample(picture, where.to(picture.dtype), align_corners=False)
        weight = weights[:, :, :, level].transpose(1, 2).reshape(batch * heads, 1, queries, points)
        part = (found * weight).sum(-1)
        total = part if total is None else total + part
    assert total is not None
    return total.view(batch, -1, queries).transpose(1, 2)


class DeformableAttention(nn.Module):
    """Each query looks at `points` places of every level near its reference points.

    Args:
        channels: of queries and values.
        levels, heads, points: how many.
    """

    def __init__(self, channels: int, levels: int, heads: int, points: int) -> None:
        super().__init__()
        self.levels, self.heads, self.points = levels, heads, points
        self.sampling_offsets = nn.Linear(channels, heads * levels * points * 2)
        self.attention_weights = nn.Linear(channels, heads * levels * points)
        self.value_proj = nn.Linear(channels, channels)
        self.output_proj = nn.Linear(channels, channels)
        self._begin()

    @torch.no_grad()
    def _begin(self) -> None:
        """At first heads look in different directions, points ever further, all alike (A.4)."""
        for layer in (self.sampling_offsets, self.attention_weights):
            layer.weight.zero_()
            layer.bias.zero_()
        angles = torch.arange(self.heads, dtype=torch.float32) * (2 * math.pi / self.heads)
        ways = torch.stack([angles.cos(), angles.sin()], -1)
        ways = ways / ways.abs().amax(-1, keepdim=True)
        steps = torch.arange(1, self.points + 1, dtype=torch.float32)
        bias = ways[:, None, None] * steps[:, None].expand(self.levels, -1, 1)
        self.sampling_offsets.bias.copy_(bias.flatten())
        for layer in (self.value_proj, self.output_proj):
            nn.init.xavier_uniform_(layer.weight)
            layer.bias.zero_()

    def forward(
        self, queries: Tensor, points: Tensor, values: Tensor, shapes: Shapes, pad: Tensor
    ) -> Tensor:
        """(B,Q,D) to the same.

        Args:
            queries: (B,Q,D), their places added.
            points: (B,Q,L,2) reference points, or (B,Q,L,4) boxes as centre and size, in shares
                of each level's map.
            values: (B,S,D).
            shapes: of the levels.
            pad: (B,S) True where a cell holds no picture; such cells are zero.
        """
        batch, count, _ = queries.shape
        split = (batch, count, self.heads, self.levels, self.points)
        offsets = self.sampling_offsets(queries).view(*split, 2)
        weights = self.attention_weights(queries).view(*split[:3], -1).softmax(-1).view(split)
        cells = self.value_proj(values).masked_fill(pad[..., None], 0)
        centre = points[:, :, None, :, None, :2]
        if points.shape[-1] == 4:
            size = points[:, :, None, :, None, 2:]
            places = centre + offsets / self.points * size * 0.5
        else:
            sides = torch.tensor([(w, h) for h, w in shapes], device=queries.device)
            places = centre + offsets / sides[None, None, None, :, None]
        cells = cells.unflatten(-1, (self.heads, -1))
        found: Tensor = self.output_proj(deformable_sample(cells, shapes, places, weights))
        return found
