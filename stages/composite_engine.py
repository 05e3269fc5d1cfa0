"""What an engine for composites is: a background and placed objects go in, a picture comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask

Floats = NDArray[np.float32]
Window = tuple[int, int, int, int]  # x1, y1, x2, y2 in pixels of the background


def unit(values: NDArray[np.uint8]) -> Floats:
    """0…255 as [0, 1]."""
    return np.asarray(np.asarray(values, np.float32) / 255, np.float32)


@dataclass(frozen=True, eq=False)
class Placed:
    """An object at its size and place; arrays have the height and width of `box`."""

    name: str
    rgb: Floats = field(repr=False)  # hxwx3 sRGB in [0, 1], alpha not multiplied in
    alpha: Floats = field(repr=False)  # hxw in [0, 1]
    box: Window  # inside of the background
    at: Window  # the box that was asked for
    shape: Mask | None = field(default=None, repr=False)  # hxw: where it may be seen; None: all

    @property
    def seen(self) -> Floats:
        """The alpha within the shape."""
        return self.alpha if self.shape is None else self.alpha * self.shape


@dataclass(frozen=True, eq=False)
class Scene:
    """What is to be composed."""

    background: NDArray[np.uint8] = field(repr=False)  # HxWx3, upright sRGB
    objects: tuple[Placed, ...]
    order: tuple[int, ...]  # numbers of objects, the one in front first
    seed: int = 0
    name: str = ""  # of the input, for random draws
    sample: int = 1  # from 1; others are other answers to the same question

    @property
    def from_behind(self) -> list[Placed]:
        """The objects, the one in front last."""
        return [self.objects[number] for number in reversed(self.order)]


@dataclass(frozen=True, eq=False)
class Composed:
    """What an engine made."""

    rgb: NDArray[np.uint8] = field(repr=False)  # HxWx3
    zone: Mask = field(repr=False)  # HxW: where it may differ from the background
    shadows: tuple[bool, ...] = ()  # of every object, whether it casts one


class CompositeEngine(Protocol):
    """Opened once a process; `compose` may be called from several threads."""

    @property
    def name(self) -> str:
        """The engine; never "auto"."""
        ...

    def compose(self, scene: Scene) -> Composed:
        """The composite. Same scene, same machine: same bytes; outside of the zone nothing
        differs from the background. The numbers of objects mean nothing but their order.
        """
        ...
