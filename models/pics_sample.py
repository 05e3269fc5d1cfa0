"""Pictures drawn by PICS's network: DDIM with the objects' guidance (section 4.5 of our notes)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import torch
from torch import Tensor

from .pics_net import PicsInput, PicsNet
from .pics_noise import SamplerConfig, ddim
from .pics_parts import ObjectEncoder, PictureCodec


def nothing_features(net: PicsNet, encoder: ObjectEncoder) -> Tensor:
    """Features (T,F) of a black picture, which stand for no object (as published)."""
    side = net.config.object_side
    place = next(net.parameters()).device
    return encoder(torch.zeros(1, 3, side, side, device=place))[0]


@torch.no_grad()
def sample(
    net: PicsNet,
    codec: PictureCodec,
    known: PicsInput,
    nothing: Tensor,
    generator: torch.Generator,
    config: SamplerConfig | None = None,
    *,
    half: torch.dtype | None = None,
    advance: Callable[[], object] = lambda: None,
) -> Tensor:
    """Pictures (B,3,S,S) in [-1,1].

    The hint and the boxes are kept in the unguided branch; only objects and order are taken out.

    Args:
        net: in evaluation mode.
        codec: what its latents are of.
        known: of B pictures, on the network's device.
        nothing: see `nothing_features`.
        generator: of the CPU, from which the noise is drawn; so GPUs begin with the same.
        config: how.
        half: precision of the network on the way, where not single.
        advance: called after every step.
    """
    config = config or SamplerConfig()
    drawn = []
    cells = net.config.side // net.config.factor
    for begin in range(0, len(known.hint), config.at_once):
        part = known.at(slice(begin, begin + config.at_once))
        shape = (len(part.hint), net.config.latents, cells, cells)
        start = torch.randn(shape, generator=generator).to(part.hint.device)
        without = part.without_objects(nothing)

        def noise_of(
            x: Tensor, time: int, part: PicsInput = part, without: PicsInput = without
        ) -> Tensor:
            times = torch.full((len(x),), time, device=x.device)
            with _autocast(x.device.type, half):
                told: Tensor = net(x, times, part).float()
                if config.guidance == 1:
                    return told
                alone: Tensor = net(x, times, without).float()
            return alone + config.guidance * (told - alone)

        latents = ddim(noise_of, start, config.steps, limit=codec.limit, advance=advance)
        drawn.append(codec.decode(latents).clamp(-1, 1))
    return torch.cat(drawn)


def _autocast(kind: str, half: torch.dtype | None) -> contextlib.AbstractContextManager[object]:
    return torch.autocast(kind, half) if half is not None else contextlib.nullcontext()
