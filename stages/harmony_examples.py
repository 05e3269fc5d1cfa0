"""Objects of photographs in their surroundings, small, and drawn changes of their colours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import DataError
from ..core.files import atomic_write
from ..core.images import load_picture
from ..core.masks import Mask, mask_box
from ..core.seeds import generator
from ..models.harmony import SIDE, small_composite
from ..models.reference_encoder import digest_of
from .composite_engine import Floats, unit
from .composite_harmonize import LUMA, linear, nonlinear
from .inpaint_sources import PhotoSource
from .photo_digest import photo_digest

_AROUND = 0.6  # of a box's sides, what is looked at about it, as engine `blend` does
_LEAST = 0.01  # of the photograph that an object takes
_OBJECTS = 6  # of a photograph, the largest
_BORROWED = 0.5  # of a photograph without objects, the longer side of the shape laid over it
_HELD_OUT = 10  # one photograph in so many only measures


@dataclass(frozen=True, eq=False)
class HarmonyExamples:
    """Windows (N,4,SIDE,SIDE) uint8, colours and alpha, and whether each only measures (N,)."""

    windows: NDArray[np.uint8] = field(repr=False)
    held: Mask = field(repr=False)


@dataclass(frozen=True)
class Changes:
    """How far colours are changed; each is drawn evenly, either way."""

    untouched: float = 0.2  # share of objects that stay as they are
    gain: float = 0.7  # logarithm to base 2 of light
    gamma: float = 0.35  # logarithm of the exponent of sRGB
    warmth: float = 0.17  # logarithm of red against green, and of green against blue
    tint: float = 0.08  # logarithm of green
    saturation: float = 0.25  # logarithm; in half of the objects
    contrast: float = 0.2  # logarithm, about the object's mean; in a third of them


def read_examples(
    sources: Sequence[PhotoSource],
    cache: Path,
    seed: int,
    *,
    begin: Callable[[str, int], Callable[[], object]] = lambda what, total: lambda: None,
) -> HarmonyExamples:
    """Read or remember the windows of all photographs' objects.

    Photographs without annotations lend their light: a shape of another photograph's object is
    laid over them, and what it covers counts as the object.

    Args:
        sources: photographs with their masks.
        cache: a folder of our own; other photographs, masks or seeds get other files.
        seed: of the shapes that are lent.
        begin: called with the name and length of a phase; gives what to call at every photograph.

    Raises:
        ImageError, DataError, MaskError: a file is missing or damaged.
        DataError: no photograph shows an object that is large enough.
    """
    file = cache / f"harmony-{_key(sources, seed, begin('masks', len(sources)))}.npz"
    if file.is_file():
        with np.load(file) as kept:
            return HarmonyExamples(kept["windows"], kept["held"])
    advance = begin("photographs", len(sources))
    windows, held, shapes = [], [], []
    for number, source in enumerate(sorted(sources, key=lambda each: not _annotated(each))):
        rgb = load_picture(source.photo).over()
        random = generator(seed, "harmony", source.name)
        masks = [mask for mask in source.masks() if mask.mean() >= _LEAST]
        masks = sorted(masks, key=lambda mask: -int(mask.sum()))[:_OBJECTS]
        if masks:
            shapes += [_shape(mask) for mask in masks]
        elif shapes:
            masks = [_borrowed(shapes[int(random.integers(len(shapes)))], rgb.shape, random)]
        found = [window_of(rgb, mask) for mask in masks if mask.mean() < 0.9]
        windows += found
        held += [number % _HELD_OUT == _HELD_OUT - 1] * len(found)
        advance()
    if not windows:
        raise DataError("no photograph shows an object; give a data set with masks.")
    examples = HarmonyExamples(np.stack(windows), np.array(held))
    with atomic_write(file) as part, part.open("wb") as stream:
        np.savez(stream, windows=examples.windows, held=examples.held)
    return examples


def window_of(rgb: NDArray[np.uint8], mask: Mask) -> NDArray[np.uint8]:
    """An object in its surroundings as the network sees it, (4,SIDE,SIDE)."""
    x1, y1, x2, y2 = (int(edge) for edge in mask_box(mask))
    across, down = round(_AROUND * (x2 - x1)) + 8, round(_AROUND * (y2 - y1)) + 8
    part = slice(max(y1 - down, 0), y2 + down), slice(max(x1 - across, 0), x2 + across)
    small = small_composite(unit(rgb[part]), mask[part].astype(np.float32))
    return np.asarray(np.rint(small * 255), np.uint8)


def changed(colours: Floats, changes: Changes, random: np.random.Generator) -> Floats:
    """Colours (P,3), sRGB in [0, 1], as if photographed or developed otherwise."""

    def draw(most: float) -> float:
        return float(random.uniform(-most, most))

    gain, warm = 2 ** draw(changes.gain), np.exp(draw(changes.warmth))
    tint = np.exp(draw(changes.tint))
    light = linear(colours) * np.array([gain * warm, gain * tint, gain / warm], np.float32)
    shown = nonlinear(np.clip(light, 0, 1).astype(np.float32)) ** np.exp(draw(changes.gamma))
    if random.random() < 0.5:
        grey = (shown @ LUMA)[:, None]
        shown = grey + (shown - grey) * np.exp(draw(changes.saturation))
    if random.random() < 0.33:
        middle = float(shown.mean())
        shown = middle + (shown - middle) * np.exp(draw(changes.contrast))
    return np.asarray(np.clip(shown, 0, 1), np.float32)


def draw_example(
    window: NDArray[np.uint8], changes: Changes, random: np.random.Generator, *, vary: bool
) -> tuple[Floats, Floats, Floats]:
    """What the network sees (4,SIDE,SIDE), and pixels of its object before and after (P,3).

    Args:
        window: of `window_of`.
        changes: of the object.
        random: draws them.
        vary: also mirror the window and change it as a whole, as another photograph.
    """
    whole = unit(window)
    if vary:
        if random.random() < 0.5:
            whole = np.ascontiguousarray(whole[:, :, ::-1])
        if random.random() < 0.5:
            light = Changes(0, 0.4, 0.2, 0.1, 0.03, 0.15, 0)
            shown = changed(whole[:3].reshape(3, -1).T, light, random)
            whole[:3] = shown.T.reshape(3, SIDE, SIDE)
    truth = whole[:3].reshape(3, -1).T.copy()
    alpha = whole[3].reshape(-1, 1)
    after = truth
    if random.random() >= changes.untouched:
        after = changed(truth, changes, random)
    whole[:3] = (truth + alpha * (after - truth)).T.reshape(3, SIDE, SIDE)
    places = random.choice(len(truth), 256, p=_chances(alpha[:, 0]))
    return whole, truth[places], after[places]


def _chances(alpha: Floats) -> NDArray[np.float64]:
    solid = np.asarray(alpha, np.float64) ** 4 + 1e-9
    return np.asarray(solid / solid.sum(), np.float64)


def _key(sources: Sequence[PhotoSource], seed: int, advance: Callable[[], object]) -> str:
    """Of all that windows are made of: any photograph changes what is lent to those after it."""
    settings = [seed, SIDE, _AROUND, _LEAST, _OBJECTS, _BORROWED, _HELD_OUT]
    digest = hashlib.sha256(json.dumps(settings).encode())
    for source in sources:
        masks: dict[str, NDArray[np.generic]] = {
            str(number): mask for number, mask in enumerate(source.masks())
        }
        parts = source.name, _annotated(source), photo_digest(source.photo), digest_of(masks)
        digest.update(json.dumps(parts).encode())
        advance()
    return digest.hexdigest()[:16]


def _annotated(source: PhotoSource) -> bool:
    return source.masks is not list


def _shape(mask: Mask) -> Mask:
    x1, y1, x2, y2 = (int(edge) for edge in mask_box(mask))
    return mask[y1:y2, x1:x2].copy()


def _borrowed(shape: Mask, size: tuple[int, ...], random: np.random.Generator) -> Mask:
    longer = max(size[:2]) * float(random.uniform(0.2, _BORROWED))
    fits = min(0.9 * s / t for s, t in zip(size[:2], shape.shape, strict=True))
    scale = min(longer / max(shape.shape), fits)
    wide, high = (max(round(side * scale), 2) for side in (shape.shape[1], shape.shape[0]))
    small = cv2.resize(shape.astype(np.uint8), (wide, high), interpolation=cv2.INTER_NEAREST)
    x, y = (int(random.integers(0, s - t + 1)) for s, t in ((size[1], wide), (size[0], high)))
    mask = np.zeros(size[:2], bool)
    mask[y : y + high, x : x + wide] = small > 0
    return mask
