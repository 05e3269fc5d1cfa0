"""Engine `builtin`: our own network's colours with patchmatch's texture; runs by onnxruntime.

The network fills the hole at a coarse size, where it sees far; what is finer than that comes
from patches of the picture itself, as bands of a pyramid are joined (Burt and Adelson, 1983).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .crop_builtin import OnnxNetwork
from .hole_resize import enlarged, shrunk
from .inpainter import Inpainter
from .inpainter_patchmatch import PatchMatchInpainter, patchmatch_here

INPAINT = "inpaint.onnx"  # of `compose train inpaint`
# standard deviation, in pixels of the coarse size, of the Gaussian that parts the bands; chosen
# on held-out photographs
RADIUS = 1.5


class BuiltinInpainter:
    """See `inpainter.Inpainter`. Without pypatchmatch's library fills have no texture.

    Args:
        path: `inpaint.onnx` of `compose train inpaint`.
        threads: of one picture.

    Raises:
        ModelError: the file is damaged or of another network.
    """

    name = "builtin"
    multiple = 1
    limit = 1024  # as patchmatch's

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._net = OnnxNetwork(path, threads)
        self._side: int = self._net.note("side")
        self._multiple: int = self._net.note("multiple")
        self._texture: Inpainter | None = PatchMatchInpainter() if patchmatch_here() else None

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The picture with the hole filled; equal seeds give equal pixels."""
        colours = self.colours(rgb, hole)
        if self._texture is None:
            return colours
        texture = self._texture.fill(rgb, hole, seed)
        scale = min(self._side / max(hole.shape), 1.0)
        return joined(colours, texture, hole, RADIUS / scale)

    def colours(self, rgb: NDArray[np.uint8], hole: Mask) -> NDArray[np.uint8]:
        """The picture HxWx3 with the hole as the network alone fills it, without fine texture."""
        height, width = hole.shape
        scale = min(self._side / max(height, width), 1.0)
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        small, small_hole = shrunk(rgb, hole, size)
        below, right = -size[1] % self._multiple, -size[0] % self._multiple
        padded = np.pad(small, ((0, below), (0, right), (0, 0)), "symmetric")
        padded_hole = np.pad(small_hole, ((0, below), (0, right)), "symmetric")
        (found,) = self._net.run(
            picture=padded.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255),
            hole=padded_hole[None, None].astype(np.float32),
        )
        values = found[0, :, : size[1], : size[0]].transpose(1, 2, 0) * 255
        filled = np.clip(np.rint(values), 0, 255).astype(np.uint8)
        large = filled if scale == 1 else enlarged(np.ascontiguousarray(filled), width, height)
        return np.where(hole[..., None], large, rgb)


def joined(
    colours: NDArray[np.uint8], texture: NDArray[np.uint8], hole: Mask, radius: float
) -> NDArray[np.uint8]:
    """What is coarser than `radius` of one fill with what is finer of another, HxWx3.

    Args:
        colours, texture: two fills of one picture, equal outside the hole.
        hole: bool HxW.
        radius: standard deviation in pixels of the Gaussian that parts the two.
    """
    apart = np.where(hole[..., None], colours.astype(np.float32) - texture, np.float32(0))
    coarse = cv2.GaussianBlur(apart, (0, 0), radius, borderType=cv2.BORDER_REFLECT)
    values = np.clip(np.rint(texture + coarse), 0, 255).astype(np.uint8)
    return np.where(hole[..., None], values, texture)
