"""A picture with its subjects and the crops that serve them: a colour a subject.

A subject has corners around it and a dot at the reference point of its crops.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .crop_marks import Colour, colour_of
from .crop_overlay import draw_outlines
from .crop_per_subject import Subject
from .crop_search import Crop

_ARM = 0.18  # of a subject's shorter side: how far its corners reach
_DARK = (20, 20, 20)


def draw_subjects(
    rgb: NDArray[np.uint8], crops: Sequence[Crop], subjects: Sequence[Subject]
) -> NDArray[np.uint8]:
    """A copy of `rgb` (HxWx3 sRGB, upright, full size) with subjects and crops drawn."""
    canvas = np.array(rgb)
    draw_outlines(canvas, crops)
    line = max(round((canvas.shape[0] * canvas.shape[1]) ** 0.5 / 340), 2)
    for subject in reversed(subjects):
        colour = colour_of(subject.number - 1)
        _corners(canvas, subject, line + 2, _DARK)
        _corners(canvas, subject, line, colour)
        middle = int(subject.point[0]), int(subject.point[1])
        cv2.circle(canvas, middle, 4 * line, _DARK, -1, cv2.LINE_AA)
        cv2.circle(canvas, middle, 3 * line, colour, -1, cv2.LINE_AA)
    return canvas


def _corners(canvas: NDArray[np.uint8], subject: Subject, width: int, colour: Colour) -> None:
    x1, y1, x2, y2 = (int(edge) for edge in subject.box)
    x2, y2 = x2 - 1, y2 - 1  # the last pixel within
    arm = max(round(_ARM * min(x2 - x1, y2 - y1)), 3)
    for x, across in ((x1, arm), (x2, -arm)):
        for y, down in ((y1, arm), (y2, -arm)):
            cv2.line(canvas, (x, y), (x + across, y), colour, width)
            cv2.line(canvas, (x, y), (x, y + down), colour, width)
