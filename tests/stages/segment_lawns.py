"""An object on a lawn, with parts and shadows beside it."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import strategies as st

LAWN = (90, 150, 70)
OBJECT = (200, 40, 40)
HEIGHT, WIDTH = 240, 320


def lawn(seed=0, noise=6.0):
    ground = np.full((HEIGHT, WIDTH, 3), LAWN, np.float32)
    ground += np.random.default_rng(seed).normal(0, noise, ground.shape)
    return ground


def body():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[80:140, 120:200] = True
    return mask


def picture(ground, *things):
    rgb = ground.copy()
    for mask, change in things:
        rgb[mask] = rgb[mask] * change if np.isscalar(change) else change
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def part(y1, y2, x1, x2):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y1:y2, x1:x2] = True
    return mask


def larger(scale, *planes):
    """Pictures and masks of the lawn, as bytes, `scale` times as wide and high."""
    size = WIDTH * scale, HEIGHT * scale
    return [
        cv2.resize(plane.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(
            plane.dtype
        )
        for plane in planes
    ]


@st.composite
def noise_with_hole(draw):
    """Draws, a picture of noise of any small size, and a hole, which may be empty or all of it."""
    height, width, high, wide = (draw(st.integers(1, 40)) for _ in range(4))
    y, x = draw(st.integers(0, 39)), draw(st.integers(0, 39))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    hole = np.zeros((height, width), bool)
    hole[y : y + high, x : x + wide] = True
    return rng, rng.integers(0, 256, (height, width, 3)).astype(np.uint8), hole
