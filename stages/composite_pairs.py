"""Pairs of objects to re-composite: cut out of a photograph that then is the truth.

METHODS of PICS, data construction: two annotated objects of a photograph whose boxes overlap or
touch, neither in the other's box. The background is the photograph with both objects inpainted,
so that nothing of them is left in it but their light on what is around.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box, contained
from ..core.discs import grown
from ..core.errors import DataError
from ..core.masks import Mask, mask_box
from ..core.seeds import derive_seed, generator
from ..models.inpainter import Inpainter
from ..models.inpainting import fill_hole
from .composite_engine import Floats, Placed, Scene, unit
from .composite_harmonize import linear, nonlinear
from .composite_object import cut_in_place
from .composite_order import order_boxes
from .occlusion_sources import AnnotatedPhoto
from .pair_masks import seen_parts

TASKS = ("recomposite", "harmonize")
LEAST = 0.02  # of the photograph, the area of each object
MOST = 0.5  # of the photograph, the area of both: the rest has to tell what is behind them
INSIDE = 2.0  # pixels by which a box may leave the other and still lie in it
_GROWN = 0.01  # of the longer side, by which masks are dilated before they are filled
_GAIN = 0.6  # of perturbed objects: logarithm to base 2 of light, at most
_GAMMA = 0.3  # logarithm of the exponent of sRGB, at most
_WARMTH = 0.15  # logarithm of red against green, and of green against blue, at most


@dataclass(frozen=True, eq=False)
class Pair:
    """Two objects of a photograph."""

    name: str
    rgb: NDArray[np.uint8] = field(repr=False)  # HxWx3, the truth
    masks: tuple[Mask, Mask] = field(repr=False)  # HxW each, in the set's order
    order: tuple[int, ...] | None  # the one in front first, where the masks tell
    others: Mask = field(repr=False)  # HxW, the photograph's other objects


@dataclass(frozen=True, eq=False)
class Case:
    """A pair to be put back, and the truth."""

    name: str
    truth: NDArray[np.uint8] = field(repr=False)
    scene: Scene
    plain: Scene  # the same with the objects as their masks say, edges and colours as they are


def find_pairs(
    photos: Sequence[AnnotatedPhoto], *, advance: Callable[[], object] = lambda: None
) -> list[tuple[AnnotatedPhoto, int, int]]:
    """All pairs of a set: photographs, and the places of two of their objects.

    Raises:
        ImageError, MaskError, DataError: a file is missing or damaged.
        DataError: there is no pair.
    """
    found = []
    for photo in photos:
        masks = [one.mask for one in photo.annotated().objects]
        large = [k for k, mask in enumerate(masks) if mask.mean() >= LEAST]
        boxes = {k: mask_box(masks[k]) for k in large}
        for a, b in combinations(large, 2):
            if _meet(boxes[a], boxes[b]) and (masks[a] | masks[b]).mean() <= MOST:
                found.append((photo, a, b))
        advance()
    if not found:
        raise DataError("no photograph shows two objects that meet; give a larger data set.")
    return found


def read_pair(photo: AnnotatedPhoto, a: int, b: int) -> Pair:
    """The pixels of a pair, and who is in front.

    Where both masks claim the same pixels the smaller object has them, as in `Annotated`, and it
    is the one in front. Other pairs leave the order to `composite_order`.

    Raises:
        ImageError, DataError: a file is missing or damaged.
    """
    every = [each.mask for each in photo.annotated().objects]
    claimed = [every[place] for place in (a, b)]
    masks = seen_parts(claimed)
    others = np.zeros_like(masks[0])
    for place, mask in enumerate(every):
        if place not in (a, b):
            others |= mask
    others &= ~(claimed[0] | claimed[1])
    order: tuple[int, ...] | None = None
    if (claimed[0] & claimed[1]).any():
        front = int(claimed[1].sum() < claimed[0].sum())
        order = (front, 1 - front)
    return Pair(f"{photo.name}:{a},{b}", photo.pixels(), (masks[0], masks[1]), order, others)


def open_cases(
    pair: Pair, tasks: Sequence[str], inpainter: Inpainter, seed: int, *, spare: bool = False
) -> Iterator[tuple[str, Case]]:
    """The cases that a pair makes, one for each task.

    Args:
        pair: from `read_pair`.
        tasks: of TASKS; `recomposite` leaves the objects' colours as they are, `harmonize`
            perturbs them, each object's in its own way.
        inpainter: fills the background.
        seed: of the inpainter's draws and the perturbations.
        spare: paint over none of the photograph's other objects; else what lies within the margin
            of the dilated masks is, whatever it is.
    """
    height, width = pair.rgb.shape[:2]
    reach = max(round(_GROWN * max(height, width)), 2)
    hole = grown(pair.masks[0] | pair.masks[1], reach)
    if spare:
        hole &= ~pair.others
    drawn = derive_seed(seed, "background", pair.name)
    background = fill_hole(inpainter, pair.rgb, hole, seed=drawn)
    order = pair.order or order_boxes([mask_box(mask) for mask in pair.masks], height)
    cut = tuple(
        cut_in_place(pair.rgb, mask, str(k), front=pair.masks[order[0]] if k == order[1] else None)
        for k, mask in enumerate(pair.masks)
    )
    as_given = tuple(_as_given(pair.rgb, mask, str(k)) for k, mask in enumerate(pair.masks))
    for task in tasks:
        scenes = []
        for objects in (cut, as_given):
            if task == "harmonize":
                objects = tuple(_perturbed(each, seed, pair.name) for each in objects)
            scenes.append(Scene(background, objects, order, seed, pair.name))
        yield task, Case(pair.name, pair.rgb, *scenes)


def _as_given(rgb: NDArray[np.uint8], mask: Mask, name: str) -> Placed:
    box = mask_box(mask)
    window = int(box.x1), int(box.y1), int(box.x2), int(box.y2)
    part = np.s_[window[1] : window[3], window[0] : window[2]]
    return Placed(name, unit(rgb[part]), mask[part].astype(np.float32), window, window)


def _perturbed(placed: Placed, seed: int, name: str) -> Placed:
    """An object as if photographed in another light, which the seed and the names decide."""
    random = generator(seed, "perturb", name, placed.name)
    gain = 2 ** random.uniform(-_GAIN, _GAIN)
    gamma = np.exp(random.uniform(-_GAMMA, _GAMMA))
    warm = np.exp(random.uniform(-_WARMTH, _WARMTH))
    light = linear(placed.rgb) * np.array([gain * warm, gain, gain / warm], np.float32)
    rgb: Floats = np.asarray(nonlinear(np.clip(light, 0, 1)) ** gamma, np.float32)
    return Placed(placed.name, np.clip(rgb, 0, 1), placed.alpha, placed.box, placed.at)


def _meet(a: Box, b: Box) -> bool:
    apart = (
        min(a.x2, b.x2) < max(a.x1, b.x1) or min(a.y2, b.y2) < max(a.y1, b.y1)
    )  # fmt: skip
    both = np.array([a, b])
    within = contained(both, both, INSIDE)
    return not (apart or within[0, 1] or within[1, 0])
