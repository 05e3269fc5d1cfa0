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
from .cad_frame import SMALLEST, without_frame

SIDE = 1024  # pixels of both sides that are read, where the file has them
_SUBJECT = 0.5  # of the map
_CLEAR = 0.85  # mean of the map in a part that surely is a subject; `segmenter_salient` has 0.89
_FILLING = 0.6  # share of the picture that such a part takes up at most
_BARRED = 0.8  # mean of the map in a part that is not to be seen twice, however large


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph at about the size that a canvas needs."""

    rgb: NDArray[np.uint8] = field(repr=False)  # hxwx3
    subject: Mask = field(repr=False)  # hxw: all that is salient
    clear: Mask = field(repr=False)  # hxw: of it what surely is a subject
    barred: Mask = field(repr=False)  # hxw: of it what is not to be seen a second time
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
    if min(rgb.shape[:2]) < SMALLEST:
        raise ImageError(
            f"{printable(path)} is smaller than {SMALLEST} pixels a side; give a larger one."
        )
    scale = min(SIDE / max(rgb.shape[:2]), 1.0)
    if scale < 1:
        size = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    saliency = reader.look(rgb).saliency
    header = picture.header
    return Photo(
        rgb,
        saliency > _SUBJECT,
        clear_subject(saliency),
        barred_parts(saliency),
        (header.width, header.height),
        part,
    )


def clear_subject(saliency: NDArray[np.float32]) -> Mask:
    """The parts of a map hxw that stand out clearly and do not fill the picture; where all is
    grass, any of it may be salient, and none of it is a subject."""
    return _parts(saliency, _CLEAR, _FILLING)


def barred_parts(saliency: NDArray[np.float32]) -> Mask:
    """The parts of a map hxw that stand out, be it less or larger ones. Lawns and walls of which
    the network is not sure may go on."""
    return _parts(saliency, _BARRED, 1.0)


def _parts(saliency: NDArray[np.float32], least: float, most: float) -> Mask:
    """The connected salient parts whose map's mean is at least, and share of it at most, that."""
    found = np.zeros(saliency.shape, bool)
    count, numbers = cv2.connectedComponents((saliency > _SUBJECT).astype(np.uint8))
    for number in range(1, count):
        part = numbers == number
        if saliency[part].mean() >= least and part.mean() <= most:
            found |= part
    return found
