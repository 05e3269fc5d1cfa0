"""Which cells of a picture belong to the same object, by how they look; run by onnxruntime.

A small network (`grouping_net.py`) turns the trunks' maps into a unit vector for each of 32x32
cells. Two cells are of one object with probability sigmoid(scale v·w + bias).
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ModelError
from .crop_builtin import OnnxNetwork, network_file
from .saliency_features import SaliencyTrunks

GROUPING = "grouping.onnx"
GROUPING_MAPS = ("tokens", "near_tokens", "near_fine")
CELLS = 32  # a side


class CellGrouping(Protocol):
    """Opened once a process and shared by threads, so `affinity` must be safe to call at once."""

    def affinity(
        self, rgb: NDArray[np.uint8], cells: NDArray[np.intp]
    ) -> NDArray[np.float32] | None:
        """How likely two cells are of one object: (K,K) in [0, 1], symmetric.

        Args:
            rgb: HxWx3 upright sRGB at any scale.
            cells: K numbers of cells, row by row from 0 to CELLS² - 1.

        Returns:
            None for a picture that is too small to tell.
        """
        ...


class ObjectGrouping:
    """See `CellGrouping`.

    Args:
        trunks: give the maps; shared with a saliency engine, they run once a picture.
        threads: of one picture.
        folder: holds `grouping.onnx` of `compose train grouping`; what ships by default.

    Raises:
        ModelError: the file is missing or damaged.
    """

    def __init__(
        self, trunks: SaliencyTrunks, threads: int = 1, folder: Path | None = None
    ) -> None:
        self._trunks = trunks
        self._net = OnnxNetwork(network_file(GROUPING, folder), threads)
        scale, bias = self._net.note("scale"), self._net.note("bias")
        if not (isinstance(scale, float) and isinstance(bias, float)):
            raise ModelError(f"{GROUPING} is damaged; train it again with this version.")
        self._scale, self._bias = scale, bias

    def affinity(
        self, rgb: NDArray[np.uint8], cells: NDArray[np.intp]
    ) -> NDArray[np.float32] | None:
        """See `CellGrouping`."""
        if min(rgb.shape[:2]) < 2:  # has no quarters
            return None
        maps = self._trunks.maps(rgb)
        (vectors,) = self._net.run(**{name: maps[name][None] for name in GROUPING_MAPS})
        chosen = vectors[0, cells]
        likely = 1 / (1 + np.exp(-(self._scale * (chosen @ chosen.T) + self._bias)))
        return np.asarray((likely + likely.T) / 2, np.float32)
