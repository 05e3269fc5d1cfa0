"""Polygons that are several rings in a row.

Converters that keep one polygon an object join its parts: every part is closed, its first corner
named again at its end, and the next one follows. Filled as one polygon they are crossed by stripes
from part to part.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

_FEWEST = 3  # corners of a ring


def split_rings(corners: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The rings, each (M,2) without the corner that closes it; else the polygon as it is.

    Args:
        corners: (N,2), x and y. It is split only if it is nothing but closed rings, of which
            there are two or more; where it can be read so in several ways, into the fewest.
            Rings of two corners or one enclose nothing and are left out.
    """
    seen: dict[tuple[float, ...], list[int]] = defaultdict(list)
    fewest = {0: 0}  # rings up to here
    start: dict[int, int] = {}
    for end, corner in enumerate(map(tuple, corners.tolist())):
        begins = [place for place in seen[corner] if place in fewest]
        seen[corner].append(end)
        if begins:
            start[end + 1] = min(begins, key=lambda place: fewest[place])
            fewest[end + 1] = fewest[start[end + 1]] + 1
    count = len(corners)
    if fewest.get(count, 0) < 2:
        return [corners]
    rings = []
    while count:
        rings.append(corners[start[count] : count - 1])
        count = start[count]
    return [ring for ring in rings[::-1] if len(ring) >= _FEWEST] or [corners]
