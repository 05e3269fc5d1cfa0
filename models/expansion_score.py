"""Whether an expanded picture looks bad: a small network on the maps of one look at it.

GenCrop's filter is a ResNet-50 on small pictures (Hong et al., AAAI 2024). Here the trunks have
seen the picture already; what remains is to compare what is around the photograph with what is in
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .crop_builtin import OnnxNetwork, network_file

EXPANSION = "expansion.onnx"
CELLS = 12  # a side, of the maps `fine` and `coarse`
CHANNELS = 120 + 352 + 384


class ExpansionScorer:
    """Opened once a process and shared by threads.

    Args:
        threads: of one picture.
        folder: holds the network; what ships by default.

    Raises:
        ModelError: it is missing or damaged.
    """

    def __init__(self, threads: int = 1, folder: Path | None = None) -> None:
        self._network = OnnxNetwork(network_file(EXPANSION, folder), threads)

    def bad(self, maps: Mapping[str, NDArray[np.float32]], inside: NDArray[np.float32]) -> float:
        """Probability in [0, 1] that a picture looks bad.

        Args:
            maps: `fine`, `coarse` and `tokens` of it, (C,n,n); see `picture_look`.
            inside: from `inside_cells`.
        """
        (logit,) = self._network.run(maps=stacked(maps)[None], inside=inside[None, None])
        return float(1 / (1 + np.exp(-float(logit[0]))))


def stacked(maps: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float32]:
    """The maps as one, (CHANNELS,CELLS,CELLS)."""
    tokens = np.asarray(maps["tokens"], np.float32)
    share = _shares(tokens.shape[1])
    rows = np.einsum("ij,cjk->cik", share, tokens)
    small = np.einsum("cik,lk->cil", rows, share)
    parts = [np.asarray(maps[name], np.float32) for name in ("fine", "coarse")]
    return np.ascontiguousarray(np.concatenate([*parts, small]), np.float32)


def inside_cells(region: tuple[int, int, int, int], width: int, height: int) -> NDArray[np.float32]:
    """Share (CELLS,CELLS) of every cell of a picture that lies in a region x1, y1, x2, y2."""

    x1, y1, x2, y2 = region
    return np.outer(_covered(y1, y2, height), _covered(x1, x2, width)).astype(np.float32)


def _covered(first: float, last: float, size: float) -> NDArray[np.float64]:
    """Share (CELLS,) of every cell of an axis of `size` that lies between two places."""
    edges = np.arange(CELLS + 1) * (size / CELLS)
    common = np.minimum(edges[1:], last) - np.maximum(edges[:-1], first)
    return np.asarray(np.maximum(common, 0) / (size / CELLS))


def _shares(count: int) -> NDArray[np.float32]:
    """Weights (CELLS,count) that average `count` cells into CELLS."""
    columns = [_covered(n, n + 1, count) for n in range(count)]
    return np.stack(columns, 1).astype(np.float32)
