"""A picture and its mirror image as what a hole is filled from, each pixel by a shift.

Y. Pritch, E. Kav-Venaki and S. Peleg, Shift-Map Image Editing, ICCV 2009: a pixel of the hole
takes the colour of the pixel that its shift leads to. Here a shift may also lead into the mirror
image.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask

Pixel = TypeVar("Pixel", np.float32, np.bool_)

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Shifts = NDArray[np.int64]  # (...,3): 0 or, for the mirror image, 1; pixels down; pixels across


@dataclass(frozen=True, eq=False)
class ShiftSources:
    """The two pictures, HxW each, one below the other."""

    height: int
    width: int
    colours: Floats = field(repr=False)  # (2*H*W, 3) in [0, 1]
    allowed: Mask = field(repr=False)  # (2*H*W,): may be copied

    @classmethod
    def of(cls, rgb: NDArray[np.uint8], barred: Mask) -> Self:
        """Of a picture HxWx3, none of whose pixels in `barred` HxW are ever copied."""
        picture: Floats = rgb.astype(np.float32) / np.float32(255)
        colours, allowed = _mirrored(picture).reshape(-1, 3), ~_mirrored(barred).ravel()
        return cls(barred.shape[0], barred.shape[1], colours, allowed)

    def at(self, shifts: Shifts, rows: Ints, columns: Ints) -> tuple[Floats, Mask]:
        """Colours (...,3) at places in the picture so shifted, and whether they may be copied.

        Beyond the picture's edge it is what lies nearest, which may not.
        """
        y, x = rows + shifts[..., 1], columns + shifts[..., 2]
        own_y, own_x = np.clip(y, 0, self.height - 1), np.clip(x, 0, self.width - 1)
        flat = (shifts[..., 0] * self.height + own_y) * self.width + own_x
        return self.colours[flat], self.allowed[flat] & (own_y == y) & (own_x == x)

    @property
    def picture(self) -> Floats:
        """The picture itself, HxWx3."""
        own = self.colours[: self.height * self.width]
        return own.reshape(self.height, self.width, 3)

    def coloured(self, picture: Floats) -> ShiftSources:
        """The same with the colours of another picture HxWx3."""
        colours = _mirrored(picture.astype(np.float32, copy=False))
        return replace(self, colours=colours.reshape(-1, 3))


def _mirrored(plane: NDArray[Pixel]) -> NDArray[Pixel]:
    """Values HxW or HxWxC with those of the mirror image below them."""
    return np.concatenate([plane, plane[:, ::-1]])
