"""Engine `lama`: LaMa (Suvorov et al., WACV 2022), from either form of its published weights.

`big-lama.pt` is a TorchScript archive, of which only the weights are read; the authors' own
checkpoint is a folder with `models/best.ckpt`, which PyTorch Lightning wrote.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.errors import ModelError
from ..core.masks import Mask
from ..core.names import printable
from .cache import UserPaths
from .ffc import LamaGenerator, shape_of
from .hub import resolve
from .lightning_file import load_lightning_state
from .state_file import fill, load_state_file
from .torchscript import is_torchscript

CHECKPOINT = "big-lama"
_FIRST = "model.1.ffc.convl2l.weight"


class LamaInpainter:
    """See `inpainter.Inpainter`.

    Args:
        net: with its weights.
        device: torch's name of a device.
    """

    name = "lama"
    limit = 1024  # it was trained at 256; far above, large holes fall apart

    def __init__(self, net: LamaGenerator, multiple: int, device: str = "cpu") -> None:
        self.multiple = multiple
        self._net = net.eval().requires_grad_(False).to(device)
        self._device = device

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The picture as the network paints it; nothing is drawn at random."""
        picture = torch.from_numpy(rgb).to(self._device).permute(2, 0, 1)[None] / 255
        inside = torch.from_numpy(hole).to(self._device)[None, None].float()
        with torch.inference_mode():
            painted = self._net(picture, inside)[0].permute(1, 2, 0)
        return np.asarray((painted * 255).round().byte().cpu().numpy(), np.uint8)


def load_lama(path: Path, device: str = "cpu") -> LamaInpainter:
    """The engine from a file: TorchScript, a Lightning checkpoint, or a plain state dict.

    Raises:
        ModelError: the file is damaged, holds code, or belongs to another network.
    """
    if is_torchscript(path) or path.suffix == ".safetensors":
        state = load_state_file(path)
    else:
        state = load_lightning_state(path)
    # the generator lies under "generator." or, in TorchScript, "model.generator."; beside it may
    # be its running average, the discriminator, and networks of the losses
    found = sorted((key for key in state if key.endswith(_FIRST)), key=len)
    if not found:
        raise ModelError(
            f"{printable(path)} does not hold LaMa's generator; give the published big-lama.pt or "
            "models/best.ckpt."
        )
    prefix = found[0].removesuffix(_FIRST)
    own = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix + "model.")}
    return _filled(own, path, device)


def _filled(state: dict[str, Tensor], path: Path, device: str) -> LamaInpainter:
    try:
        shape = shape_of(state)
    except KeyError as error:
        raise ModelError(
            f"{printable(path)} does not hold LaMa with Fourier convolutions ({error.args[0]} is "
            "missing); give the published big-lama."
        ) from error
    net = LamaGenerator(shape)
    if any(".lfu." in name for name in state):  # they would be passed over, and pictures be wrong
        raise ModelError(
            f"{printable(path)} is LaMa with local Fourier units; give the published big-lama, "
            "which has none."
        )
    fill(net, state, path, "LaMa")
    # reflected by one pixel, the smallest maps need two
    return LamaInpainter(net, 2 * 2**shape.downsamplings, device)


def open_lama(device: str = "cpu", user: UserPaths | None = None) -> LamaInpainter:
    """The engine with the checkpoint `big-lama`; a folder that the user named is looked into.

    Raises:
        ModelError: see `hub.resolve` and `load_lama`.
    """
    return load_lama(resolve(CHECKPOINT, user), device)
