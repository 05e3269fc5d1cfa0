"""What the crop network learns from: drawn crops and voted pairs (see `crop_net`)."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .crop_grid import EDGE_PAIRS, grid_indices


@dataclass(frozen=True)
class CropLossConfig:
    """Weights and widths of the two terms."""

    softness: float = 0.05  # the target is softmax(IoU with the drawn crop / softness)
    pair_weight: float = 0.3  # of the ranking term


@functools.cache
def _choice(grid: int) -> Tensor:
    """(6(G+1)², M) of 0 and 1: which table entries add up to the logit of each crop.

    A matrix product with it is many times faster on a CPU than the gradient of indexing.
    """
    lines, places = torch.from_numpy(grid_indices(grid).copy()), grid + 1
    matrix = torch.zeros(len(EDGE_PAIRS) * places**2, len(lines))
    for pair, (i, j) in enumerate(EDGE_PAIRS):
        entries = (pair * places + lines[:, i]) * places + lines[:, j]
        matrix[entries, torch.arange(len(lines))] = 1
    return matrix


def grid_energies(tables: Tensor, grid: int) -> Tensor:
    """Logits (N,M) of all crops on the grid from tables (N,6,G+1,G+1)."""
    return tables.flatten(1) @ _choice(grid).to(tables)


def box_energies(tables: Tensor, rows: Tensor, boxes: Tensor) -> Tensor:
    """Logits (P,) of boxes (P,4) in shares, each of picture `rows` (P,), by interpolation."""
    grid = tables.shape[-1] - 1
    place = (boxes.clamp(0, 1) * grid).clamp(max=grid - 1e-4)
    low = place.floor().long()
    rest = place - low
    total = torch.zeros(len(boxes), dtype=tables.dtype, device=tables.device)
    for pair, (i, j) in enumerate(EDGE_PAIRS):
        for di in (0, 1):
            for dj in (0, 1):
                wi = rest[:, i] if di else 1 - rest[:, i]
                wj = rest[:, j] if dj else 1 - rest[:, j]
                total = total + wi * wj * tables[rows, pair, low[:, i] + di, low[:, j] + dj]
    return total


def drawn_crop_loss(logits: Tensor, overlap: Tensor, softness: float) -> Tensor:
    """Cross-entropy of logits (N,M) to the softened choice of the photographer's crop.

    Args:
        logits: of all crops on the grid.
        overlap: (N,M) their IoU with the drawn crop.
        softness: see `CropLossConfig`.
    """
    target = (overlap / softness).softmax(-1)
    return -(target * logits.log_softmax(-1)).sum(-1).mean()


def pair_loss(margin: Tensor, share: Tensor) -> Tensor:
    """Bradley-Terry: (P,) logit differences a - b against the share of votes for a."""
    return F.binary_cross_entropy_with_logits(margin, share)


def overlaps(boxes: Tensor, others: Tensor) -> Tensor:
    """IoU of broadcast boxes (…,4)."""
    low = torch.maximum(boxes[..., :2], others[..., :2])
    sides = (torch.minimum(boxes[..., 2:], others[..., 2:]) - low).clamp(min=0)
    common = sides[..., 0] * sides[..., 1]
    size = (boxes[..., 2:] - boxes[..., :2]).prod(-1) + (others[..., 2:] - others[..., :2]).prod(-1)
    return common / (size - common)
