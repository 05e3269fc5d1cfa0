"""What PICS's network stands on: an autoencoder of pictures and an encoder of objects, both frozen.

The published ones are Stable Diffusion's autoencoder (diffusers) and DINOv2 ViT-g/14
(transformers). The tiny network stands on plain pixels instead and needs neither package.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .pics_config import PicsConfig

_SCALE = 0.18215  # of Stable Diffusion's latents
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's


class PictureCodec(Protocol):
    """Pictures (B,3,S,S) in [-1,1] to latents (B,L,s,s) and back."""

    limit: float | None  # what latents are held within while they are drawn, if anything

    def encode(self, pictures: Tensor) -> Tensor:
        """Latents."""

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures, in [-1,1] but for a little."""


class ObjectEncoder(Protocol):
    """Objects on white (N,3,O,O) in [0,1] to features (N,T,F), without gradient."""

    def __call__(self, pictures: Tensor) -> Tensor:
        """Features."""


class PixelCodec:
    """No autoencoder: the pixels of a cell become its channels."""

    limit: float | None = 1.0

    def __init__(self, factor: int) -> None:
        self._factor = factor

    def encode(self, pictures: Tensor) -> Tensor:
        """See `PictureCodec`."""
        return F.pixel_unshuffle(pictures, self._factor)

    def decode(self, latents: Tensor) -> Tensor:
        """See `PictureCodec`."""
        return F.pixel_shuffle(latents, self._factor)


class PixelFeatures:
    """No encoder: the pixels of every patch, and their mean before them."""

    def __init__(self, patch: int) -> None:
        self._patch = patch

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        """See `ObjectEncoder`."""
        patches = F.pixel_unshuffle(pictures * 2 - 1, self._patch).flatten(2).transpose(1, 2)
        return torch.cat([patches.mean(1, keepdim=True), patches], 1)


class KlCodec(nn.Module):
    """Stable Diffusion's autoencoder; latents are the mean of what it says, not a draw from it.

    Args:
        vae: diffusers' `AutoencoderKL` with its weights.
    """

    limit: float | None = None

    def __init__(self, vae: nn.Module) -> None:
        super().__init__()
        self.vae: Any = vae.eval().requires_grad_(False)

    @torch.no_grad()
    def encode(self, pictures: Tensor) -> Tensor:
        """See `PictureCodec`."""
        latents: Tensor = self.vae.encode(pictures).latent_dist.mode()
        return latents * _SCALE

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """See `PictureCodec`."""
        pictures: Tensor = self.vae.decode(latents / _SCALE).sample
        return pictures


class DinoFeatures(nn.Module):
    """Tokens of DINOv2 after its last normalisation: the class's, then the patches'.

    Args:
        net: transformers' `Dinov2Model` with its weights.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net: Any = net.eval().requires_grad_(False)
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION).view(3, 1, 1), persistent=False)

    @torch.no_grad()
    def forward(self, pictures: Tensor) -> Tensor:
        """See `ObjectEncoder`."""
        tokens: Tensor = self.net(pixel_values=(pictures - self.mean) / self.deviation)[0]
        return tokens


def plain_parts(config: PicsConfig) -> tuple[PixelCodec | None, PixelFeatures | None]:
    """The parts that have no weights; None where the configuration wants a network instead."""
    return (
        PixelCodec(config.factor) if config.autoencoder == "pixels" else None,
        PixelFeatures(config.patch) if config.encoder == "pixels" else None,
    )
