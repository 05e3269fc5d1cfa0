"""A scorer of crops from what is inside and what is discarded; engine `rank`, and in `builtin`.

After GAIC (Zeng et al., CVPR 2019): features of the region of interest and of the region of
discard, pooled to a small grid and scored by two layers, for at most 90 crops of a 12 x 12 grid
(METHODS of grid anchors: edges in the outer quarter, at least half of the area, aspect between
1/2 and 2). RoI pooling is bilinear sampling written as two matrix products, which run alike
everywhere; discarding is the same pooling of the whole picture with the crop blanked out.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class RankConfig:
    """Sizes of the scorer."""

    channels: int = 32  # after reduction
    cells: int = 9  # of a pooled region, a side
    width: int = 256  # of the hidden layer
    dropout: float = 0.4  # in training only


def sampling_weights(low: Tensor, high: Tensor, cells: int, size: int) -> Tensor:
    """Bilinear weights (N,cells,size) of `cells` points evenly inside [low, high] shares (N,)."""
    points = (torch.arange(cells, device=low.device) + 0.5) / cells
    place = (low[:, None] + (high - low)[:, None] * points) * size - 0.5
    place = place.clamp(0, size - 1)
    distance = (place[:, :, None] - torch.arange(size, device=low.device)).abs()
    return (1 - distance).clamp(min=0)


def coverage(low: Tensor, high: Tensor, size: int) -> Tensor:
    """Share (N,size) of each of `size` cells that [low, high] (N,) covers."""
    edges = torch.arange(size, device=low.device) / size
    top = torch.minimum(high[:, None], edges + 1 / size)
    return ((top - torch.maximum(low[:, None], edges)) * size).clamp(0, 1)


class RankHead(nn.Module):
    """Scores of crops from a trunk's maps.

    Args:
        config: sizes.
        channels: of the maps together.
        size: cells a side of the maps.
    """

    def __init__(self, config: RankConfig, channels: int, size: int) -> None:
        super().__init__()
        self.config, self.size = config, size
        self.normal = nn.BatchNorm2d(channels, affine=False)
        self.reduce = nn.Conv2d(channels, config.channels, 1)
        pooled = 2 * config.channels * config.cells**2
        self.score = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(pooled, config.width), nn.ReLU(),
            nn.Dropout(config.dropout), nn.Linear(config.width, 1),
        )  # fmt: skip

    def forward(self, features: Tensor, rows: Tensor | None, boxes: Tensor) -> Tensor:
        """Scores (P,) of boxes (P,4) in shares, each of picture `rows` (P,) of (N,C,n,n).

        Without `rows` all are of the one picture that there is, which is faster.
        """
        maps = self.reduce(self.normal(features))
        if rows is None:
            return self._score_one(maps[0], boxes)
        order = torch.argsort(rows, stable=True)
        counts = torch.bincount(rows, minlength=len(maps)).tolist()
        shares = torch.split(boxes[order], counts)
        scores = [self._score_one(one, mine) for one, mine in zip(maps, shares, strict=True)]
        return torch.cat(scores)[torch.argsort(order)]

    def _score_one(self, maps: Tensor, boxes: Tensor) -> Tensor:
        """Scores (P,) of boxes (P,4) in the reduced maps (C,n,n) of one picture."""
        cells, size = self.config.cells, self.size
        x1, y1, x2, y2 = boxes.unbind(1)
        across = sampling_weights(x1, x2, cells, size)
        down = sampling_weights(y1, y2, cells, size)
        inside = pool(maps, down, across)
        # the crop's cells are blanked out: whole minus covered, and both factor into axes
        whole = sampling_weights(maps.new_zeros(1), maps.new_ones(1), cells, size)
        kept = whole * coverage(y1, y2, size)[:, None], whole * coverage(x1, x2, size)[:, None]
        outside = pool(maps, whole, whole) - pool(maps, *kept)
        scores: Tensor = self.score(torch.cat([inside.flatten(1), outside.flatten(1)], 1))[:, 0]
        return scores


def pool(maps: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Maps (C,n,n) weighted along both axes by (P,k,n) each, to (P,C,k,k).

    One large product for the first axis, and one of the right size for each crop for the second.
    """
    (channels, size), cells = maps.shape[:2], across.shape[1]
    first = maps.transpose(0, 1).reshape(size * channels, size) @ across.flatten(0, 1).T
    first = first.view(size, channels, -1, cells).permute(2, 0, 1, 3).flatten(2)
    return (down @ first).view(-1, cells, channels, cells).transpose(1, 2)
