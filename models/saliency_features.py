"""What the salient-subject network sees: the shipped trunks' maps of a picture and of its quarters.

The trunks' cells are coarse (12 and 16 a side). Run again on each quarter of the picture they see
twice as finely but without the surroundings, so that both kinds of maps are given. Of the nets of
`crop_builtin` only the trunks are loaded.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .crop_builtin import LITE, VIT, OnnxNetwork
from .crop_input import squash

LITE_SIDE, VIT_SIDE = 384, 224  # pixels; the inputs of the files that ship
PICTURE_SIDE = 96  # pixels of the small picture that gives the map its edges

Maps = dict[str, NDArray[np.float32]]

# channels and cells a side of every map that the network takes, "near" ones of the quarters
SHAPES = {
    "fine": (120, 12),
    "coarse": (352, 12),
    "tokens": (384, 16),
    "near_fine": (120, 24),
    "near_coarse": (352, 24),
    "near_tokens": (384, 32),
    "picture": (3, PICTURE_SIDE),
}


class SaliencyTrunks:
    """The trunks that ship, safe to call from several threads.

    Every thread keeps the maps of the last picture that it asked for, so that engines which share
    the trunks have them run once a picture.

    Args:
        threads: of one picture.
        folder: holds the trunks' files.

    Raises:
        ModelError: one is missing or damaged.
    """

    def __init__(self, threads: int, folder: Path) -> None:
        self._lite = OnnxNetwork(folder / LITE, threads)
        self._vit = OnnxNetwork(folder / VIT, threads)
        self._last = threading.local()

    def maps(self, rgb: NDArray[np.uint8]) -> Maps:
        """Maps (C,n,n) as `SHAPES` lists them, of a picture HxWx3 with sides of 2 or more.

        The arrays cannot be written to.
        """
        key = hashlib.blake2b(np.ascontiguousarray(rgb).data, digest_size=16).digest(), rgb.shape
        if getattr(self._last, "key", None) != key:
            maps = self._computed(rgb)
            for values in maps.values():
                values.setflags(write=False)
            self._last.key, self._last.maps = key, maps
        return dict(self._last.maps)

    def _computed(self, rgb: NDArray[np.uint8]) -> Maps:
        maps = self._look(rgb)
        middle_y, middle_x = rgb.shape[0] // 2, rgb.shape[1] // 2
        rows = [
            [self._look(half[:, :middle_x]), self._look(half[:, middle_x:])]
            for half in (rgb[:middle_y], rgb[middle_y:])
        ]
        for name in ("fine", "coarse", "tokens"):
            stitched = [np.concatenate([quarter[name] for quarter in row], 2) for row in rows]
            maps[f"near_{name}"] = np.concatenate(stitched, 1)
        maps["picture"] = squash(rgb, PICTURE_SIDE) / np.float32(255)
        return maps

    def _look(self, rgb: NDArray[np.uint8]) -> Maps:
        fine, coarse = self._lite.run(large=squash(rgb, LITE_SIDE)[None])
        (tokens,) = self._vit.run(small=squash(rgb, VIT_SIDE)[None])
        return {"fine": fine[0], "coarse": coarse[0], "tokens": tokens[0]}
