"""Chains that go on in one another: gaps and crossings are bridged where the direction is kept.

A person who draws a back or a roof does not lift the pen where a pole stands before it (good
continuation, Wertheimer 1923); a walk along ridges does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_LOOK = 8  # points of a chain that its direction at an end is taken from
_TURN = 0.7  # least cosine between a chain's direction, the bridge's, and the other chain's
_TOUCHING = 1.5  # pixels; over less the bridge has no direction of its own


def linked(chains: Sequence[Points], gap: float) -> list[Points]:
    """Join chains end to end where that bridges at most `gap` pixels and hardly turns.

    The best joints are made first; an end is joined once, and a chain never to itself.

    Args:
        chains: (n,2) each, n at least 2.
        gap: pixels between two ends.

    Returns:
        As many chains or fewer, every point of the given ones in one of them, the first ones first.
    """
    count = len(chains)
    if count < 2:
        return list(chains)
    ends = np.array([end for chain in chains for end in (chain[0], chain[-1])])
    out = np.array([d for chain in chains for d in (_heading(chain[::-1]), _heading(chain))])
    bridges = []
    for a, b in _close_pairs(ends, gap):
        if a // 2 == b // 2:
            continue
        away = ends[b] - ends[a]
        length = float(np.hypot(*away))
        along = -float(out[a] @ out[b])
        if length > _TOUCHING:
            bridge = away / length
            along = min(along, float(out[a] @ bridge), -float(out[b] @ bridge))
        if along >= _TURN:
            bridges.append((length + gap * (1 - along), a, b))
    partner: dict[int, int] = {}
    root = list(range(count))
    for _, a, b in sorted(bridges):
        if a in partner or b in partner or _root(root, a // 2) == _root(root, b // 2):
            continue
        partner[a], partner[b] = b, a
        root[_root(root, a // 2)] = _root(root, b // 2)
    return [np.concatenate(path) for path in _paths(chains, partner)]


def _close_pairs(places: Points, gap: float) -> Iterator[tuple[int, int]]:
    """Pairs a < b of places (n,2) at most `gap` apart, without comparing all with all."""
    cells: dict[tuple[int, int], list[int]] = {}
    for k, (x, y) in enumerate(np.floor(places / max(gap, 1.0)).astype(int).tolist()):
        around = [cells.get((x + i, y + j), []) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        near = np.array([other for cell in around for other in cell], int)
        away = places[near] - places[k]
        for other in near[np.hypot(away[:, 0], away[:, 1]) <= gap].tolist():
            yield other, k
        cells.setdefault((x, y), []).append(k)


def _paths(chains: Sequence[Points], partner: dict[int, int]) -> list[list[Points]]:
    """The chains of each path in their order, turned to follow one another."""
    passed: set[int] = set()
    found = []
    for k in range(len(chains)):
        if k in passed:
            continue
        first = 2 * k  # back to the path's end: the end of a chain that has no partner
        while first in partner:
            first = partner[first] ^ 1
        path, end = [], first
        while True:
            passed.add(end // 2)
            chain = chains[end // 2]
            path.append(chain if end % 2 == 0 else chain[::-1])
            if end ^ 1 not in partner:
                break
            end = partner[end ^ 1]
        found.append(path)
    return found


def _heading(chain: Points) -> Points:
    """The unit direction in which a chain leaves its last point."""
    way = chain[-1] - chain[-min(len(chain), _LOOK)]
    return np.asarray(way / max(float(np.hypot(*way)), 1e-9))


def _root(root: list[int], k: int) -> int:
    while root[k] != k:
        k = root[k]
    return k
