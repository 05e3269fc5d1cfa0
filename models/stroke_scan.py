"""Products and recurrences along the strokes of each tile, in a logarithmic number of steps.

Slots of one tile follow one another. A scan by doubling (Hillis and Steele, 1986) combines ever
longer runs of them; no division is needed, so that opaque strokes are exact.
"""

from __future__ import annotations

import torch
from torch import Tensor

Links = list[Tensor]
"""For the steps 1, 2, 4, …: (L-step,1) bool, whether a slot and the one a step on share a tile."""


def links(tile: Tensor) -> Links:
    """Those of slots (L,) sorted by tile, until no step stays within a tile."""
    found: Links = []
    step = 1
    while step < len(tile):
        same = tile[step:] == tile[:-step]
        if not same.any():
            break
        found.append(same[:, None])
        step *= 2
    return found


def products_after(values: Tensor, chain: Links) -> tuple[Tensor, Tensor]:
    """Products (L,C) over a slot and all later ones of its tile, and over the later ones alone."""
    total = values.clone()
    for k, same in enumerate(chain):
        later = torch.where(same, total[2**k :], 1)
        total[: -(2**k)] *= later
    after = torch.ones_like(values)
    if chain:
        after[:-1] = torch.where(chain[0], total[1:], 1)
    return total, after


def affine_before(factor: Tensor, addend: Tensor, begin: Tensor, chain: Links) -> Tensor:
    """What x = `begin` has become before each slot, where a slot makes it factor * x + addend.

    All are (L,C); `begin` is the same for all slots of a tile.
    """
    product, total = factor.clone(), addend.clone()
    for k, same in enumerate(chain):
        before = torch.where(same, total[: -(2**k)], 0)
        total[2**k :].addcmul_(product[2**k :], before)  # both are still those of the last step
        product[2**k :] *= torch.where(same, product[: -(2**k)], 1)
    out = begin.clone()
    if chain:
        changed = total[:-1].addcmul(product[:-1], begin[1:])
        out[1:] = torch.where(chain[0], changed, begin[1:])
    return out
