"""Engine `builtin` of salient subjects: shipped trunks, a small head, run by onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .crop_builtin import OnnxNetwork, network_file, weights_folder
from .guided_filter import guided_filter
from .saliency_features import SaliencyTrunks

SALIENCY = "saliency.onnx"
CONTRAST = 2.0


class BuiltinSaliency:
    """See `saliency.SaliencyReader`.

    Args:
        threads: of one picture.
        folder: holds `saliency.onnx` of `compose train saliency`; what ships by default.
        trunks: opened before, to share their maps; opened here by default.

    Raises:
        ModelError: a file is missing or damaged.
    """

    name = "builtin"

    def __init__(
        self,
        threads: int = 1,
        folder: Path | None = None,
        trunks: SaliencyTrunks | None = None,
    ) -> None:
        self._head = OnnxNetwork(network_file(SALIENCY, folder), threads)
        self._names: list[str] = self._head.note("maps")
        self._trunks = trunks or SaliencyTrunks(threads, weights_folder())

    def read(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The map HxW in [0, 1] of a picture HxWx3."""
        if min(rgb.shape[:2]) < 2:  # has no quarters
            rgb = np.repeat(np.repeat(rgb, 2, 0), 2, 1)
            return self.read(rgb)[::2, ::2]
        maps = self._trunks.maps(rgb)
        (logits,) = self._head.run(**{name: maps[name][None] for name in self._names})
        return refined(rgb, 1 / (1 + np.exp(-logits[0, 0])))


def refined(rgb: NDArray[np.uint8], probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """The coarse map (n,n) at the picture's size HxW in [0, 1], on the picture's edges.

    The filter flattens what it aligns; the contrast given back was chosen on held-out parts of
    SOD's train split, where it takes a quarter off the mean absolute error.
    """
    aligned = guided_filter(rgb, probability)
    return np.asarray(np.clip(CONTRAST * (aligned - 0.5) + 0.5, 0, 1), np.float32)
