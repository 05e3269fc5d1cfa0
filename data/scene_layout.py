"""Layouts: which objects go where in which background, as one JSON object a composite.

    {"background": "room.jpg", "out": "room_1.png", "order": [1, 0], "seed": 3,
     "objects": [{"image": "cup.png", "at": [120, 80, 420, 380]},
                 {"image": "saucer.jpg", "mask": "saucer_mask.png", "at": "where.png"}]}

A file holds one such object, a list of them, or one a line (JSON lines). `at` is a box x1, y1, x2,
y2 in pixels of the upright background, right and bottom exclusive, or a mask of its size. `mask`,
`order` (numbers of objects from front to back, from 0), `out` and `seed` may be left out. Paths
are relative to the layout's folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..core.boxes import Box
from ..core.errors import DataError, UsageError
from ..core.names import printable

_KEYS = {"background", "objects", "order", "out", "seed"}
_OBJECT_KEYS = {"image", "mask", "at"}


@dataclass(frozen=True)
class ObjectSpec:
    """One object and its place: a box, or a mask of the background's size."""

    image: Path
    at: Box | Path
    mask: Path | None = None  # of the object within its own picture


@dataclass(frozen=True)
class SceneSpec:
    """One composite to make."""

    background: Path
    objects: tuple[ObjectSpec, ...]
    order: tuple[int, ...] | None = None  # front to back; None: to be found
    out: str | None = None  # relative, with /
    seed: int | None = None


@dataclass(frozen=True)
class LayoutEntry:
    """A composite of a layout file, or the sentence that says why it cannot be one."""

    number: int  # from 1
    scene: SceneSpec | None
    problem: str | None = None


def read_layouts(text: str, name: str, folder: Path) -> list[LayoutEntry]:
    """The composites in the text of a layout file; a bad one has its sentence, others go on.

    Args:
        text: of the file.
        name: of the file, for messages.
        folder: what its paths are relative to.

    Raises:
        UsageError: the text is neither JSON nor JSON lines, or holds nothing.
    """
    found = [_entry(number, row, name, folder) for number, row in enumerate(_rows(text, name), 1)]
    if not found:
        raise UsageError(f"the layout {name} is empty; write one JSON object a composite.")
    return found


def parse_order(order: object, count: int, name: str) -> tuple[int, ...] | None:
    """Numbers of objects from front to back; None for nothing and "auto".

    Raises:
        DataError: not every number from 0 to `count` - 1 once.
    """
    if order is None or order == "auto":
        return None
    numbers = list(order) if isinstance(order, list | tuple) else []
    whole = all(type(number) is int for number in numbers)
    if not whole or sorted(numbers) != list(range(count)):
        every = ",".join(map(str, range(count)))
        raise DataError(f"the order in {name} has to hold each of {every} once; correct it.")
    return tuple(numbers)


def _rows(text: str, name: str) -> Iterator[object]:
    text = text.removeprefix("\ufeff").strip()
    if not text:
        return
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise UsageError(f"the layout {name} is no valid JSON; correct it.") from None
        for line in lines:
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                yield DataError  # told where the line's number is known
        return
    yield from whole if isinstance(whole, list) else [whole]


def _entry(number: int, row: object, name: str, folder: Path) -> LayoutEntry:
    where = f"composite {number} of {name}"
    try:
        return LayoutEntry(number, _scene(row, where, folder))
    except DataError as error:
        return LayoutEntry(number, None, str(error))


def _scene(row: object, where: str, folder: Path) -> SceneSpec:
    if row is DataError:
        raise DataError(f"{where} is no valid JSON; correct the line.")
    if not isinstance(row, dict):
        raise DataError(f"{where} is no JSON object; write one with background and objects.")
    _refuse_unknown(row, _KEYS, where)
    objects = row.get("objects")
    if not isinstance(objects, list) or not objects:
        raise DataError(f"{where} has no objects; list at least one under objects.")
    found = tuple(_object(each, f"object {k} of {where}", folder) for k, each in enumerate(objects))
    seed = row.get("seed")
    if seed is not None and (type(seed) is not int or seed < 0):
        raise DataError(f"the seed of {where} is no whole number from 0; correct it.")
    out = row.get("out")
    if out is not None:
        out = _below(out, where)
    background = _path(row, "background", where, folder)
    return SceneSpec(background, found, parse_order(row.get("order"), len(found), where), out, seed)


def _object(row: object, where: str, folder: Path) -> ObjectSpec:
    if not isinstance(row, dict):
        raise DataError(f"{where} is no JSON object; write one with image and at.")
    _refuse_unknown(row, _OBJECT_KEYS, where)
    mask = _path(row, "mask", where, folder) if row.get("mask") is not None else None
    image = _path(row, "image", where, folder)
    at = row.get("at")
    if isinstance(at, str):
        return ObjectSpec(image, _path(row, "at", where, folder), mask)
    numbers = at if isinstance(at, list) and len(at) == 4 else []
    if not numbers or not all(_is_number(n) for n in numbers):
        raise DataError(f"{where} has no place; give at as [x1, y1, x2, y2] or as a mask's file.")
    return ObjectSpec(image, Box(*map(float, numbers)), mask)


def _is_number(value: object) -> bool:
    # an integer of JSON may be too large for a float
    return isinstance(value, int | float) and type(value) is not bool and abs(value) < 1e300


def _path(row: dict[str, Any], key: str, where: str, folder: Path) -> Path:
    value = row.get(key)
    if not isinstance(value, str) or not value or "\0" in value:
        raise DataError(f"{where} names no file under {key}; give its path.")
    return folder / value


def _below(out: object, where: str) -> str:
    path = PurePosixPath(out) if isinstance(out, str) and "\0" not in out else None
    if (
        path is None
        or not path.name
        or path.is_absolute()
        or ".." in path.parts
        or "\\" in str(out)
    ):
        raise DataError(f"out of {where} has to be a path below --out; give one such as a/b.png.")
    return str(path)


def _refuse_unknown(row: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(row) - known)
    if unknown:
        keys = ", ".join(sorted(known))
        raise DataError(f"{where} has the unknown key '{printable(unknown[0])}'; use {keys}.")
