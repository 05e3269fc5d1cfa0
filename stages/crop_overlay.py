"""A picture with its crops drawn on it: thin outlines, numbered, what the best cuts off dimmed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from .crop_marks import Colour, marks_of
from .crop_search import Crop

_DIMMED = 0.62  # of the light outside the best crop
_HALO = 0.55  # how dark the edge is that sets an outline off from the picture
_FINE = 4  # numbers are drawn this much larger and averaged down


def draw_crops(rgb: NDArray[np.uint8], crops: Sequence[Crop]) -> NDArray[np.uint8]:
    """A copy of `rgb` (HxWx3 sRGB, upright, full size) with `crops` drawn, the first on top."""
    canvas = np.array(rgb)
    if not crops:
        return canvas
    _dim_outside(canvas, crops[0].box)
    draw_outlines(canvas, crops)
    return canvas


def draw_outlines(canvas: NDArray[np.uint8], crops: Sequence[Crop]) -> None:
    """Draw the crops' outlines and labels on `canvas` (HxWx3) itself, the first on top."""
    scale = (canvas.shape[0] * canvas.shape[1]) ** 0.5
    line = max(round(scale / 340), 2)
    marks = marks_of(crops)
    for index in reversed(range(len(crops))):  # the best last, over the others
        width = line + max(round(line / 2), 1) if index == 0 else line
        _outline(canvas, crops[index].box, marks[index].colour, width)
    taken: list[tuple[int, int, int, int]] = []
    for crop, mark in zip(crops, marks, strict=True):
        _number(canvas, crop.box, mark.label, mark.colour, max(round(scale / 34), 9), line, taken)


def _dim_outside(canvas: NDArray[np.uint8], box: tuple[int, int, int, int]) -> None:
    x1, y1, x2, y2 = box
    levels = (np.arange(256) * _DIMMED + 0.5).astype(np.uint8)
    outside = (canvas[:y1], canvas[y2:], canvas[y1:y2, :x1], canvas[y1:y2, x2:])
    for part in outside:
        part[:] = levels[part]


def _outline(
    canvas: NDArray[np.uint8], box: tuple[int, int, int, int], colour: Colour, width: int
) -> None:
    """Draw just inside the box, with a thin dark edge on both sides of the line."""
    edge = max(width // 3, 1)
    dark = (np.arange(256) * (1 - _HALO)).astype(np.uint8)
    for part in _frame(canvas, box, 0, width + 2 * edge):
        part[:] = dark[part]
    for part in _frame(canvas, box, edge, width):
        part[:] = colour


def _frame(
    canvas: NDArray[np.uint8], box: tuple[int, int, int, int], inset: int, width: int
) -> tuple[NDArray[np.uint8], ...]:
    """The four strips of a frame in the box, none of which overlap."""
    x1, y1, x2, y2 = box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset
    if x2 <= x1 or y2 <= y1:
        return ()
    across, down = min(width, (x2 - x1 + 1) // 2), min(width, (y2 - y1 + 1) // 2)
    low = max(y2 - down, y1 + down)
    return (
        canvas[y1 : y1 + down, x1:x2],
        canvas[low:y2, x1:x2],
        canvas[y1 + down : low, x1 : x1 + across],
        canvas[y1 + down : low, max(x2 - across, x1 + across) : x2],
    )


def _number(
    canvas: NDArray[np.uint8],
    box: tuple[int, int, int, int],
    label: str,
    colour: Colour,
    height: int,
    line: int,
    taken: list[tuple[int, int, int, int]],
) -> None:
    """Put a label in the upper left corner of the box, or along its edge where one is already."""
    badge = _badge(label, colour, height)
    high, wide = badge.shape[:2]
    gap = 3 * line
    x, y = box[0] + gap, box[1] + gap
    while any(_overlap((x, y, x + wide, y + high), other) for other in taken):
        x += wide + line
        if x + wide > box[2] - gap:
            x, y = box[0] + gap, y + high + line
    x = max(min(x, canvas.shape[1] - wide), 0)
    y = max(min(y, canvas.shape[0] - high), 0)
    taken.append((x, y, x + wide, y + high))
    under = canvas[y : y + high, x : x + wide]
    badge = badge[: under.shape[0], : under.shape[1]]
    alpha = badge[..., 3:].astype(np.float32) / 255
    under[:] = np.rint(badge[..., :3] * alpha + under * (1 - alpha)).astype(np.uint8)


def _badge(label: str, colour: Colour, height: int) -> NDArray[np.uint8]:
    """A rounded plate with a label, HxWx4."""
    big = height * _FINE
    font = ImageFont.load_default(big * 0.72)
    left, top, right, bottom = font.getbbox(label)
    wide = max(big, round(right - left + big * 0.5))
    wide += -wide % _FINE
    image = Image.new("RGBA", (wide, big), (*colour, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, wide - 1, big - 1), big * 0.28, (*colour, 255))
    draw.text(
        ((wide - left - right) / 2, (big - top - bottom) / 2), label, fill=(20, 20, 20), font=font
    )
    return np.asarray(image.reduce(_FINE))


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
