"""What an inpainter is: a picture and a hole go in, the picture with the hole filled comes out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask


class Inpainter(Protocol):
    """Opened once a process; `fill` is called from one thread at a time."""

    @property
    def name(self) -> str:
        """The engine; never "auto"."""
        ...

    @property
    def multiple(self) -> int:
        """Sides of the pictures that it takes are multiples of this many pixels."""
        ...

    @property
    def limit(self) -> int | None:
        """The longest side in pixels for which it was made; None: any."""
        ...

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The whole picture HxWx3 with the hole filled.

        What it gives outside the hole is not used: `inpainting.fill_hole` puts the original
        pixels there, and also sees to sizes, borders and large pictures.

        Args:
            rgb: HxWx3 sRGB; what lies in the hole must not matter.
            hole: bool HxW, True where to fill; some of it is, not all.
            seed: of random draws, where the engine makes any.
        """
        ...


def for_plates(inpainter: Inpainter) -> Inpainter:
    """The engine as it best fills what people look at; itself, unless it has another such form.

    In the search for hidden objects what is near a hole should go on in it, whether or not that
    looks good.
    """
    form = getattr(inpainter, "for_plates", None)
    if form is None:
        return inpainter
    found: Inpainter = form()
    return found
