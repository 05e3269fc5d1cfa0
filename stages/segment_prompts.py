"""What a user points at: points, boxes and masks from options, or a JSON file of them.

The file holds a list of objects to find, or an object that gives every picture's list under its
file name:

    [{"points": [[120, 80], [40, 30, 0]], "box": [10, 20, 200, 180], "mask": "dog.png"}]

A point is x, y and 0 where it is not on the object; every key may be left out, not all of them.
Everything is in pixels of the upright picture; masks lie beside the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.errors import DataError, InputError, UsageError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.masks import load_mask
from ..core.names import printable
from ..models.segmenter import Prompt
from .segment_canvas import reduced_shares

Point = tuple[float, float, bool]


@dataclass(frozen=True)
class Request:
    """One object that is pointed at, its mask not read yet."""

    points: tuple[Point, ...] = ()
    box: Box | None = None
    mask: Path | None = None


def parse_point(text: str) -> Point:
    """Read `x,y`, or `x,y,0` for a point that is not on the object.

    Raises:
        UsageError: anything else.
    """
    try:
        values = [float(part) for part in text.split(",")]
        return _point(values)
    except ValueError:
        raise UsageError(f"'{text}' is not a point; write x,y or x,y,0 in pixels.") from None


def make_requests(
    points: Sequence[Point], boxes: Sequence[Box], masks: Sequence[Path]
) -> tuple[Request, ...]:
    """Objects from options: every box and every mask is one, the points together are one.

    Points belong to the box where there is exactly one.

    Raises:
        UsageError: points together with several boxes.
    """
    if points and len(boxes) > 1:
        raise UsageError(
            "it is not clear to which --box the --point belong; write a file for --prompts."
        )
    found = [Request(box=box) for box in boxes]
    if points and found:
        found = [replace(found[0], points=tuple(points))]
    elif points:
        found = [Request(points=tuple(points))]
    return (*found, *(Request(mask=mask) for mask in masks))


def read_requests(path: Path, name: str) -> tuple[Request, ...]:
    """The objects that a JSON file names for the picture `name`; see above for its form.

    Raises:
        UsageError: the file cannot be read.
        DataError: it does not have that form, or knows nothing of this picture.
    """
    shown = printable(path)
    try:
        table = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {shown} ({error.strerror}); check its name.") from None
    except (ValueError, RecursionError):
        raise DataError(f"{shown} is no JSON; write a list of prompts.") from None
    if isinstance(table, dict):
        if name not in table:
            raise DataError(f"{shown} has no prompts for {printable(name)}; add some.")
        table = table[name]
    if not isinstance(table, list) or not table:
        raise DataError(f"{shown} holds no list of prompts; write one as the manual shows.")
    try:
        return tuple(_request(entry, path.parent) for entry in table)
    except (ValueError, TypeError, KeyError):
        raise DataError(
            f'{shown} has a prompt that is none; write {{"points": [[x, y]]}}, "box" or "mask".'
        ) from None


def make_prompts(
    requests: Sequence[Request],
    size: tuple[int, int],
    working: tuple[int, int],
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> list[Prompt]:
    """Prompts in pixels of the picture in which is searched.

    Args:
        requests: in pixels of the upright original.
        size: its width and height.
        working: width and height of the former.
        max_pixels: the limit for masks.

    Raises:
        InputError: a point or box lies outside of the picture, or a mask does not fit.
    """
    across, down = working[0] / size[0], working[1] / size[1]
    prompts = []
    for request in requests:
        for x, y, _ in request.points:
            if not (0 <= x < size[0] and 0 <= y < size[1]):
                raise _outside(f"the point {x:g},{y:g}", size)
        points = tuple((x * across, y * down, on) for x, y, on in request.points)
        box = request.box
        if box is not None:
            inner = Box(
                max(box.x1, 0), max(box.y1, 0), min(box.x2, size[0]), min(box.y2, size[1])
            )  # fmt: skip
            if inner.width <= 0 or inner.height <= 0:
                raise _outside("the box " + ",".join(f"{edge:g}" for edge in box), size)
            x1, y1, x2, y2 = inner
            box = Box(x1 * across, y1 * down, x2 * across, y2 * down)
        mask = None
        if request.mask is not None:
            large = load_mask(request.mask, size=size, max_pixels=max_pixels)
            share = reduced_shares(large, working)
            mask = np.asarray(share >= min(0.5, float(share.max())))
        prompts.append(Prompt(points, box, mask))
    return prompts


def _outside(what: str, size: tuple[int, int]) -> InputError:
    return InputError(f"{what} lies outside of the picture of {size[0]}x{size[1]}; move it.")


def _point(values: Sequence[Any]) -> Point:
    numbers = [float(value) for value in values]
    if len(numbers) not in (2, 3) or not all(map(math.isfinite, numbers)):
        raise ValueError
    if len(numbers) == 3 and numbers[2] not in (0, 1):
        raise ValueError
    return numbers[0], numbers[1], len(numbers) == 2 or bool(numbers[2])


def _request(entry: Any, folder: Path) -> Request:
    if not isinstance(entry, dict) or not entry or set(entry) - {"points", "box", "mask"}:
        raise ValueError
    points = tuple(_point(point) for point in entry.get("points", ()))
    box = None
    if "box" in entry:
        box = Box(*(float(edge) for edge in entry["box"]))
        if not all(map(math.isfinite, box)) or box.width <= 0 or box.height <= 0:
            raise ValueError
    mask = folder / entry["mask"] if "mask" in entry else None
    if not points and box is None and mask is None:
        raise ValueError
    return Request(points, box, mask)
