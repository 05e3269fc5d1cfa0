"""What the parts of the crop networks are trained for: drawn crops and voted pairs, in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from ..models.crop_grid import grid_boxes
from ..models.crop_loss import (
    CropLossConfig,
    box_energies,
    drawn_crop_loss,
    grid_energies,
    overlaps,
    pair_loss,
)
from ..models.crop_net import CropNet
from ..models.crop_rank import anchors
from .crop_examples import Batch


class Objective(Protocol):
    """A batch's loss under a module's parameters."""

    def __call__(self, batch: Batch) -> Tensor:
        """The mean over the batch, summed over heads."""
        ...


class GridObjective:
    """All heads' losses on all crops of the grid, and on the voted pairs."""

    def __init__(self, net: CropNet, loss: CropLossConfig) -> None:
        self.heads, self.loss, self.grid = net.heads, loss, net.config.grid
        self.boxes = torch.from_numpy(grid_boxes(self.grid).copy())

    def __call__(self, batch: Batch) -> Tensor:
        """See `Objective`."""
        overlap = overlaps(self.boxes[None], batch.crops[:, None])
        losses = []
        for head in self.heads:
            tables = head(batch.maps, batch.log_aspect)
            logits = grid_energies(tables, self.grid)
            losses.append(drawn_crop_loss(logits, overlap, self.loss.softness))
            if len(batch.rows):
                margin = box_energies(tables, batch.rows, batch.first)
                margin = margin - box_energies(tables, batch.rows, batch.second)
                losses.append(self.loss.pair_weight * pair_loss(margin, batch.share))
        return torch.stack(losses).sum()


@dataclass(frozen=True)
class Choices:
    """Crops to choose among, of all photographs of a batch."""

    rows: Tensor  # (P,) which photograph
    boxes: Tensor  # (P,4) in shares
    sizes: list[int]  # how many each photograph has


class Drawn:
    """Crops drawn evenly from the grid.

    The choice among a random subset follows the same logits as among all of them, so that the
    subset's cross-entropy estimates them (McFadden, 1978).
    """

    def __init__(self, grid: int, count: int, seed: int) -> None:
        self.boxes, self.count = torch.from_numpy(grid_boxes(grid).copy()), count
        self.draw = torch.Generator().manual_seed(seed)

    def __call__(self, batch: Batch) -> Choices:
        """As many for every photograph."""
        photos = len(batch.crops)
        picks = torch.randint(0, len(self.boxes), (photos * self.count,), generator=self.draw)
        rows = torch.arange(photos).repeat_interleave(self.count)
        return Choices(rows, self.boxes[picks], [self.count] * photos)


class Anchors:
    """The grid anchors of each photograph's shape."""

    def __call__(self, batch: Batch) -> Choices:
        """As many as each photograph's shape has."""
        ratios = batch.log_aspect.exp().tolist()
        sets = [torch.from_numpy(anchors(round(ratio, 3)).copy()) for ratio in ratios]
        sizes = [len(boxes) for boxes in sets]
        rows = torch.arange(len(sets)).repeat_interleave(torch.tensor(sizes))
        return Choices(rows, torch.cat(sets), sizes)


@dataclass(frozen=True)
class Scorer:
    """A scorer, the maps it sees, and what it learns to choose among."""

    head: nn.Module
    maps: tuple[str, ...]
    choices: Drawn | Anchors


class ScorerObjective:
    """The same two terms for scorers of single crops."""

    def __init__(self, scorers: list[Scorer], loss: CropLossConfig) -> None:
        self.scorers, self.loss = scorers, loss

    def __call__(self, batch: Batch) -> Tensor:
        """See `Objective`."""
        return torch.stack([self._one(scorer, batch) for scorer in self.scorers]).sum()

    def _one(self, scorer: Scorer, batch: Batch) -> Tensor:
        choices, pairs = scorer.choices(batch), len(batch.rows)
        features = torch.cat([batch.maps[name] for name in scorer.maps], 1)
        rows = torch.cat([choices.rows, batch.rows, batch.rows])
        boxes = torch.cat([choices.boxes, batch.first, batch.second])
        scores = scorer.head(features, rows, boxes)
        ranked, first, second = torch.split(scores, [len(choices.rows), pairs, pairs])
        overlap = overlaps(choices.boxes, batch.crops[choices.rows])
        losses = [
            drawn_crop_loss(logits[None], part[None], self.loss.softness)
            for logits, part in zip(
                torch.split(ranked, choices.sizes),
                torch.split(overlap, choices.sizes),
                strict=True,
            )
        ]
        loss = torch.stack(losses).mean()
        if pairs:
            loss = loss + self.loss.pair_weight * pair_loss(first - second, batch.share)
        return loss


def region_scorers(net: CropNet, count: int, seed: int) -> list[Scorer]:
    """The network's scorers of single crops with what each chooses among.

    Args:
        count: crops of the grid drawn for a photograph and step, where it learns from those.
        seed: of the drawing.
    """
    drawn = Drawn(net.config.grid, count, seed)
    return [
        Scorer(head, maps, drawn if choices == "grid" else Anchors())
        for head, maps, choices in zip(
            net.regions, net.config.regions, net.config.choices, strict=True
        )
    ]
