"""Plain ways to put objects into a scene, to measure engines against: one by one, paste, clone."""

from __future__ import annotations

import cv2
import numpy as np

from ..core.masks import Mask
from .composite_engine import Composed, CompositeEngine, Placed, Scene, unit

PLAIN = frozenset({"paste", "clone", "clone-mixed"})  # measured on masks as they are given
_RIM = 3  # pixels around the picture, for OpenCV clones nothing at its border
_SHOWN = 0.5  # alpha from which on a pixel is cloned


class PasteEngine:
    """Engines `paste` and `paste-cut`: alpha blending and nothing else.

    The second is given objects as we cut them out, the first as their masks say.
    """

    def __init__(self, *, cut: bool = False) -> None:
        self.name = "paste-cut" if cut else "paste"

    def compose(self, scene: Scene) -> Composed:
        """See `composite_engine.CompositeEngine`."""
        canvas, zone = scene.background.copy(), np.zeros(scene.background.shape[:2], bool)
        for placed in scene.from_behind:
            rows, columns = _slices(placed)
            below, alpha = unit(canvas[rows, columns]), placed.seen[..., None]
            mixed = below + alpha * (placed.rgb - below)
            canvas[rows, columns] = np.rint(np.clip(mixed, 0, 1) * 255)
            zone[rows, columns] |= placed.seen > 0
        return Composed(canvas, zone)


class SequentialEngine:
    """Engine `sequential`: another engine, given one object at a time, the hinder one first.

    What it has put in becomes part of the background, of which it then knows nothing: methods for
    single objects are used like this (METHODS of PICS, evaluation).
    """

    name = "sequential"

    def __init__(self, engine: CompositeEngine) -> None:
        self._engine = engine

    def compose(self, scene: Scene) -> Composed:
        """See `composite_engine.CompositeEngine`."""
        canvas, zone = scene.background, np.zeros(scene.background.shape[:2], bool)
        for placed in scene.from_behind:
            alone = Scene(canvas, (placed,), (0,), scene.seed, scene.name, scene.sample)
            made = self._engine.compose(alone)
            canvas = made.rgb
            zone |= made.zone
        return Composed(canvas, zone)


class CloneEngine:
    """Engines `clone` and `clone-mixed`: OpenCV's seamless cloning, the hinder object first.

    P. Perez, M. Gangnet and A. Blake, Poisson Image Editing, SIGGRAPH 2003, section 3 (seamless
    cloning, and with mixed gradients). OpenCV solves the whole box of an object, so that pixels
    between the object and its box may change too.
    """

    def __init__(self, mixed: bool = False) -> None:
        self.name = "clone-mixed" if mixed else "clone"
        self._flag = cv2.MIXED_CLONE if mixed else cv2.NORMAL_CLONE

    def compose(self, scene: Scene) -> Composed:
        """See `composite_engine.CompositeEngine`."""
        canvas, zone = scene.background.copy(), np.zeros(scene.background.shape[:2], bool)
        for placed in scene.from_behind:
            cloned = self._cloned(canvas, placed)
            rows, columns = _slices(placed)
            canvas[rows, columns] = cloned[rows, columns]
            zone[rows, columns] = True
        return Composed(canvas, zone)

    def _cloned(self, canvas: np.ndarray, placed: Placed) -> np.ndarray:
        shown: Mask = placed.seen >= _SHOWN
        if not shown.any():
            return canvas
        height, width = canvas.shape[:2]
        x1, y1, x2, y2 = placed.box
        around = (y1 + _RIM, height - y2 + _RIM), (x1 + _RIM, width - x2 + _RIM)
        colours = np.rint(np.clip(placed.rgb, 0, 1) * 255).astype(np.uint8)
        source = np.pad(colours, (*around, (0, 0)), "edge")
        mask = np.pad(np.where(shown, 255, 0).astype(np.uint8), around)
        ground = np.pad(canvas, ((_RIM, _RIM), (_RIM, _RIM), (0, 0)), "edge")
        x, y, w, h = cv2.boundingRect(mask)
        # OpenCV puts the centre of the mask's box there, so the object stays where it is
        cloned = cv2.seamlessClone(source, ground, mask, (x + w // 2, y + h // 2), self._flag)
        return np.asarray(cloned[_RIM:-_RIM, _RIM:-_RIM], np.uint8)


def _slices(placed: Placed) -> tuple[slice, slice]:
    x1, y1, x2, y2 = placed.box
    return slice(y1, y2), slice(x1, x2)
