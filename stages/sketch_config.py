"""What a user can set of a sketch.

MROSS's own settings stand beside ours, which were chosen by eye and by the figures that
`compose evaluate sketch` gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ..core.errors import UsageError

Init = Literal["contours", "edge-fps", "saliency", "random"]
Edges = Literal["segments", "contours", "canny"]
Color = Literal["picture", "black", "optimise"]
MOST_STROKES = 4096
MOST_CANVAS = 4096  # pixels
BY_INIT = -1  # of values that are never negative
BY_COLOR = -1  # of washes: a third of the strokes where they have the picture's colours, else none

# strokes that begin along lines are nearly where they belong, and are only to be adjusted
_NEAR = {
    "iterations": 200,
    "rate": 0.3,
    "last_rate": 0.03,
    "color_rate": 0.07,
    "structure_share": 0.3,
    "softness": 0.0,
    "hold": 0.3,
}
# others have to find their places
_FAR = {
    "iterations": 400,
    "rate": 1.0,
    "last_rate": 0.1,
    "color_rate": 0.02,
    "structure_share": 0.5,
    "softness": 6.0,
    "hold": 0.0,
}


@dataclass(frozen=True)
class SketchConfig:
    """A sketch's budget, method and chances.

    Raises:
        UsageError: a value out of its range.
    """

    strokes: int = 48  # in all rounds together
    rounds: int = 2  # the scene, and one region in each further one
    sketches: int = 3  # drawn from different seeds, of which the best is chosen
    washes: int = BY_COLOR  # of the strokes, broad ones below the others (MROSS: none)
    width: float = 1.5  # of the others, full, in canvas pixels (MROSS: 3)
    canvas: int = 224  # pixels of the long side
    color: Color = "picture"  # fitted in black, then tinted (MROSS: black)
    init: Init = "contours"  # MROSS: edge-fps
    edges: Edges = "contours"  # which lines count (MROSS: canny)
    signs: bool = True  # rays of lights and tufts of grass may be drawn; with init contours only
    straight: bool = False  # straight lines of M-LSD count too, unless the edges are Canny's
    encoder: str = "builtin"
    fix_scale: bool = False  # centred on a white square (CLIPasso)
    freeze_previous: bool = False  # later rounds leave the strokes of earlier ones alone
    allot: Literal["edges", "pixels"] = "edges"
    seed: int = 0

    # of these, BY_INIT stands for what suits `init`, in `_NEAR` or `_FAR`
    iterations: int = BY_INIT  # a round (MROSS: 801, with a constant rate)
    rate: float = BY_INIT  # Adam's, in canvas pixels of 224, at first (MROSS: always 1)
    last_rate: float = BY_INIT  # Adam's at a round's end, by a half cosine
    color_rate: float = BY_INIT  # Adam's for colours, relative to `rate`
    structure_share: float = BY_INIT  # of a round's iterations that see edges only, no network
    softness: float = BY_INIT  # pixels of the strokes' blur at first, gone when the network begins
    hold: float = BY_INIT  # weight of what keeps strokes where they began

    structure: float = 1.0  # weight of the edge term
    semantic: float = 1.0  # weight of the encoder's distance
    views: int = 1  # random ones beside the identity (MROSS: 4)

    def __post_init__(self) -> None:
        for name, value in (_NEAR if self.init == "contours" else _FAR).items():
            if getattr(self, name) == BY_INIT:
                object.__setattr__(self, name, value)  # the class is frozen for others
        if self.washes == BY_COLOR:
            object.__setattr__(self, "washes", self.strokes // 3 if self.color == "picture" else 0)
        for name, least, most in (
            ("strokes", 1, MOST_STROKES),
            ("rounds", 1, self.strokes),
            ("washes", 0, self.strokes - 1),
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
        choices = (("color", Color), ("init", Init), ("edges", Edges))
        for name, allowed in ((name, get_args(choice)) for name, choice in choices):
            if getattr(self, name) not in allowed:
                raise UsageError(f"--{name} must be one of {', '.join(allowed)}.")
