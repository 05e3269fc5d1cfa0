"""Long shadows: what begins in the shade at an object's feet, and goes on as far as it is dark.

`segment_remnants` finds what ends near a hole. A low sun throws shadows farther, out of the picture
even, and half a shadow that nobody throws is worse than all of it. So from what looks like the
ground in shade beside the lower part of a hole, the dark is followed to where it is halfway to the
light; it has to set itself off clearly, lie low, and be no larger than a shadow of the hole may be.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from ..models.mask_parts import joined
from .segment_canvas import enlarged_beside, reduced, reduced_shares, working_size
from .segment_ground import Ground, Surroundings, beside_lower

# Chosen on 35 photographs; on 80 others of train parts it found six shadows and nothing else.
_SIDE = 400  # pixels of the long side at which this is looked at
_RING = 0.07  # of the long side, where a shadow begins
_FEWEST = 50  # pixels of ground at its height
_SEED = 0.01  # of the hole, that begins in the ring at least
_ROWS = 10  # pixels above and below those, where the ground is as far away as there
_SOFT = 1.2  # pixels, blurred first
_DARKER = 12.0  # of CIELAB's lightness, by which a shadow is darker than its ground,
_CLEARLY = 3.0  # and times what the ground's own lightness varies by
_LARGEST = 0.6  # of the hole, a shadow at most
_CONTACT = 0.045  # of the hole's rim, at which it begins
_HIGHEST = 0.4  # of the hole's height from its top, above which no shadow reaches


def shadows(rgb: NDArray[np.uint8], hole: Mask) -> Mask:
    """Pixels HxW outside of a hole that its object shades; often none.

    Args:
        rgb: HxWx3, the picture that shows the object.
        hole: HxW, what is erased of it.
    """
    size = working_size(hole.shape, _SIDE)
    inside = reduced_shares(hole, size) > 0.5
    surroundings = Surroundings.of(inside, _RING)
    if surroundings is None:
        return np.zeros_like(hole)
    ring, beyond, small = surroundings.ring, surroundings.beyond, reduced(rgb, size)
    ground = Ground.of(small, beyond, surroundings.reach)
    shaded = np.zeros_like(inside)
    shaded[ring] = ground.shaded(ring) & beside_lower(inside, ring)
    opened = cv2.morphologyEx(shaded.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3))) > 0
    shaded = joined(opened, inside, connectivity=8)
    count, parts = cv2.connectedComponents(shaded.astype(np.uint8), connectivity=8)
    light, found = _lightness(small, inside), np.zeros_like(inside)
    for number in range(1, count):
        seed = parts == number
        if seed.sum() >= _SEED * inside.sum():
            found |= _followed(light, seed, (ring | beyond) & ~shaded, inside)
    return enlarged_beside(found, hole)


def _lightness(rgb: NDArray[np.uint8], inside: Mask) -> NDArray[np.float32]:
    """CIELAB's lightness HxW, blurred without what lies in the hole."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    known = cv2.GaussianBlur((~inside).astype(np.float32), (0, 0), _SOFT)
    blurred = cv2.GaussianBlur(np.where(inside, np.float32(0), lab[..., 0]), (0, 0), _SOFT)
    return np.asarray(blurred / np.maximum(known, 1e-3), np.float32)


def _followed(light: NDArray[np.float32], seed: Mask, around: Mask, inside: Mask) -> Mask:
    """The shadow that begins at `seed`; empty where it is none."""
    none = np.zeros_like(seed)
    rows = np.flatnonzero(seed.any(1))
    ground = around.copy()
    ground[: max(rows[0] - _ROWS, 0)] = ground[rows[-1] + _ROWS + 1 :] = False
    if ground.sum() < _FEWEST:
        return none
    shade, usual = float(np.median(light[seed])), float(np.median(light[ground]))
    middle = (shade + usual) / 2
    lit = light[ground & (light > middle)]
    varies = 1.4826 * float(np.median(np.abs(lit - np.median(lit)))) if lit.size else np.inf
    if usual - shade < max(_DARKER, _CLEARLY * varies):
        return none
    dark = (light < middle) & ~inside
    _, parts = cv2.connectedComponents(dark.astype(np.uint8), connectivity=4)
    shadow = np.isin(parts, np.unique(parts[seed & dark])) & dark
    rim = (cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~inside
    if not shadow.any() or shadow.sum() > _LARGEST * inside.sum():
        return none
    touching = (shadow & rim).sum() >= _CONTACT * rim.sum()
    tall = np.flatnonzero(inside.any(1))
    highest = tall[0] + _HIGHEST * (tall[-1] - tall[0])
    low = int(np.flatnonzero(shadow.any(1))[0]) > highest
    return shadow if touching and low else none
