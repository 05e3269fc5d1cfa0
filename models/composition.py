"""What the crop trunk that ships tells of a composition: what lies where, and where the subject is.

The trunk's tokens (16x16 of 384 numbers, DINOv2's) are projected on a few principal components
and averaged in 4x4 cells, so that two pictures are near when like things lie at like places; and
a logistic read-out of the same tokens says how much each cell belongs to the subject. Both cost
next to nothing once the trunk has run. Our own design; `compose train composition` fits them.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ModelError
from ..core.names import printable
from .crop_builtin import VIT, OnnxNetwork, network_file, weights_folder
from .crop_input import squash

COMPOSITION = "composition.npz"
VIT_SIDE = 224  # pixels; the trunk's input
CELLS = 16  # tokens a side
GRID = 4  # cells a side of the vector

Tokens = NDArray[np.float32]  # (384,16,16)


class Composition:
    """The projections; safe to call from several threads.

    Args:
        folder: holds `composition.npz` of `compose train composition`; what ships by default.

    Raises:
        ModelError: the file is missing, damaged, or another network's.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path = path = network_file(COMPOSITION, folder)
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: np.asarray(file[name], np.float32) for name in file.files}
        except FileNotFoundError:
            raise ModelError(
                f"{path.name} is missing from the installation; install it again."
            ) from None
        except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
            raise ModelError(f"{printable(path)} is damaged; install the tool again.") from error
        try:
            self._mean, self._axes = arrays["mean"], arrays["axes"]  # (C,), (K,C)
            self._readout = arrays["readout"]  # (C+6,)
        except KeyError as error:
            raise ModelError(f"{printable(path)} has no {error}; train it again.") from None
        if self._readout.shape != (len(self._mean) + len(PLACES),):
            raise ModelError(f"{printable(path)} is of another version; train it again.")
        self.axes = len(self._axes)

    @property
    def shape(self) -> tuple[int, int]:
        """Cells, and numbers a cell, of a vector."""
        return GRID * GRID, self.axes

    def vector(self, tokens: Tokens) -> NDArray[np.float32]:
        """(16*K,) of Euclidean length 1: the 4x4 cells row by row, K numbers each."""
        side = CELLS // GRID
        pooled = tokens.reshape(-1, GRID, side, GRID, side).mean((2, 4)).reshape(len(tokens), -1)
        cells = self._axes @ (pooled - self._mean[:, None])
        vector = np.ascontiguousarray(cells.T).ravel()
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)

    def subject(self, tokens: Tokens) -> NDArray[np.float32]:
        """How much each cell of the picture belongs to its subject: (16,16) in [0,1]."""
        channels = len(self._mean)
        logits = self._readout[:channels] @ (tokens.reshape(channels, -1) - self._mean[:, None])
        logits = logits + self._readout[channels:] @ PLACES
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32).reshape(CELLS, CELLS)


def _places() -> NDArray[np.float32]:
    """1, x, y, x², y², xy of every cell, (6,256), x and y in [-1,1]: where subjects tend to be."""
    line = (np.arange(CELLS) + 0.5) / CELLS * 2 - 1
    y, x = (grid.ravel() for grid in np.meshgrid(line, line, indexing="ij"))
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y]).astype(np.float32)


PLACES = _places()


class CompositionTrunk:
    """The trunk whose tokens are projected; safe to call from several threads.

    Args:
        threads: of one picture.
        folder: holds the trunk; what ships by default.

    Raises:
        ModelError: the file is missing or damaged.
    """

    def __init__(self, threads: int = 1, folder: Path | None = None) -> None:
        self.folder = folder or weights_folder()
        self._vit = OnnxNetwork(self.folder / VIT, threads)

    def tokens(self, rgb: NDArray[np.uint8]) -> Tokens:
        """(384,16,16) of a picture HxWx3 at any scale, which is squashed to a square."""
        (tokens,) = self._vit.run(small=squash(rgb, VIT_SIDE)[None])
        return np.asarray(tokens[0], np.float32)


class CompositionReader(CompositionTrunk):
    """The trunk with its projections, for pictures that no crop engine has read.

    Args:
        threads: of one picture.
        folder: holds the trunk and `composition.npz`; what ships by default.

    Raises:
        ModelError: a file is missing or damaged.
    """

    def __init__(self, threads: int = 1, folder: Path | None = None) -> None:
        super().__init__(threads, folder)
        self.projections = Composition(folder)

    def digest(self) -> str:
        """SHA-256 (64 hex digits) over both files, by which vectors of other weights are told."""
        digest = hashlib.sha256()
        for path in (self.folder / VIT, self.projections.path):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()
