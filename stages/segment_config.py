"""What a user can set of the loop of segmentation and inpainting (METHODS of the paper, ours)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ..core.errors import UsageError

Merge = Literal["first-wins", "last-wins", "strict-and"]
Erase = Literal["all", "front-most"]
Stability = Literal["both", "flip", "seed", "off"]
MOST_ITERATIONS = 32
MOST_WORKING = 4096  # pixels


@dataclass(frozen=True)
class SegmentConfig:
    """How objects are found, accepted and erased. Shares are of the picture's pixels.

    Raises:
        UsageError: a value out of its range.
    """

    iterations: int = 3  # segmentations of a picture; 0 finds nothing (paper's code: 2)
    merge: Merge = "first-wins"  # of label maps; last-wins was released, strict-and was written
    erase: Erase = "front-most"  # of what is found: all at once, or what nothing else stands before
    working: int = 1024  # pixels of the long side at which objects are found
    dilate: float = 0.012  # of holes beyond their masks, as a share of the long side
    dilate_least: float = 3.0  # pixels of the same, at least
    feather: float = 0.004  # of a hole's inner rim, as a share of the long side

    min_area: float = 0.002  # share of the picture, below which nothing counts
    max_area: float = 0.85  # share above which it is the background
    min_score: float = 0.3
    most: int = 64  # instances in one iteration, the best

    min_hidden: float = 0.0  # share of a new instance behind what was erased; 0: missed ones too
    min_real: float = 0.03  # share of it outside of filled holes, else it is speculative
    repeat: float = 0.5  # IoU with one that was erased, above which it was painted anew
    contained: float = 0.8  # share of a visible part that an extension of it contains
    # In which other view a new instance has to be found again: in the mirrored picture, after
    # filling with another seed, or in both; the latter only what is mostly behind holes.
    stability: Stability = "both"
    min_stability: float = 0.5  # IoU of the two

    def __post_init__(self) -> None:
        for name, least, most in (
            ("iterations", 0, MOST_ITERATIONS),
            ("working", 64, MOST_WORKING),
            ("most", 1, 1000),
            ("dilate_least", 0, 1000),
            *((name, 0, 1) for name in ("dilate", "feather", "min_area", "max_area", "min_score")),
            *((name, 0, 1) for name in ("min_hidden", "min_real", "repeat", "contained")),
            ("min_stability", 0, 1),
        ):
            value = getattr(self, name)
            if not least <= value <= most:  # NaN fails too
                option = f"--{name.replace('_', '-')}"
                raise UsageError(f"{option} {value:g} is out of range; give {least} to {most}.")
        for name, kind in (("merge", Merge), ("erase", Erase), ("stability", Stability)):
            if getattr(self, name) not in get_args(kind):
                raise UsageError(f"--{name} must be one of {', '.join(get_args(kind))}.")
