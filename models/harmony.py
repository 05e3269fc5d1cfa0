"""By which settings of a curve an object's colours come to fit its surroundings; by onnxruntime.

The network (`harmony_net.py`) looks at a small picture of the object in its surroundings.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .crop_builtin import OnnxNetwork, network_file

HARMONY = "harmony.onnx"
SIDE = 32  # pixels of the square picture that the network sees

Floats = NDArray[np.float32]


class HarmonySettings:
    """Opened once a process, safe to call from several threads.

    Args:
        threads: of one picture.
        folder: holds `harmony.onnx` of `compose train harmonizer`; what ships by default.

    Raises:
        ModelError: the file is missing or damaged.
    """

    def __init__(self, threads: int = 1, folder: Path | None = None) -> None:
        self._net = OnnxNetwork(network_file(HARMONY, folder), threads)

    def settings(self, rgb: Floats, alpha: Floats) -> Floats:
        """(5,): exponent of sRGB (log), light of red, green, blue (log2), saturation (log).

        Args:
            rgb: HxWx3 sRGB in [0, 1], the object laid over its surroundings.
            alpha: HxW in [0, 1], the object's.
        """
        (found,) = self._net.run(pictures=small_composite(rgb, alpha)[None])
        return np.asarray(found[0], np.float32)


def small_composite(rgb: Floats, alpha: Floats) -> Floats:
    """What the network sees of a composite: (4,SIDE,SIDE) in [0, 1], colours and alpha."""
    both = np.dstack([rgb, alpha]).astype(np.float32)
    smaller = min(alpha.shape) >= SIDE
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(both, (SIDE, SIDE), interpolation=way), np.float32)
    return np.ascontiguousarray(np.clip(small, 0, 1).transpose(2, 0, 1))
