"""Engine `builtin`: tones of a network of `compose train inpaint` under patchmatch's patches.

The network fills the hole at a coarse size, where it sees far, and the mean of that with OpenCV's
fill, which is exact at the rim, is nearer to the truth than either. A share of its wide tones is
taken off the picture before patchmatch looks for patches, and given back after: a patch then fits
where its texture does, though it lies in another light, and the tones meet the surroundings.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ModelError
from ..core.masks import Mask
from ..core.names import printable
from .cache import UserPaths, parse_user_paths
from .crop_builtin import OnnxNetwork
from .hole_resize import enlarged, shrunk
from .inpainter_opencv import OpenCvInpainter
from .inpainter_patchmatch import PatchMatchInpainter, patchmatch_here
from .wide_tones import rounded, wide_tones

INPAINT = "inpaint.onnx"  # of `compose train inpaint`
_NAME = "inpaint"  # of the network in --checkpoint and COMPOSE_MODELS

# chosen on held-out photographs: the standard deviation, in pixels of the coarse size, of the
# Gaussian that tells tones from what is finer; and the share of them that is taken off
RADIUS, SHARE = 6.0, 0.5


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
        self._rim = OpenCvInpainter("ns")
        self._texture = PatchMatchInpainter() if patchmatch_here() else None

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The picture with the hole filled; equal seeds give equal pixels."""
        smooth = self._rim.fill(np.where(hole[..., None], np.uint8(0), rgb), hole, seed)
        mean = (self.colours(rgb, hole).astype(np.float32) + smooth) / 2
        colours = np.where(hole[..., None], rounded(mean), rgb)
        if self._texture is None:
            return colours
        scale = min(self._side / max(hole.shape), 1.0)
        tones = wide_tones(colours, RADIUS / scale)
        return self._texture.led(rgb, hole, tones, seed, share=SHARE, guide=0)

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
        filled = np.ascontiguousarray(rounded(values))
        large = filled if scale == 1 else enlarged(filled, width, height)
        return np.where(hole[..., None], large, rgb)


def trained_file(user: UserPaths) -> Path | None:
    """Where the user has a network of `compose train inpaint`; None if nowhere.

    That is the file named as `inpaint=PATH`, or `inpaint.onnx` in a folder of `COMPOSE_MODELS`.
    """
    if given := user.files.get(_NAME):
        return given
    return next((f / INPAINT for f in user.folders if (f / INPAINT).is_file()), None)


def open_builtin(threads: int = 1, user: UserPaths | None = None) -> BuiltinInpainter:
    """The engine with the network that the user trained.

    Raises:
        ModelError: there is none, or its file is damaged or of another network.
    """
    path = trained_file(parse_user_paths() if user is None else user)
    if path is None:
        raise ModelError(
            "inpainter builtin has no network of its own; train one by `compose train inpaint` and "
            "give it as --checkpoint inpaint=PATH, or use --inpainter auto."
        )
    if not path.is_file():
        raise ModelError(
            f"{printable(path)}, given for the network {_NAME}, is not a file; correct the path or "
            "leave it out."
        )
    return BuiltinInpainter(path, threads)
