"""Objects drawn on a picture: tinted in the colours of the label map, outlined, numbered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..core.masks import Mask
from ..core.voc import voc_palette
from .segment_found import Found

_TINT = 0.45
_FINE = 3  # numbers are drawn this much larger and averaged down


@dataclass(frozen=True, eq=False)
class Mark:
    """One object to draw."""

    colour: int  # index in the palette of label maps
    text: str
    visible: Mask = field(repr=False)
    amodal: Mask = field(repr=False)


def marks_of(ranked: Iterable[Found]) -> list[Mark]:
    """The marks of instances from front to back, with their ranks as text."""
    return [
        Mark(found.number + 1, str(rank), found.visible, found.amodal)
        for rank, found in enumerate(ranked, 1)
    ]


def draw_objects(rgb: NDArray[np.uint8], marks: Iterable[Mark]) -> NDArray[np.uint8]:
    """A copy of `rgb` (HxWx3) with objects of its size drawn, the first on top.

    What is visible is tinted; the whole extent has an outline, thin where it is hidden.
    """
    canvas = rgb.copy()
    palette = voc_palette()
    line = max(round(max(rgb.shape[:2]) / 400), 1)
    front_last = list(marks)[::-1]
    for mark in front_last:
        colour = palette[mark.colour % len(palette)].astype(np.float32)
        part = canvas[mark.visible]
        canvas[mark.visible] = np.rint(part * (1 - _TINT) + colour * _TINT).astype(np.uint8)
    for mark in front_last:
        colour_now = tuple(int(value) for value in palette[mark.colour % len(palette)])
        _outline(canvas, mark.amodal, (255, 255, 255), line)
        _outline(canvas, mark.visible, (255, 255, 255), line + 2)
        _outline(canvas, mark.visible, colour_now, line)
    for mark in front_last:
        _number(canvas, mark, max(round(max(rgb.shape[:2]) / 32), 10))
    return canvas


def _outline(canvas: NDArray[np.uint8], mask: Mask, colour: tuple[int, ...], width: int) -> None:
    lines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, lines, -1, colour, width, cv2.LINE_AA)


def _number(canvas: NDArray[np.uint8], mark: Mark, height: int) -> None:
    """Put the text where the object is broadest, what is visible before what is not."""
    where = mark.visible if mark.visible.any() else mark.amodal
    inside = cv2.distanceTransform(np.pad(where, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    middle = np.unravel_index(int(inside.argmax()), inside.shape)
    plate = _plate(mark.text, height)
    high, wide = plate.shape[:2]
    top = max(min(int(middle[0]) - high // 2, canvas.shape[0] - high), 0)
    left = max(min(int(middle[1]) - wide // 2, canvas.shape[1] - wide), 0)
    under = canvas[top : top + high, left : left + wide]
    plate = plate[: under.shape[0], : under.shape[1]]
    alpha = plate[..., 3:].astype(np.float32) / 255
    under[:] = np.rint(plate[..., :3] * alpha + under * (1 - alpha)).astype(np.uint8)


def _plate(text: str, height: int) -> NDArray[np.uint8]:
    big = height * _FINE
    font = ImageFont.load_default(big * 0.72)
    left, top, right, bottom = font.getbbox(text)
    wide = max(big, round(right - left + big * 0.5))
    wide += -wide % _FINE
    image = Image.new("RGBA", (wide, big), (20, 20, 20, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, wide - 1, big - 1), big * 0.28, (20, 20, 20, 205))
    place = (wide - left - right) / 2, (big - top - bottom) / 2
    draw.text(place, text, fill=(255, 255, 255, 255), font=font)
    return np.asarray(image.reduce(_FINE))
