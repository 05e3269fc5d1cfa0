"""Composites over backgrounds with transparency.

An engine composes over the background laid on white, as one sees it. Its answer is taken apart
again into colours and alpha: where objects cover nothing and nothing is darker than what white
shines through, alpha stays as it was, and elsewhere it becomes no greater than is needed.
Laid on white, the two give what the engine composed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.images import Picture
from .composite_engine import Composed, Scene

Floats = NDArray[np.float32]


def over_transparent(
    picture: Picture, scene: Scene, composed: Composed
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Colours HxWx3 and alpha HxW of a composite; None for alpha where the background has none.

    Outside of the blended zone both are the background's.

    Args:
        picture: the background as it was read.
        scene: what was composed.
        composed: over `picture` on white.
    """
    if picture.alpha is None:
        return composed.rgb, None
    alpha, rgb = picture.alpha.copy(), picture.rgb.copy()
    zone = composed.zone
    if not zone.any():
        return rgb, alpha
    covered = _covered(scene, zone.shape)[zone]
    seen = composed.rgb[zone].astype(np.float32) / 255
    was = alpha[zone].astype(np.float32) / 255
    least = np.maximum(covered + (1 - covered) * was, 1 - seen.min(1))
    # up to the next of 255, so that colours need not be darker than black
    levels = np.ceil(least * 255 - 1e-3)
    share = np.maximum(levels / 255, 1e-6)[:, None]
    own = np.clip((seen - (1 - share)) / share, 0, 1)
    alpha[zone] = levels.astype(np.uint8)
    rgb[zone] = np.rint(own * 255).astype(np.uint8)
    return rgb, alpha


def _covered(scene: Scene, shape: tuple[int, ...]) -> Floats:
    """How much of every pixel the objects cover, one over the other."""
    free = np.ones(shape, np.float32)
    for placed in scene.objects:
        x1, y1, x2, y2 = placed.box
        free[y1:y2, x1:x2] *= 1 - placed.seen
    return 1 - free
