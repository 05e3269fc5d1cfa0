"""How many strokes each round adds: shares by edge count, by the method of largest remainders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .sketch_edges import ink_pixels
from .sketch_regions import Region, region_edges

AllotBy = Literal["edges", "pixels"]


def allot(counts: Sequence[int], strokes: int) -> list[int]:
    """Share out `strokes` in proportion to `counts`; the sum is `strokes` exactly.

    Where there are strokes for all, whatever has a count gets one at least, from the round that
    can best spare it. What is left over by rounding goes to the largest remainders, of equal
    ones to the earlier round. If every count is 0 the first round has all.

    Args:
        counts: of edge pixels a round, the whole scene first; none is negative.
        strokes: how many there are, 0 or more.
    """
    if not counts or min(counts) < 0 or strokes < 0:
        raise ValueError(f"no allotment of {strokes} strokes to {list(counts)}")
    total = sum(counts)
    if total == 0:
        return [strokes] + [0] * (len(counts) - 1)
    shares = [count * strokes // total for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda k: -(counts[k] * strokes % total))
    for k in by_remainder[: strokes - sum(shares)]:
        shares[k] += 1
    if strokes >= sum(count > 0 for count in counts):
        for k, count in enumerate(counts):
            if count > 0 and shares[k] == 0:
                # over its exact share by most; integers, for floats would break ties at random
                giver = max(
                    (g for g in range(len(counts)) if shares[g] > 1),
                    key=lambda g: shares[g] * total - counts[g] * strokes,
                )
                shares[giver] -= 1
                shares[k] = 1
    return shares


def round_counts(
    rgb: NDArray[np.uint8],
    edges: NDArray[np.bool_],
    regions: Sequence[Region],
    *,
    weights: NDArray[np.float32] | None = None,
    by: AllotBy = "edges",
) -> list[int]:
    """What `allot` shares by: of the scene first, then of every region.

    Args:
        rgb: HxWx3, the target on its canvas.
        edges: HxW, the target's edges.
        regions: of the rounds after the first.
        weights: HxW in [0,1], what each edge pixel counts; all alike by default (MROSS).
        by: "edges" counts edge pixels, "pixels" whatever is not near white (MROSS has both).
    """
    if by == "pixels":
        return [ink_pixels(rgb), *(ink_pixels(rgb, region.mask) for region in regions)]
    inside = [edges, *(region_edges(edges, region.mask) for region in regions)]
    if weights is None:
        return [int(np.count_nonzero(found)) for found in inside]
    # thousandths, rounded up, so that the shares stay whole and no edge counts nothing
    return [int(np.ceil(1000 * float(weights[found].sum()))) for found in inside]
