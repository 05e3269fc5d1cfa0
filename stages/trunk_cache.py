"""Maps of the trunks that ship, computed once a picture and kept in files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.files import atomic_write
from ..models.crop_builtin import LITE, VIT, weights_folder
from ..models.saliency_features import SaliencyTrunks

HalfMaps = dict[str, NDArray[np.float16]]


class TrunkCache:
    """A folder of maps, a file a picture; other trunks, pictures or names get other files.

    Args:
        folder: of our own; made when the first file is written.
        names: of the maps to keep; see `saliency_features.SHAPES`.
        threads: of one picture.

    Raises:
        ModelError: a trunk is missing or damaged.
    """

    def __init__(self, folder: Path, names: Sequence[str], threads: int = 1) -> None:
        self._folder, self._names = folder, tuple(names)
        self._trunks = SaliencyTrunks(threads, weights_folder())
        self._seal = hashlib.sha256(" ".join(self._names).encode())
        for name in (LITE, VIT):
            self._seal.update((weights_folder() / name).read_bytes())

    def maps(self, rgb: NDArray[np.uint8]) -> HalfMaps:
        """The named maps (C,n,n) of a picture HxWx3 in half precision."""
        file = self.file(rgb)
        if not file.is_file():
            maps = self._trunks.maps(rgb)
            found = {name: maps[name].astype(np.float16) for name in self._names}
            with atomic_write(file) as part, part.open("wb") as stream:
                np.savez(stream, **found)  # type: ignore[arg-type]
        with np.load(file) as kept:
            return {name: kept[name] for name in self._names}

    def file(self, rgb: NDArray[np.uint8]) -> Path:
        """Where the maps of a picture HxWx3 are, or will be, kept."""
        key = self._seal.copy()
        key.update(f"{rgb.shape[1]}x{rgb.shape[0]}".encode())
        key.update(np.ascontiguousarray(rgb).tobytes())
        return self._folder / f"{key.hexdigest()[:24]}.npz"
