"""How crops are told apart when they are drawn: a colour and a label each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .crop_search import Crop

Colour = tuple[int, int, int]  # sRGB

# light enough for black digits, and far apart for the common kinds of colour blindness too
_PALETTE: tuple[Colour, ...] = (
    (255, 200, 50),
    (86, 190, 250),
    (255, 118, 170),
    (80, 220, 150),
    (190, 150, 255),
    (255, 145, 75),
    (215, 235, 100),
    (120, 230, 235),
)


class Mark(NamedTuple):
    """What is drawn of one crop."""

    label: str  # its rank, with the aspect where several were asked for, and its subject
    colour: Colour


def marks_of(crops: Sequence[Crop]) -> list[Mark]:
    """One mark a crop, in order."""
    several = len({crop.shape for crop in crops}) > 1
    return [
        Mark(
            (f"s{crop.subject} " if crop.subject else "")
            + (f"{crop.aspect} {crop.rank}" if several else str(crop.rank)),
            colour_of(crop.subject - 1 if crop.subject else index),
        )
        for index, crop in enumerate(crops)
    ]


def colour_of(index: int) -> Colour:
    """The colour of a crop, or of a subject and all its crops."""
    return _PALETTE[index % len(_PALETTE)]
