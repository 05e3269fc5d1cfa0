"""What one asks of a crop: how many, which shape, how large, what must stay in."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from ..core.boxes import Box
from ..core.errors import UsageError

_WIDEST = 100  # ratio of the sides; beyond, hardly a picture

# the ratios that have a name, the wider side first
_NAMED = ((1, 1), (5, 4), (4, 3), (3, 2), (16, 10), (16, 9), (2, 1), (21, 9))


@dataclass(frozen=True)
class Aspect:
    """A ratio of width to height, exactly, and how it was asked for."""

    width: int
    height: int
    label: str  # such as "16:9"; it names files with an "x" for the colon

    @property
    def ratio(self) -> float:
        """Width over height."""
        return self.width / self.height


@dataclass(frozen=True)
class CropRequest:
    """What to search for.

    Raises:
        UsageError: a field is out of range, or two contradict each other.
    """

    topk: int = 5  # crops at most, for each aspect
    aspects: tuple[Aspect, ...] = ()  # none: the crop chooses its own
    size: tuple[int, int] | None = None  # pixels that crops are resized to; sets the aspect
    min_area: float = 0.0  # least share of the picture's area
    keep: Box | None = None  # pixels of the upright original that no crop may cut
    diverse: float | None = None  # greatest IoU of two crops; None: only near twins are left out
    upscale: bool = False  # whether crops smaller than `size` are allowed

    def __post_init__(self) -> None:
        if self.topk < 1:
            raise UsageError(f"{self.topk} crops cannot be searched for; ask for 1 or more.")
        if not 0 <= self.min_area <= 1:
            raise UsageError("the least area is a share of the picture; give 0 to 1.")
        if self.diverse is not None and not 0 <= self.diverse <= 1:
            raise UsageError("the greatest overlap of two crops is an IoU; give 0 to 1.")
        if self.size is not None and self.aspects:
            raise UsageError("a size sets the aspect itself; leave the aspects out.")
        labels = [aspect.label for aspect in self.aspects]
        if len(set(labels)) < len(labels):
            raise UsageError("an aspect is asked for twice; give each once.")
        if self.size is not None and min(self.size) < 1:
            raise UsageError("a size has at least one pixel a side; write it as 1080x1080.")
        if self.upscale and self.size is None:
            raise UsageError("upscaling needs a size to scale up to; give one or leave it out.")

    def shapes(self) -> tuple[Aspect | None, ...]:
        """The aspects to search, one after the other; None is the free one."""
        if self.size is not None:
            width, height = self.size
            return (Aspect(width, height, aspect_name(width, height)),)
        return self.aspects or (None,)


def parse_aspect(text: str) -> Aspect:
    """Read `16:9`, `1.85:1` or `1.5`.

    Raises:
        UsageError: no such ratio, or one beyond 100:1.
    """
    number = r"\d{1,5}(?:\.\d{1,5})?"
    match = re.fullmatch(rf"\s*({number})(?::({number}))?\s*", text)
    parts = [Fraction(part) for part in match.groups(default="1")] if match else []
    if not parts or not all(parts):
        raise UsageError(f"'{text}' is no aspect; write it as 16:9 or 1.5.")
    ratio = parts[0] / parts[1]
    if not Fraction(1, _WIDEST) <= ratio <= _WIDEST:
        raise UsageError(f"the aspect '{text}' is beyond {_WIDEST}:1; choose a milder one.")
    return Aspect(ratio.numerator, ratio.denominator, text.strip())


def parse_size(text: str) -> tuple[int, int]:
    """Read `1080x1350`, width and height in pixels.

    Raises:
        UsageError: not two whole numbers from 1 to 30000.
    """
    match = re.fullmatch(r"\s*(\d{1,5})[xX](\d{1,5})\s*", text)
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(1 <= side <= 30_000 for side in size):
        raise UsageError(f"'{text}' is no size; write it as 1080x1350, each up to 30000.")
    return size


def aspect_name(width: int, height: int) -> str:
    """What people call these sides: "3:2" if that is exact within a pixel, else "1.42:1"."""
    best, found = math.inf, ""
    for long, short in _NAMED:
        for a, b in ((long, short), (short, long)):
            off = min(abs(width - height * a / b), abs(height - width * b / a))
            if off <= 1 and off < best:
                best, found = off, f"{a}:{b}"
    if found:
        return found
    return f"{width / height:.2f}:1" if 10 * width >= height else f"1:{height / width:.2f}"
