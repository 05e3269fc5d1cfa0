"""A photograph that is to be expanded: without its painted frame, and with its subject marked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import ImageError
from ..core.images import DEFAULT_MAX_PIXELS, load_reduced
from ..core.masks import Mask
from ..core.names import printable
from ..models.picture_look import PictureReader

SIDE = 1024  # pixels of both sides that are read, where the file has them
_SUBJECT = 0.5  # of the map
_CLEAR = 0.85  # mean of the map in a part that surely is a subject; `segmenter_salient` has 0.89
_FILLING = 0.6  # share of the picture that such a part takes up at most
_FRAME = 0.08  # of a side: a frame is no wider
_EVEN, _SAME, _STEP = 8.0, 12.0, 20.0  # grey levels: along a frame's line, across it, at its end
_FRAMES = 3  # within each other, at most
_SIDES = 3  # of a picture that have to have a frame
_SMALLEST = 64  # pixels of the shorter side


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph at about the size that a canvas needs."""

    rgb: NDArray[np.uint8] = field(repr=False)  # hxwx3
    subject: Mask = field(repr=False)  # hxw: all that is salient
    clear: Mask = field(repr=False)  # hxw: of it what surely is a subject
    original: tuple[int, int]  # width and height of the upright file
    part: tuple[float, float, float, float]  # of it that was used, as shares: all but a frame

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return int(self.rgb.shape[0])


def open_photo(path: Path, reader: PictureReader, max_pixels: int = DEFAULT_MAX_PIXELS) -> Photo:
    """Read a photograph and find its subject.

    Raises:
        ImageError: it cannot be read, or is too small.
    """
    picture = load_reduced(path, SIDE, max_pixels=max_pixels)
    rgb = picture.over()
    x1, y1, x2, y2 = without_frame(rgb)
    part = (x1 / rgb.shape[1], y1 / rgb.shape[0], x2 / rgb.shape[1], y2 / rgb.shape[0])
    rgb = np.ascontiguousarray(rgb[y1:y2, x1:x2])
    if min(rgb.shape[:2]) < _SMALLEST:
        raise ImageError(
            f"{printable(path)} is smaller than {_SMALLEST} pixels a side; give a larger one."
        )
    scale = min(SIDE / max(rgb.shape[:2]), 1.0)
    if scale < 1:
        size = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    saliency = reader.look(rgb).saliency
    header = picture.header
    return Photo(
        rgb, saliency > _SUBJECT, clear_subject(saliency), (header.width, header.height), part
    )


def clear_subject(saliency: NDArray[np.float32]) -> Mask:
    """The parts of a map hxw that stand out clearly and do not fill the picture; where all is
    grass, any of it may be salient, and none of it is a subject."""
    clear = np.zeros(saliency.shape, bool)
    count, numbers = cv2.connectedComponents((saliency > _SUBJECT).astype(np.uint8))
    for number in range(1, count):
        part = numbers == number
        if saliency[part].mean() >= _CLEAR and part.mean() <= _FILLING:
            clear |= part
    return clear


def without_frame(rgb: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """The box x1, y1, x2, y2 of a picture HxWx3 without its frames: even lines of one colour along
    at least three sides, that end all at once. Without one, all of it."""
    box = 0, 0, rgb.shape[1], rgb.shape[0]
    for _ in range(_FRAMES):
        x1, y1, x2, y2 = box
        left, top, right, bottom = _inside_frame(rgb[y1:y2, x1:x2])
        found = x1 + left, y1 + top, x1 + right, y1 + bottom
        if found == box or min(found[2] - found[0], found[3] - found[1]) < _SMALLEST:
            return box
        box = found
    return box


def _inside_frame(rgb: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    height, width = rgb.shape[:2]
    grey = rgb.astype(np.float32)
    top, bottom = _frame(grey), _frame(grey[::-1])
    columns = grey.transpose(1, 0, 2)
    left, right = _frame(columns), _frame(columns[::-1])
    if sum(wide > 0 for wide in (top, bottom, left, right)) < _SIDES:
        return 0, 0, width, height
    return left, top, width - right, height - bottom


def _frame(lines: NDArray[np.float32]) -> int:
    """How many of the first lines (N,M,3) are a frame."""
    most = max(round(len(lines) * _FRAME), 1)
    first = lines[0].mean(0)
    for number in range(min(most + 1, len(lines))):
        middle = lines[number].mean(0)
        even = float(lines[number].std(0).max()) < _EVEN
        if not even or float(np.abs(middle - first).max()) > _SAME:
            if number == 0:
                return 0
            # a blurred line at the inner edge goes with it
            after = lines[min(number + 2, len(lines) - 1)]
            step = float(np.abs(after - first).max(1).mean())
            return min(number + 2, len(lines) - 1) if step > _STEP else 0
    return 0
