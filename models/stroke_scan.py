"""Products and recurrences along the strokes of each tile, in a logarithmic number of steps.

Slots of one tile follow one another. A scan by doubling (Hillis and Steele, 1986) combines ever
longer runs of them; no division is needed, so that opaque strokes are exact.
"""

from __future__ import annotations

import torch
from torch import Tensor


def _deepest(tile: Tensor) -> int:
    return int(torch.unique_consecutive(tile, return_counts=True)[1].max()) if len(tile) else 0


def products_after(values: Tensor, tile: Tensor) -> tuple[Tensor, Tensor]:
    """Products (L,C) over a slot and all later ones of its tile, and over the later ones alone."""
    total, step, deepest = values.clone(), 1, _deepest(tile)
    while step < deepest:
        same = (tile[step:] == tile[:-step])[:, None]
        later = torch.where(same, total[step:], 1)
        total[:-step] *= later
        step *= 2
    after = torch.ones_like(values)
    if len(tile) > 1:
        same = (tile[1:] == tile[:-1])[:, None]
        after[:-1] = torch.where(same, total[1:], 1)
    return total, after


def affine_before(factor: Tensor, addend: Tensor, begin: Tensor, tile: Tensor) -> Tensor:
    """What x = `begin` has become before each slot, where a slot makes it factor * x + addend.

    All are (L,C); `begin` is the same for all slots of a tile.
    """
    product, total, step, deepest = factor.clone(), addend.clone(), 1, _deepest(tile)
    while step < deepest:
        same = (tile[step:] == tile[:-step])[:, None]
        before = torch.where(same, total[:-step], 0)
        total[step:] += product[step:] * before  # `before` is a copy, `product` not yet changed
        product[step:] *= torch.where(same, product[:-step], 1)
        step *= 2
    out = begin.clone()
    if len(tile) > 1:
        same = (tile[1:] == tile[:-1])[:, None]
        out[1:] = torch.where(same, product[:-1] * begin[1:] + total[:-1], begin[1:])
    return out
