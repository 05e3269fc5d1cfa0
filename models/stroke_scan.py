"""Products and recurrences along the strokes of each tile, in a logarithmic number of steps.

Slots of one tile follow one another. A scan by doubling (Hillis and Steele, 1986) combines ever
longer runs of them; no division is needed, so that opaque strokes are exact.
"""

from __future__ import annotations

import torch
from torch import Tensor

Links = list[Tensor]
"""For the steps 1, 2, 4, …: the slots (K,) with another one of their tile a step later."""


def links(tile: Tensor) -> Links:
    """Those of slots (L,) sorted by tile, until no step stays within a tile."""
    found: Links = []
    step = 1
    while step < len(tile):
        here = (tile[step:] == tile[:-step]).nonzero()[:, 0]
        if not len(here):
            break
        found.append(here)
        step *= 2
    return found


def products_after(values: Tensor, chain: Links) -> tuple[Tensor, Tensor]:
    """Products (L,C) over a slot and all later ones of its tile, and over the later ones alone."""
    total, after = values.clone(), torch.ones_like(values)
    for k, here in enumerate(chain):
        later = total.index_select(0, here + 2**k)
        total.index_copy_(0, here, later.mul_(total.index_select(0, here)))
    if chain:
        after.index_copy_(0, chain[0], total.index_select(0, chain[0] + 1))
    return total, after


def affine_before(factor: Tensor, addend: Tensor, begin: Tensor, chain: Links) -> Tensor:
    """What x = `begin` has become before each slot, where a slot makes it factor * x + addend.

    All are (L,C); `begin` is the same for all slots of a tile.
    """
    product, total, out = factor.clone(), addend.clone(), begin.clone()
    for k, here in enumerate(chain):
        there = here + 2**k
        mine, before = product.index_select(0, there), product.index_select(0, here)
        total.index_add_(0, there, mine * total.index_select(0, here))
        product.index_copy_(0, there, mine.mul_(before))
    if chain:
        first = chain[0]
        changed = product.index_select(0, first).mul_(begin.index_select(0, first))
        out.index_copy_(0, first + 1, changed.add_(total.index_select(0, first)))
    return out
