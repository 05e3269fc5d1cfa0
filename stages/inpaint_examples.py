"""Photographs as the hole-filling network sees them: small ones in memory, windows of those."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.errors import DataError
from ..core.files import atomic_write
from ..core.images import load_reduced
from ..core.seeds import derive_seed, generator
from .inpaint_masks import Shape, draw_hole
from .inpaint_sources import PhotoSource, shapes_of

SHORT_SIDE = 192  # pixels of the small photographs
_LONGEST = 3  # times as long as that they are at most; panoramas are cut
HELD_OUT = 5  # every so-many-th photograph, by its name, only measures


@dataclass(frozen=True, eq=False)
class InpaintExamples:
    """Small photographs to learn from and to measure on, and shapes of objects of the former."""

    learned: list[NDArray[np.uint8]]
    held_out: list[NDArray[np.uint8]]
    shapes: list[Shape]
    held_out_shapes: list[Shape]

    def batch(self, step: int, count: int, side: int, seed: int) -> tuple[Tensor, Tensor]:
        """Pictures (count,3,side,side) in [0,1] and holes (count,1,side,side) of one step.

        What they are depends on the step and the seed alone, so that training can go on.
        """
        random = generator(seed, "step", str(step))
        return self._stack(self.learned, self.shapes, count, side, random)

    def measured(self, count: int, side: int) -> tuple[Tensor, Tensor]:
        """Windows of the held-out photographs, always the same ones."""
        random = generator(0, "held out")
        shapes = self.held_out_shapes or self.shapes
        return self._stack(self.held_out, shapes, min(count, len(self.held_out)), side, random)

    @staticmethod
    def _stack(
        photos: Sequence[NDArray[np.uint8]],
        shapes: Sequence[Shape],
        count: int,
        side: int,
        random: np.random.Generator,
    ) -> tuple[Tensor, Tensor]:
        pictures = np.empty((count, side, side, 3), np.uint8)
        holes = np.empty((count, side, side), bool)
        for index in range(count):
            pictures[index] = _window(photos[int(random.integers(len(photos)))], side, random)
            holes[index] = draw_hole((side, side), shapes, random)
        values = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        return values, torch.from_numpy(holes)[:, None].float()


def collect_examples(
    sources: Sequence[PhotoSource],
    cache: Path,
    *,
    advance: Callable[[], object] = lambda: None,
) -> InpaintExamples:
    """Read all photographs and shapes; small photographs are kept in `cache`.

    Args:
        sources: from `inpaint_sources.read_sources`.
        cache: a folder of our own, a file a photograph.
        advance: called for every photograph.

    Raises:
        ImageError, MaskError, DataError: a file is missing or damaged.
        DataError: too few photographs to learn from some and to measure on others.
    """
    photos: tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]] = ([], [])
    shapes: tuple[list[Shape], list[Shape]] = ([], [])
    for source in sources:
        part = int(is_held_out(source.name))
        photos[part].append(small_photograph(source.photo, cache))
        shapes[part].extend(shapes_of(source))
        advance()
    if not photos[0] or not photos[1]:
        raise DataError(
            f"{len(sources)} photographs are too few to hold some out; give more of them."
        )
    return InpaintExamples(*photos, *shapes)


def is_held_out(name: str) -> bool:
    """Whether the photograph of this name is not learned from."""
    return derive_seed(0, "held out", name) % HELD_OUT == 0


def small_photograph(photo: Path, cache: Path) -> NDArray[np.uint8]:
    """The photograph with a short side of `SHORT_SIDE` pixels, or its own if that is less."""
    try:
        digest = hashlib.sha256(photo.read_bytes()).hexdigest()[:24]
    except OSError as error:
        raise DataError(f"{photo.name} cannot be read ({error.strerror}).") from None
    file = cache / f"{digest}-{SHORT_SIDE}.npy"
    if not file.is_file():
        rgb = load_reduced(photo, SHORT_SIDE).over()
        scale = SHORT_SIDE / min(rgb.shape[:2])
        if scale < 1:
            size = [max(round(side * scale), 1) for side in (rgb.shape[1], rgb.shape[0])]
            rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        rgb = rgb[: _LONGEST * SHORT_SIDE, : _LONGEST * SHORT_SIDE]
        with atomic_write(file) as part, part.open("wb") as stream:
            np.save(stream, rgb)
    kept: NDArray[np.uint8] = np.load(file)
    return kept


def _window(photo: NDArray[np.uint8], side: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """A square of half to all of the photograph's short side, at side x side, maybe mirrored."""
    height, width = photo.shape[:2]
    edge = max(round(random.uniform(0.5, 1) * min(height, width)), 1)
    x, y = int(random.integers(width - edge + 1)), int(random.integers(height - edge + 1))
    cut = photo[y : y + edge, x : x + edge]
    how = cv2.INTER_AREA if edge >= side else cv2.INTER_CUBIC
    small = cv2.resize(cut, (side, side), interpolation=how)
    return np.asarray(small[:, ::-1] if random.random() < 0.5 else small, np.uint8)
