"""A drawn set for compositing whose truth is known: two coloured shapes whose boxes overlap.

Which one is in front is drawn by lot and told, so that a network which places both shapes rightly
but does not listen to the order is right half of the time where they overlap.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.masks import Mask
from ..core.seeds import generator
from ..data.composite_sample import CompositeSample, ObjectPicture

SIDE = 16  # pixels of a picture
_CELL = 2  # edges of boxes lie on multiples of it: on the borders of the tiny network's cells
_LEAST = 8  # pixels of each shape alone, and of both where they overlap
_RIGHT = 0.8  # share of a region's pixels that must be right for the region to be
_FINE = 8  # times as fine as its pixels is a shape drawn


@dataclass(frozen=True, eq=False)
class ToyScene:
    """A sample with its truth."""

    sample: CompositeSample
    background: NDArray[np.uint8]  # SIDE x SIDE x 3
    colours: NDArray[np.uint8]  # (2,3), of the shapes
    alone: tuple[Mask, Mask]  # where shape k shows and the other's box does not reach
    overlap: Mask  # where both shapes are, so that one hides the other


@dataclass(frozen=True)
class ToyScore:
    """How right pictures are, as shares of the samples."""

    samples: int
    alone: float  # both shapes show their own colour where they are alone
    overlap: float  # the front one's colour shows where they overlap
    all_right: float  # both


def toy_scene(seed: int, part: str, number: int) -> ToyScene:
    """Scene `number` of a part, say "train"; parts are independent of each other."""
    random = generator(seed, "composite-toy", part, str(number))
    background = _gradient(random)
    colours = _two_colours(random)
    while True:
        boxes = [_box(random) for _ in range(2)]
        inside = [_inside(box) for box in boxes]
        if (inside[0] & inside[1]).sum() < _LEAST:
            continue
        shapes = [int(kind) for kind in random.integers(0, 3, 2)]
        covers = [_shape(kind, box) for kind, box in zip(shapes, boxes, strict=True)]
        solid = [cover > 0.9 for cover in covers]
        alone = (solid[0] & ~inside[1], solid[1] & ~inside[0])
        overlap = solid[0] & solid[1]
        if min(int(region.sum()) for region in (*alone, overlap)) >= _LEAST:
            break
    front = int(random.integers(0, 2))
    picture = background.astype(np.float64)
    for k in (1 - front, front):
        share = covers[k][..., None]
        picture = picture * (1 - share) + colours[k] * share
    sample = CompositeSample(
        f"{part}-{number}",
        np.rint(picture).astype(np.uint8),
        tuple(_alone(kind, colours[k], boxes[k]) for k, kind in enumerate(shapes)),
        (boxes[0], boxes[1]),
        (0, 1) if front == 0 else (1, 0),
    )
    return ToyScene(sample, background, colours, alone, overlap)


def toy_score(scenes: list[ToyScene], pictures: list[NDArray[np.uint8]]) -> ToyScore:
    """How many pictures (SIDE,SIDE,3) show the right colours in the scenes' regions.

    A pixel shows what it is closest to: one of the two shapes' colours, or the background there.
    A region is right if four fifths of its pixels show what they should.
    """
    marks = []
    for scene, picture in zip(scenes, pictures, strict=True):
        shown = _shown(scene, picture)
        ranks = scene.sample.ranks or (0, 1)
        alone = all((shown[scene.alone[k]] == k).mean() >= _RIGHT for k in range(2))
        overlap = (shown[scene.overlap] == ranks.index(0)).mean() >= _RIGHT
        marks.append((alone, overlap, alone and overlap))
    alone_share, overlap_share, both = (float(share) for share in np.mean(marks, 0))
    return ToyScore(len(scenes), alone_share, overlap_share, both)


def _shown(scene: ToyScene, picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Of each pixel: 0 or 1 for a shape, 2 for the background."""
    choices = [np.broadcast_to(colour, picture.shape) for colour in scene.colours]
    away = [
        ((picture.astype(np.float64) - choice) ** 2).sum(-1)
        for choice in (*choices, scene.background)
    ]
    return np.asarray(np.argmin(away, 0), np.int64)


def _gradient(random: np.random.Generator) -> NDArray[np.uint8]:
    """From one pale or dark grey to another, slightly tinted."""
    ends = random.uniform(40, 215, (2, 1)) + random.uniform(-15, 15, (2, 3))
    angle = random.uniform(0, 2 * np.pi)
    y, x = (np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2) / SIDE
    along = np.clip(0.5 + x * np.cos(angle) + y * np.sin(angle), 0, 1)[..., None]
    mixed = ends[0] * (1 - along) + ends[1] * along
    return np.asarray(np.rint(mixed).clip(0, 255), np.uint8)


def _two_colours(random: np.random.Generator) -> NDArray[np.uint8]:
    """Two full colours, their hues at least 80 degrees apart."""
    hue = random.random()
    hues = hue, (hue + random.uniform(80, 280) / 360) % 1
    found = [colorsys.hsv_to_rgb(h, random.uniform(0.8, 1), random.uniform(0.7, 1)) for h in hues]
    return np.asarray(np.rint(np.asarray(found) * 255), np.uint8)


def _box(random: np.random.Generator) -> Box:
    width, height = random.integers(3, 6, 2)
    x = random.integers(0, SIDE // _CELL - width + 1)
    y = random.integers(0, SIDE // _CELL - height + 1)
    return Box(*(float(_CELL * edge) for edge in (x, y, x + width, y + height)))


def _inside(box: Box) -> Mask:
    mask = np.zeros((SIDE, SIDE), bool)
    x1, y1, x2, y2 = (int(edge) for edge in box)
    mask[y1:y2, x1:x2] = True
    return mask


def _shape(kind: int, box: Box) -> NDArray[np.float64]:
    """Coverage (SIDE,SIDE) of a disc, a lozenge or a rectangle that fills its box."""
    fine = np.zeros((SIDE * _FINE, SIDE * _FINE), np.uint8)
    x1, y1, x2, y2 = (int(edge) * _FINE for edge in box)
    middle = (x1 + x2) // 2, (y1 + y2) // 2
    if kind == 0:
        cv2.ellipse(fine, middle, ((x2 - x1) // 2, (y2 - y1) // 2), 0, 0, 360, 255, -1)
    elif kind == 1:
        corners = [(middle[0], y1), (x2, middle[1]), (middle[0], y2), (x1, middle[1])]
        cv2.fillConvexPoly(fine, np.asarray(corners), 255)
    else:
        fine[y1:y2, x1:x2] = 255
    small = fine.reshape(SIDE, _FINE, SIDE, _FINE).mean((1, 3))
    return np.asarray(small * _inside(box) / 255)


def _alone(kind: int, colour: NDArray[np.uint8], box: Box) -> ObjectPicture:
    x1, y1, x2, y2 = (int(edge) for edge in box)
    alpha = np.rint(_shape(kind, box) * 255).astype(np.uint8)[y1:y2, x1:x2]
    return ObjectPicture(np.broadcast_to(colour, (*alpha.shape, 3)).copy(), alpha)
