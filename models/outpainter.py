"""What an outpainter is: a photograph on a larger canvas goes in, the full canvas comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask


@dataclass(frozen=True, eq=False)
class Expansion:
    """What is to be expanded.

    Raises:
        ValueError: the photograph does not have its region's size, or leaves the canvas.
    """

    photo: NDArray[np.uint8] = field(repr=False)  # hxwx3 sRGB, as large as on the canvas
    subject: Mask = field(repr=False)  # hxw: what is not to appear a second time
    width: int  # of the canvas in pixels
    height: int
    x: int  # of the photograph's left column
    y: int  # and top row
    prompt: str = ""  # what is to be seen, for engines that read it

    def __post_init__(self) -> None:
        high, wide = self.photo.shape[:2]
        if self.subject.shape != (high, wide):
            raise ValueError(f"the subject is {self.subject.shape}, the photograph {high, wide}")
        if not (0 <= self.x <= self.width - wide and 0 <= self.y <= self.height - high):
            raise ValueError("the photograph leaves its canvas")

    @property
    def hole(self) -> Mask:
        """The canvas HxW, True around the photograph."""
        hole = np.ones((self.height, self.width), bool)
        hole[self.window] = False
        return hole

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the photograph."""
        high, wide = self.photo.shape[:2]
        return slice(self.y, self.y + high), slice(self.x, self.x + wide)

    def canvas(self) -> NDArray[np.uint8]:
        """The canvas HxWx3, black around the photograph."""
        canvas = np.zeros((self.height, self.width, 3), np.uint8)
        canvas[self.window] = self.photo
        return canvas


class Outpainter(Protocol):
    """Opened once a process and shared by threads, so `expand` must be safe to call at once."""

    @property
    def name(self) -> str:
        """The engine; never "auto"."""
        ...

    def expand(self, wanted: Expansion, seed: int) -> NDArray[np.uint8]:
        """The full canvas HxWx3; the photograph's pixels are its own.

        Args:
            wanted: what.
            seed: of all draws; equal seeds give equal pixels on the same machine.
        """
        ...
