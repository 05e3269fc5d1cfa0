"""Engine `mat`: MAT (Li et al., CVPR 2022), by its authors' `.pkl` or a state dict."""

from __future__ import annotations

from pathlib import Path
from zipfile import is_zipfile

import numpy as np
import torch
from numpy.typing import NDArray

from ..core.errors import ModelError
from ..core.masks import Mask
from ..core.names import printable
from .cache import UserPaths
from .hub import resolve
from .mat import MatGenerator
from .mat_coarse import shape_of
from .persistence_file import load_persistence_state
from .state_file import fill, load_state_file

CHECKPOINT = "mat-places"
_FIRST = "synthesis.first_stage.conv_first.conv.weight"


class MatInpainter:
    """See `inpainter.Inpainter`.

    Args:
        net: with its weights.
        device: torch's name of a device.
    """

    name = "mat"

    def __init__(self, net: MatGenerator, device: str = "cpu") -> None:
        self.multiple = self.limit = net.shape.side
        self._net = net.eval().requires_grad_(False).to(device)
        self._device = device

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The picture with the hole filled; other seeds give other fills."""
        picture = torch.from_numpy(rgb).to(self._device).permute(2, 0, 1)[None] / 127.5 - 1
        # its masks are 1 where the picture is known
        known = torch.from_numpy(~hole).to(self._device)[None, None].float()
        draws = torch.Generator().manual_seed(seed)
        with torch.inference_mode():
            filled = self._net(picture, known, draws)[0].permute(1, 2, 0)
        pixels = (filled * 127.5 + 127.5).round().clamp(0, 255).byte()
        return np.asarray(pixels.cpu().numpy(), np.uint8)


def load_mat(path: Path, device: str = "cpu") -> MatInpainter:
    """The engine from its authors' `.pkl`, or from a state dict as safetensors or `torch.save`'s.

    The `.pkl` is a program as well as weights; only the weights are read.

    Raises:
        ModelError: the file is damaged, holds code, or belongs to another network.
    """
    pickled = path.suffix == ".pkl" and not is_zipfile(path)
    state = load_persistence_state(path) if pickled else load_state_file(path)
    prefix = next((k.removesuffix(_FIRST) for k in state if k.endswith(_FIRST)), None)
    if prefix is None:
        raise ModelError(
            f"{printable(path)} does not hold MAT's generator; give the published "
            "Places_512_FullData.pkl, Places_512_FullData_G.pth or "
            "MAT_Places512_G_fp16.safetensors."
        )
    own = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    try:
        shape = shape_of(own)
    except (KeyError, IndexError) as error:
        raise ModelError(
            f"{printable(path)} holds only a part of MAT's generator; give the published file."
        ) from error
    net = MatGenerator(shape)
    fill(net, own, path, "MAT")
    return MatInpainter(net, device)


def open_mat(device: str = "cpu", user: UserPaths | None = None) -> MatInpainter:
    """The engine with the checkpoint `mat-places`.

    Raises:
        ModelError: see `hub.resolve` and `load_mat`.
    """
    return load_mat(resolve(CHECKPOINT, user), device)
