"""How sure it is that the ground below an object takes its shadow.

Where objects touch the ground it is darker nearly always. A soft shadow about them is another
matter: among other things there is no plane for it to lie on, and where the ground already is
darker than around, something has shaded it. Texture (gravel, grass) is no such evidence. Darker
shadows than these took objects put back away from the photographs of COCO's train split.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..core.masks import Mask
from .composite_engine import Floats, Placed, Scene, unit
from .composite_harmonize import LUMA, linear
from .composite_shadow import Shadow, ground_shadow
from .composite_sky import sky_of, stands

_CONTACT = (0.3, 1.0)  # of the usual darkness about feet: without evidence, and with all of it
_SOFT = (0.05, 0.4)  # the same of the soft part
_EVEN = (0.15, 0.3)  # deviation of the ground's logarithm of light: a plane, and anything but
_SHADED = (-0.3, -0.1)  # logarithm of its light by that around: shaded already, and not
_CUT = 0.99  # of the picture's height: what ends below this is cut off and stands outside
_SMALL = 48  # pixels of the longer side at which the ground is looked at
_TEXTURE = 3.0  # pixels there, the deviation of what smooths gravel and grass out
_LEAST = 4  # pixels there of which something can be said
_DIM = 0.02  # of full light, so that darkness has no wild logarithm


class Ground:
    """The ground of a scene.

    Args:
        scene: with all its objects, which hide the ground.
        certain: objects stand on it and cast their whole shadows, whatever it looks like.
    """

    def __init__(self, scene: Scene, *, certain: bool = False) -> None:
        self._scene, self._certain = scene, certain
        self._sky: Mask | None = None if certain else sky_of(scene.background)

    def shadow(self, placed: Placed, strength: float = 1.0) -> Shadow | None:
        """What an object takes of the ground's light; None if it does not stand there."""
        height, width = self._scene.background.shape[:2]
        size = width, height
        if self._sky is None:
            return ground_shadow(placed, size, strength)
        if not stands(placed, self._sky, size) or placed.box[3] > _CUT * height:
            return None
        whole = ground_shadow(placed, size)
        if whole is None:
            return None
        sure = self._evidence(placed, whole)
        soft, contact = (low + (high - low) * sure for low, high in (_SOFT, _CONTACT))
        return ground_shadow(placed, size, strength * soft, strength * contact)

    def _evidence(self, placed: Placed, shadow: Shadow) -> float:
        """In [0, 1], that the ground is a plane on which no shadow lies yet."""
        x1, y1, x2, y2 = shadow.window
        light = linear(unit(self._scene.background[y1:y2, x1:x2])) @ LUMA
        hidden = np.zeros(light.shape, np.float32)
        for each in self._scene.objects:
            _lay(hidden, each, shadow.window)
        scale = min(_SMALL / max(light.shape), 1.0)
        small = max(round((x2 - x1) * scale), 1), max(round((y2 - y1) * scale), 1)
        free = np.asarray(cv2.resize(1 - hidden, small, interpolation=cv2.INTER_AREA), np.float32)
        shown = cv2.resize(light * (1 - hidden), small, interpolation=cv2.INTER_AREA)
        dark = np.asarray(cv2.resize(shadow.dark, small, interpolation=cv2.INTER_AREA))
        tone = np.log(np.asarray(shown) / np.maximum(free, 1e-3) + _DIM)
        foot = (placed.box[3] - 0.25 * (placed.box[3] - placed.box[1]) - y1) * scale
        low = np.arange(small[1])[:, None] >= foot
        seen = free > 0.5
        about = seen & (dark > 0.02)
        near, far = seen & (dark > 0.35 * dark.max()), seen & low & (dark < 0.1 * dark.max())
        if min(about.sum(), near.sum(), far.sum()) < _LEAST:
            return 0.0
        step = float(np.median(tone[near]) - np.median(tone[far]))
        uneven = _unevenness(tone, free, about)
        return _ramp(-uneven, -_EVEN[1], -_EVEN[0]) * _ramp(step, *_SHADED)


def _unevenness(tone: Floats, free: Floats, where: Mask) -> float:
    """The deviation of tones where the ground is free, its texture smoothed out."""
    weight = np.asarray(cv2.GaussianBlur(free, (0, 0), _TEXTURE)) + 1e-4
    smooth = np.asarray(cv2.GaussianBlur(tone * free, (0, 0), _TEXTURE)) / weight
    return float(smooth[where].std())


def _lay(hidden: Floats, placed: Placed, window: tuple[int, int, int, int]) -> None:
    """Mark what an object hides of a window, in place."""
    x1, y1, x2, y2 = (
        max(placed.box[0], window[0]), max(placed.box[1], window[1]),
        min(placed.box[2], window[2]), min(placed.box[3], window[3]),
    )  # fmt: skip
    if x1 >= x2 or y1 >= y2:
        return
    x, y = placed.box[:2]
    part = hidden[y1 - window[1] : y2 - window[1], x1 - window[0] : x2 - window[0]]
    np.maximum(part, placed.seen[y1 - y : y2 - y, x1 - x : x2 - x], out=part)


def _ramp(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0, 1))
