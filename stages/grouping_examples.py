"""Scenes of occlusion sets as the grouping network sees them: cells, and whose they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.errors import DataError
from ..core.seeds import derive_seed, generator
from ..data.occlusion import UNKNOWN, Scene, read_scene, scene_names
from ..models.grouping import CELLS, GROUPING_MAPS
from ..models.grouping_net import cell_features
from .trunk_cache import TrunkCache

FRONT = 256  # the label of the occluder's cells; those of other objects are their indices
_SURE = 0.75  # of a cell must be one object's, for the cell to teach
_GROUND = 128  # cells of no object that are kept of a scene; there are plenty
HELD_OUT = 5  # one source photograph in so many only measures


@dataclass(frozen=True)
class GroupingExample:
    """The K cells of one scene that surely are an object's, and some that are none's."""

    features: Tensor  # (K, CHANNELS) float16
    owners: NDArray[np.int32]  # (K,) 0: nobody's, FRONT: the occluder's, else an object's index
    source: str
    occluder_source: str


def compute_examples(
    sets: Sequence[Path],
    cache: Path,
    *,
    threads: int = 1,
    advance: Callable[[], object] = lambda: None,
) -> list[GroupingExample]:
    """Examples of all scenes of `sets`, whose maps are kept in `cache`.

    Args:
        sets: folders that `compose build-dataset occlusion` wrote.
        cache: a folder of our own.
        threads: of one scene.
        advance: called for every scene.

    Raises:
        DataError, ImageError, MaskError: a set is not as needed.
    """
    kept = TrunkCache(cache, GROUPING_MAPS, threads)
    examples = []
    for root in sets:
        for name in scene_names(root):
            scene = read_scene(root, name)
            maps = {
                key: torch.from_numpy(values)[None].float()
                for key, values in kept.maps(scene.image).items()
            }
            owners = cell_owners(scene)
            cells = _chosen(owners, generator(0, "cells", str(name)))
            features = cell_features(maps)[0, torch.from_numpy(cells)].half()
            notes = scene.notes
            examples.append(
                GroupingExample(features, owners[cells], notes.source, notes.occluder_source)
            )
            advance()
    return examples


def count_scenes(sets: Sequence[Path]) -> int:
    """How many scenes the sets have.

    Raises:
        DataError: one is none, or has not been finished.
    """
    return sum(len(scene_names(root)) for root in sets)


def cell_owners(scene: Scene) -> NDArray[np.int32]:
    """Whose each cell is, (CELLS²,): see `GroupingExample`; UNKNOWN where it is shared."""
    owners = scene.objects.astype(np.int32)
    owners[scene.occluder] = FRONT
    labels = np.unique(owners)
    size = (CELLS, CELLS)
    shares = [
        cv2.resize((owners == k).astype(np.float32), size, interpolation=cv2.INTER_AREA).ravel()
        for k in labels
    ]
    most = np.max(shares, 0)
    return np.where(most >= _SURE, labels[np.argmax(shares, 0)], UNKNOWN).astype(np.int32)


def held_out_parts(
    examples: Sequence[GroupingExample],
) -> tuple[list[GroupingExample], list[GroupingExample]]:
    """What is learned from and what only measures.

    One photograph in five, by its name, only measures. Nothing of those is learned from, neither
    as a scene nor as an occluder; occluders of the scenes that measure may have been seen.

    Raises:
        DataError: one of the two is empty.
    """
    learned = [e for e in examples if not (held_out(e.source) or held_out(e.occluder_source))]
    measured = [e for e in examples if held_out(e.source)]
    if not learned or not measured:
        raise DataError("too few photographs to hold one in five out; make larger sets.")
    return learned, measured


def held_out(source: str) -> bool:
    """Whether a photograph only measures."""
    return derive_seed(0, "held out", source) % HELD_OUT == 0


def _chosen(owners: NDArray[np.int32], random: np.random.Generator) -> NDArray[np.intp]:
    ground = random.permutation(np.flatnonzero(owners == 0))[:_GROUND]
    objects = np.flatnonzero((owners != 0) & (owners != UNKNOWN))
    return np.sort(np.concatenate([ground, objects]))
