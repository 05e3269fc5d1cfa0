"""One look at a picture by the trunks that ship, from which several small nets read.

Subjects, the crop that a photographer would take, and whether a picture looks real are read from
the same maps, so that the trunks, which cost ten times what the small nets do, run once a picture.
The maps of the quarters, which the net of salient subjects takes too, are those of the whole,
enlarged: a subject's outline gets coarser, and it takes a fifth of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .crop_belief import CropBelief
from .crop_builtin import BuiltinCropper, OnnxNetwork, network_file
from .crop_input import log_aspect, squash
from .saliency_builtin import SALIENCY, refined
from .saliency_features import PICTURE_SIDE, Maps

_WHOLE = ("fine", "coarse", "tokens")


@dataclass(frozen=True, eq=False)
class Look:
    """What was seen of a picture."""

    maps: Maps = field(repr=False)  # (C,n,n) by their names in `saliency_features.SHAPES`
    saliency: NDArray[np.float32] = field(repr=False)  # HxW in [0, 1]


class PictureReader:
    """Opened once a process and shared by threads.

    Args:
        threads: of one picture.
        weights: a folder of `compose train crop`; the networks that ship by default.

    Raises:
        ModelError: a network is missing or damaged.
    """

    name = "builtin"  # the crop engine that it reads crops by

    def __init__(self, threads: int = 1, weights: Path | None = None) -> None:
        self._cropper = BuiltinCropper(threads, weights)
        self._subjects = OnnxNetwork(network_file(SALIENCY), threads)
        self._names: list[str] = self._subjects.note("maps")

    def look(self, rgb: NDArray[np.uint8]) -> Look:
        """Look at a picture HxWx3."""
        maps = {name: values[0] for name, values in self._cropper.maps(rgb).items()}
        seen = dict(maps)
        for name in _WHOLE:
            side = 2 * maps[name].shape[1]
            seen[f"near_{name}"] = np.stack(
                [
                    cv2.resize(each, (side, side), interpolation=cv2.INTER_LINEAR)
                    for each in maps[name]
                ]
            )
        seen["picture"] = squash(rgb, PICTURE_SIDE) / np.float32(255)
        (logits,) = self._subjects.run(**{name: seen[name][None] for name in self._names})
        return Look(maps, refined(rgb, 1 / (1 + np.exp(-logits[0, 0]))))

    def crops(self, look: Look, width: int, height: int) -> CropBelief:
        """Where a photographer would crop the picture of that size."""
        maps = {name: look.maps[name][None] for name in _WHOLE}
        return CropBelief.from_logits(*self._cropper.logits(maps, log_aspect(width, height)))
