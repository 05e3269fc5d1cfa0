"""How a picture, or any part of it, is laid out: nine classes by measured geometry.

The classes are those of CAD (ProCrop), which takes them from KU-PCP (Lee et al., 2018); neither
says how they were told apart, so the rules are our own, one function each in `layout_rules.py`.
A picture may answer to several rules, or to none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box, Boxes
from ..core.errors import UsageError
from .layout_geometry import Geometry, read_geometry
from .layout_rules import RULES
from .layout_scene import LayoutScene
from .layout_scene import measure as measure

Array = NDArray[np.float64]

CLASSES = tuple(RULES)  # "thirds", "vertical", …
# what CAD and KU-PCP call them, in the same order
CAD_NAMES = (
    "RoT", "Vertical", "Horizontal", "Diagonal", "Curved", "Triangle", "Center", "Symmetric",
    "Pattern",
)  # fmt: skip
LEAST = 0.25  # a picture whose every score is below this has no class
WHOLE = np.array([[0.0, 0.0, 1.0, 1.0]])


@dataclass(frozen=True, eq=False)
class Layouts:
    """The layouts of N parts of a picture."""

    scores: Array  # (N,9) in [0,1], in the order of `CLASSES`
    geometry: Geometry

    def __len__(self) -> int:
        return len(self.scores)

    def names(self) -> list[str | None]:
        """The class of each: that of its greatest score, None where all are small."""
        return [
            CLASSES[best] if row[best] >= LEAST else None
            for row, best in zip(self.scores, self.scores.argmax(1), strict=True)
        ]

    def record(self, index: int = 0) -> dict[str, Any]:
        """One of them as JSON has it; places are shares of the part's own sides."""
        scores = {
            name: round(float(score), 3)
            for name, score in zip(CLASSES, self.scores[index], strict=True)
        }
        return {
            "class": self.names()[index],
            "scores": scores,
            "geometry": self.geometry.record(index),
        }


def layouts(scene: LayoutScene, boxes: Boxes | None = None, *, symmetry: bool = True) -> Layouts:
    """The layouts of parts of a measured picture.

    Args:
        scene: from `measure`.
        boxes: (N,4) x1, y1, x2, y2 in shares of the picture's sides; all of it by default.
        symmetry: whether to look for it, which takes half of the time; else there is none.
    """
    whole = WHOLE if boxes is None else np.asarray(boxes, np.float64)
    geometry = read_geometry(scene, whole, mirror=symmetry)
    scores = np.stack([rule(geometry) for rule in RULES.values()], 1)
    return Layouts(np.clip(scores, 0, 1), geometry)


def read_layout(
    rgb: NDArray[np.uint8], subject: NDArray[np.floating | np.bool_] | Box | None = None
) -> Layouts:
    """The layout of a picture, as one of one; see `measure` for the arguments."""
    return layouts(measure(rgb, subject))


def class_index(name: str) -> int:
    """The place of a class in `CLASSES`; CAD's names and "center" are understood too.

    Raises:
        UsageError: there is no such class.
    """
    plain = name.strip().lower()
    for index, names in enumerate(zip(CLASSES, CAD_NAMES, strict=True)):
        if plain in {other.lower() for other in names}:
            return index
    raise UsageError(f"'{name}' is no layout; use {', '.join(CLASSES)}.")
