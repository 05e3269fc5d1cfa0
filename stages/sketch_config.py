"""What a user can set of a sketch.

MROSS's own settings stand beside ours, which were chosen by eye and by the figures that
`compose evaluate sketch` gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ..core.errors import UsageError

Init = Literal["edge-fps", "saliency", "random"]
Color = Literal["black", "optimise"]
MOST_STROKES = 4096
MOST_CANVAS = 4096  # pixels


@dataclass(frozen=True)
class SketchConfig:
    """A sketch's budget, method and chances.

    Raises:
        UsageError: a value out of its range.
    """

    strokes: int = 48  # in all rounds together
    rounds: int = 2  # the scene, and one region in each further one
    sketches: int = 3  # drawn from different seeds, of which the best is chosen
    iterations: int = 400  # a round (MROSS: 801, with a constant rate)
    width: float = 1.5  # of a stroke, full, in canvas pixels (MROSS: 3)
    canvas: int = 224  # pixels of the long side
    color: Color = "black"
    init: Init = "edge-fps"
    encoder: str = "builtin"
    fix_scale: bool = False  # centred on a white square (CLIPasso)
    freeze_previous: bool = False  # later rounds leave the strokes of earlier ones alone
    allot: Literal["edges", "pixels"] = "edges"
    seed: int = 0

    rate: float = 1.0  # Adam's, in canvas pixels of 224, at first (MROSS: always)
    last_rate: float = 0.1  # Adam's at a round's end, by a half cosine
    color_rate: float = 0.02  # Adam's for colours, relative to `rate`
    structure_share: float = 0.5  # of a round's iterations that see edges only, no network
    structure: float = 1.0  # weight of the edge term
    semantic: float = 1.0  # weight of the encoder's distance
    views: int = 1  # random ones beside the identity (MROSS: 4)
    softness: float = 6.0  # pixels of the strokes' blur at first, gone when the network begins

    def __post_init__(self) -> None:
        for name, least, most in (
            ("strokes", 1, MOST_STROKES),
            ("rounds", 1, self.strokes),
            ("sketches", 1, 64),
            ("iterations", 1, 100_000),
            ("canvas", 16, MOST_CANVAS),
            ("views", 0, 64),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise UsageError(f"--{name} {value} is out of range; give {least} to {most}.")
        if not 0 < self.width <= self.canvas:
            raise UsageError(f"--width {self.width:g} is out of range; give 0 to {self.canvas}.")
        for name, allowed in (("color", get_args(Color)), ("init", get_args(Init))):
            if getattr(self, name) not in allowed:
                raise UsageError(f"--{name} must be one of {', '.join(allowed)}.")
