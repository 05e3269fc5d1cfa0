"""Scenes of flat colours with known hidden objects, a segmenter that knows the colours, and an
inpainter that knows the original."""

from __future__ import annotations

import numpy as np

from compose.core.instances import Instance
from compose.data.occlusion import Scene, SceneNotes

GROUND, DOG, FRONT, TREE = (90, 160, 90), (200, 120, 40), (40, 60, 200), (20, 90, 20)
SHAPE = (64, 96)  # height, width


def box(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[y1:y2, x1:x2] = True
    return mask


def make_scene(name: str = "00000", source: str = "a", shift: int = 0) -> Scene:
    """A dog of 30 x 20 with a third of it behind a front object, and a tree further off."""
    dog, front = box(20, 20, 50, 40), box(40 + shift, 16, 60 + shift, 52)
    tree = box(74, 6, 90, 24)
    original = np.full((*SHAPE, 3), GROUND, np.uint8)
    original[dog], original[tree] = DOG, TREE
    image = original.copy()
    image[front] = FRONT
    objects = np.zeros(SHAPE, np.uint8)
    objects[dog], objects[tree] = 1, 2
    hidden = float((dog & front).sum() / dog.sum())
    notes = SceneNotes(name, source, "dog", 1, "b", "car", 1.0, hidden)
    return Scene(notes, image, original, dog, front, objects)


class Colours:
    """Finds every area of one of the known colours."""

    name = "colours"

    def segment(self, rgb: np.ndarray) -> list[Instance]:
        found = []
        for label, colour in (("car", FRONT), ("dog", DOG), (None, TREE)):
            mask = (rgb == colour).all(-1)
            if mask.any():
                found.append(Instance(mask, 0.9, label))
        return found


class Knowing:
    """Fills holes with what is truly behind the front object, or with the ground."""

    name, multiple, limit = "knowing", 1, None

    def __init__(self, scene: Scene, *, right: bool = True) -> None:
        self._scene, self._right = scene, right

    def fill(self, rgb: np.ndarray, hole: np.ndarray, seed: int) -> np.ndarray:
        filled = rgb.copy()
        below = self._scene.original if self._right else np.full_like(rgb, GROUND)
        filled[hole] = below[hole]
        return filled
