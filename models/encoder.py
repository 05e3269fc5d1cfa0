"""Perceptual encoders: one interface to the networks that compare a sketch with a photograph.

An encoder turns pictures into features, and two sets of features into a distance per picture.
All are differentiable with respect to the pictures and have their weights frozen.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ..core.errors import UsageError
from .cache import UserPaths

if TYPE_CHECKING:
    from torch import Tensor

Features = list["Tensor"]


class Encoder(Protocol):
    """What a perceptual loss needs of a network.

    Pictures are (N,3,h,w) sRGB in [0,1] of any size; resizing and normalisation happen inside.
    """

    name: str
    source: str  # the network, its weights and their licence, in one line

    def features(self, pictures: Tensor) -> Features:
        """What `distance` compares: tensors of N rows each."""
        ...

    def distance(self, sketch: Features, target: Features) -> Tensor:
        """Distance (N,) of two sets of features, row by row; 0 where they are equal."""
        ...

    def embedding(self, pictures: Tensor) -> Tensor:
        """One vector a picture, (N,D), of length 1, for cosines."""
        ...


def _builtin(device: str, user: UserPaths | None) -> Encoder:
    from .encoder_builtin import BuiltinEncoder

    return BuiltinEncoder(device=device)


def _clip_rn101(device: str, user: UserPaths | None) -> Encoder:
    from .encoder_clip import open_clip_resnet

    return open_clip_resnet("clip-rn101", device, user)


def _clip_vit(device: str, user: UserPaths | None) -> Encoder:
    from .encoder_clip_vit import open_clip_vit

    return open_clip_vit("clip-vit-b32", device, user)


def _vgg16(device: str, user: UserPaths | None) -> Encoder:
    from .encoder_vgg import open_vgg16

    return open_vgg16(device, user)


def _vgg16_hed(device: str, user: UserPaths | None) -> Encoder:
    from .encoder_vgg import open_vgg16_hed

    return open_vgg16_hed(device, user)


_OPENERS: dict[str, Callable[[str, UserPaths | None], Encoder]] = {
    "builtin": _builtin,
    "clip-rn101": _clip_rn101,
    "clip-vit-b32": _clip_vit,
    "vgg16": _vgg16,
    "vgg16-hed": _vgg16_hed,
}


def encoder_names() -> tuple[str, ...]:
    """Names that `open_encoder` knows."""
    return tuple(_OPENERS)


def open_encoder(name: str, device: str = "cpu", user: UserPaths | None = None) -> Encoder:
    """An encoder with its weights; nothing is ever downloaded for it.

    Args:
        name: one of `encoder_names()`.
        device: torch's name of a device.
        user: checkpoints that the user named; by default what `COMPOSE_MODELS` says.

    Raises:
        UsageError: no encoder is called so, or it needs a package that is not installed.
        ModelError: its checkpoint is not on this machine, is damaged, or is another network's.
    """
    if name not in _OPENERS:
        close = difflib.get_close_matches(name, _OPENERS, n=1)
        hint = f"did you mean {close[0]}" if close else f"use one of {', '.join(_OPENERS)}"
        raise UsageError(f"there is no encoder called {name!r}; {hint}.")
    from ..core.devices import require_torch

    require_torch(f"encoder {name}")
    return _OPENERS[name](device, user)
