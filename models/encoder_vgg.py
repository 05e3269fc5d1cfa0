"""Encoders `vgg16` and `vgg16-hed`: LPIPS (Zhang et al., 2018) without its learned weights.

Five maps of VGG-16 before their ReLUs, the channels of each position scaled to length 1, squared
difference summed over channels, averaged over positions and summed over maps; MROSS's feature
loss. `vgg16` has torchvision's ImageNet weights; `vgg16-hed` those that holistically-nested edge
detection (Xie & Tu, 2015) made of VGG-16, which see contours better and classes less.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.errors import ModelError, UsageError
from ..core.names import printable
from .cache import UserPaths
from .hub import resolve
from .perceptual import channel_difference, frozen, unit_channels
from .state_file import fill, load_state_file
from .vgg import BLOCKS, Vgg

# ImageNet's statistics as torchvision's weights want them, here for [0, 255]
_IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
# Caffe's: mean only; its order is blue first, which `load_hed` turns around
_CAFFE = ((122.67892, 116.66877, 104.00699), (1.0, 1.0, 1.0))


class VggEncoder:
    """See `encoder.Encoder`; pictures keep their size.

    Args:
        net: with its weights.
        name: what records call it.
        source: of the weights, with their licence.
        device: torch's name of a device.
    """

    def __init__(self, net: Vgg, name: str, source: str, device: str = "cpu") -> None:
        self.name, self.source, self._net = name, source, net
        frozen(net, device)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """The five maps, channels scaled."""
        return [unit_channels(tap) for tap in self._taps(pictures)]

    def distance(self, sketch: list[Tensor], target: list[Tensor]) -> Tensor:
        """Sum over maps of the channels' squared difference, averaged over positions."""
        terms = [channel_difference(a, b) for a, b in zip(sketch, target, strict=True)]
        return torch.stack(terms).sum(0)

    def embedding(self, pictures: Tensor) -> Tensor:
        """Mean of the last map after its ReLU."""
        return F.normalize(F.relu(self._taps(pictures)[-1]).mean((2, 3)), dim=1)

    def _taps(self, pictures: Tensor) -> list[Tensor]:
        taps: list[Tensor] = self._net(pictures.contiguous(memory_format=torch.channels_last))
        return taps


def load_vgg16(path: Path) -> Vgg:
    """torchvision's VGG-16 (`features.0.weight`, …); its classifier is passed over.

    Raises:
        ModelError: the file holds another network.
    """
    state = load_state_file(path)
    renamed = {}
    layer = 0  # torchvision counts ReLUs and pools too
    for block, count in enumerate(BLOCKS):
        for number in range(count):
            for leaf in ("weight", "bias"):
                if (tensor := state.get(f"features.{layer}.{leaf}")) is not None:
                    renamed[f"blocks.{block}.{number}.{leaf}"] = tensor
            layer += 2
        layer += 1
    return _filled(renamed, path, _IMAGENET, ceil=False)


def load_hed(path: Path) -> Vgg:
    """The VGG-16 inside a Keras weights file of HED (`block1/layers/conv2d/vars/0`, …).

    Raises:
        ModelError: the file cannot be read or holds another network.
        UsageError: h5py is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise UsageError(
            "encoder vgg16-hed needs h5py; run: pip install 'compose-toolkit[hed]'."
        ) from error
    renamed = {}
    try:
        with h5py.File(path, "r") as file:
            for block, count in enumerate(BLOCKS):
                for number in range(count):
                    suffix = f"_{number}" if number else ""
                    place = f"block{block + 1}/layers/conv2d{suffix}/vars"
                    weight = torch.from_numpy(file[f"{place}/0"][()]).permute(3, 2, 0, 1)
                    if (block, number) == (0, 0):
                        weight = weight.flip(1)  # blue first to red first
                    renamed[f"blocks.{block}.{number}.weight"] = weight.contiguous()
                    renamed[f"blocks.{block}.{number}.bias"] = torch.from_numpy(
                        file[f"{place}/1"][()]
                    )
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise ModelError(no_hed(path)) from error
    return _filled(renamed, path, _CAFFE, ceil=True)


def no_hed(path: Path) -> str:
    """The sentence of a file that is not HED's."""
    return f"{printable(path)} is not the Keras weights file of HED; run `compose models pull hed`."


def _filled(
    state: dict[str, Tensor],
    path: Path,
    pixels: tuple[tuple[float, ...], tuple[float, ...]],
    *,
    ceil: bool,
) -> Vgg:
    # widths from the file, so that a narrower network of the same form can be read too
    keys = [f"blocks.{block}.0.weight" for block in range(len(BLOCKS))]
    if not all(key in state for key in keys):
        raise ModelError(f"{printable(path)} does not hold VGG-16; give the published file.")
    net = Vgg(*pixels, ceil=ceil, widths=[len(state[key]) for key in keys])
    fill(net, state, path, "VGG-16")
    return net


def open_vgg16(device: str, user: UserPaths | None = None) -> VggEncoder:
    """The encoder with torchvision's weights.

    Raises:
        ModelError: see `hub.resolve` and `load_vgg16`.
    """
    source = "VGG-16, torchvision's ImageNet weights, no terms stated for them"
    return VggEncoder(load_vgg16(resolve("vgg16", user)), "vgg16", source, device)


def open_vgg16_hed(device: str, user: UserPaths | None = None) -> VggEncoder:
    """The encoder with HED's weights.

    Raises:
        ModelError, UsageError: see `hub.resolve` and `load_hed`.
    """
    source = "VGG-16 fine-tuned for edges (HED on BSDS500), MIT"
    return VggEncoder(load_hed(resolve("hed", user)), "vgg16-hed", source, device)
