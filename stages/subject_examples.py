"""Annotated photographs as the subject network sees them: features of cells, and whose they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..models.grouping import GROUPING_MAPS
from ..models.subjects import GRID
from ..models.subjects_net import map_features
from .occlusion_sources import Annotated, AnnotatedPhoto, open_photos
from .trunk_cache import TrunkCache

NOBODY, UNSURE = -1, -2
_LEAST = 0.006  # share of the photograph, below which an object is none to be found
_OWNED = 0.5  # of a cell: share from which on it is the object's
_TOUCHED = 0.25  # share from which on it is not nobody's either


@dataclass(frozen=True, eq=False)
class SubjectExample:
    """One photograph."""

    name: str
    features: Tensor  # (CHANNELS, GRID, GRID) float16
    owners: NDArray[np.int64]  # (GRID, GRID): an object's index, NOBODY or UNSURE
    boxes: NDArray[np.float32]  # (K,4) of the objects, in shares of the photograph

    def mirrored(self) -> SubjectExample:
        """The photograph in a mirror; the maps are mirrored, not computed anew."""
        boxes = self.boxes[:, [2, 1, 0, 3]].copy()
        boxes[:, [0, 2]] = 1 - boxes[:, [0, 2]]
        owners = np.ascontiguousarray(self.owners[:, ::-1])
        return SubjectExample(self.name, self.features.flip(-1), owners, boxes)


def open_sources(data: Path, more: Path | None) -> list[AnnotatedPhoto]:
    """COCO's train photographs, and VOC's where a folder is given.

    Raises:
        DataError: a set is incomplete or damaged.
    """
    return [
        *open_photos("coco", data, "train"),
        *(open_photos("voc", more, "train") if more else []),
    ]


def compute_examples(
    photos: Sequence[AnnotatedPhoto],
    cache: Path,
    *,
    threads: int = 1,
    advance: Callable[[], object] = lambda: None,
) -> list[SubjectExample]:
    """Examples of `photos`, whose maps are kept in `cache`.

    Args:
        photos: from `open_sources`.
        cache: a folder of our own.
        threads: of one photograph.
        advance: called for every photograph.

    Raises:
        DataError, ImageError, MaskError: a photograph is not as needed.
    """
    kept = TrunkCache(cache, GROUPING_MAPS, threads)
    examples = []
    for photo in photos:
        maps = {
            name: torch.from_numpy(values)[None].float()
            for name, values in kept.maps(photo.pixels()).items()
        }
        owners, boxes = cell_objects(photo.annotated())
        examples.append(SubjectExample(photo.name, map_features(maps)[0].half(), owners, boxes))
        advance()
    return examples


def cell_objects(annotated: Annotated) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Whose each cell is, and the objects' boxes; see `SubjectExample`.

    A cell is an object's that covers most of it, if that is half of it or more. Where small
    objects, crowds and objects' rims are nothing is taught.
    """
    owners = np.full((GRID, GRID), NOBODY, np.int64)
    most = np.zeros((GRID, GRID), np.float32)
    unsure = _shares(annotated.unknown) > _TOUCHED
    boxes: list[tuple[float, ...]] = []
    for instance in annotated.objects:
        share = _shares(instance.mask)
        height, width = instance.mask.shape
        if instance.area < _LEAST * width * height:
            unsure |= share > _TOUCHED
            continue
        wins = (share >= _OWNED) & (share > most)
        owners[wins], most[wins] = len(boxes), share[wins]
        unsure |= share > _TOUCHED
        x1, y1, x2, y2 = instance.box
        boxes.append((x1 / width, y1 / height, x2 / width, y2 / height))
    owners[(owners == NOBODY) & unsure] = UNSURE
    return owners, np.array(boxes, np.float32).reshape(-1, 4)


def _shares(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    small = cv2.resize(mask.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
