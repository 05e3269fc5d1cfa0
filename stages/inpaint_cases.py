"""Holes to measure inpainters on: on every photograph the shape of another one's object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import DataError
from ..core.images import load_picture
from ..core.masks import Mask
from ..core.seeds import generator
from .inpaint_masks import LEAST, MOST, Shape, object_hole
from .inpaint_sources import PhotoSource, shapes_of

LONGEST = (0.2, 0.6)  # long side of a hole's box, in short sides of its photograph
INSIDE = 0.7  # least share of the box, along each side, that lies on the photograph
_TRIES = 100


@dataclass(frozen=True, eq=False)
class InpaintCase:
    """A photograph and a hole in it, of which the truth is known."""

    name: str
    rgb: NDArray[np.uint8] = field(repr=False)
    hole: Mask = field(repr=False)


@dataclass(frozen=True, eq=False)
class NamedShape:
    """An object's shape and the photograph that it is on."""

    name: str
    photo: Path
    shape: Shape = field(repr=False)


def read_shapes(
    sources: Sequence[PhotoSource], *, advance: Callable[[], object] = lambda: None
) -> list[NamedShape]:
    """The shapes of all objects.

    Raises:
        ImageError, MaskError, DataError: a file is missing or damaged.
        DataError: there are none.
    """
    found = []
    for source in sources:
        found += [NamedShape(source.name, source.photo, shape) for shape in shapes_of(source)]
        advance()
    if not found:
        raise DataError("no object has a mask here; give --masks with a data set of objects.")
    return found


def open_cases(
    sources: Sequence[PhotoSource], shapes: Sequence[NamedShape], seed: int
) -> Iterator[InpaintCase]:
    """One case for each photograph, in their order; which one, the seed and its name decide.

    Raises:
        ImageError: a photograph is missing or damaged.
        DataError: all shapes are of one photograph, or fit it nowhere.
    """
    for source in sources:
        rgb = load_picture(source.photo).over()
        yield InpaintCase(
            source.name, rgb, _hole(source, (rgb.shape[1], rgb.shape[0]), shapes, seed)
        )


def _hole(
    source: PhotoSource, size: tuple[int, int], shapes: Sequence[NamedShape], seed: int
) -> Mask:
    others = [one.shape for one in shapes if one.photo != source.photo]
    random = generator(seed, "hole", source.name)
    for _ in range(_TRIES if others else 0):
        shape = others[int(random.integers(len(others)))]
        hole = object_hole(shape, size, random, longest=LONGEST, inside=INSIDE)
        if LEAST <= hole.mean() <= MOST:
            return hole
    raise DataError(
        f"no object of another photograph makes a hole in {source.name}; give --masks with more."
    )
