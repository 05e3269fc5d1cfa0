"""How objects are put into a scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fit = Literal["contain", "cover", "stretch"]


@dataclass(frozen=True)
class CompositeConfig:
    """What a user can set."""

    fit: Fit = "contain"  # proportions kept within the box, kept over all of it, or given up
    keep_size: bool = False  # objects keep their own pixels instead of being scaled to the box
    harmonize: str = "learned"  # see `composite_harmonize.HARMONIZERS`
    shadow: bool | None = None  # None: where an object plausibly stands on something
    samples: int = 1
    edge: bool = True  # soft edges and clean colours; else objects are taken as they are cut
    match: bool = True  # sharpness and noise of the background
