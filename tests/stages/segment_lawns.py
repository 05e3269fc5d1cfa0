"""An object on a lawn, with parts and shadows beside it."""

from __future__ import annotations

import numpy as np

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
