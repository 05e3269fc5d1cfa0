"""One expanded picture: the photograph on its canvas, with surroundings of an engine's making."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from ..core.seeds import derive_seed, generator
from ..models.outpainter import Expansion, Outpainter
from .cad_photo import Photo
from .cad_place import PlaceConfig, Placement, cut_sides, place


@dataclass(frozen=True, eq=False)
class Expanded:
    """A picture and what is known of it."""

    rgb: NDArray[np.uint8] = field(repr=False)  # HxWx3
    subject: Mask = field(repr=False)  # HxW: the photograph's, where it has a clear one
    region: tuple[int, int, int, int]  # x1, y1, x2, y2 of the photograph, or of the known crop


def expand(
    photo: Photo,
    engine: Outpainter,
    config: PlaceConfig,
    seed: int,
    name: str,
    number: int,
    prompt: str = "",
) -> Expanded:
    """Variant `number` of a photograph; it depends on nothing but these arguments.

    Args:
        photo: the photograph.
        engine: fills the canvas around it.
        config: of the canvas and the place.
        seed: of the set.
        name: the photograph's identity.
        number: from 0.
        prompt: what is to be seen, for engines that read it.
    """
    random = generator(seed, "cad", name, str(number))
    cut = cut_sides(photo.subject, config)
    placed = place(photo.width, photo.height, config, random, cut)
    wanted = _expansion(photo, placed, prompt)
    rgb = engine.expand(wanted, derive_seed(seed, "cad", name, str(number), "fill"))
    high, wide = wanted.photo.shape[:2]
    clear = cv2.resize(photo.clear.astype(np.uint8), (wide, high), interpolation=cv2.INTER_NEAREST)
    subject = np.zeros(rgb.shape[:2], bool)
    subject[wanted.window] = clear > 0
    return Expanded(rgb, subject, placed.region)


def _expansion(photo: Photo, placed: Placement, prompt: str) -> Expansion:
    x1, y1, x2, y2 = placed.region
    size = (x2 - x1, y2 - y1)
    way = cv2.INTER_AREA if size[0] <= photo.width else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(photo.rgb, size, interpolation=way), np.uint8)
    barred = cv2.resize(photo.barred.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return Expansion(small, barred > 0, placed.width, placed.height, x1, y1, prompt)
