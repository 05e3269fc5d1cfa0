"""Instances in COCO's JSON: polygons, run lengths compressed or not, crowds; read and written.

COCO's boxes are x, y, width, height; they are written so, and read as ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ..core.boxes import Box, from_xywh
from ..core.errors import DataError, MaskError
from ..core.instances import Instance
from ..core.masks import Mask
from ..core.names import printable
from ..core.polygons import fill_polygons
from ..core.rings import split_rings
from ..core.rle import decode_rle


@dataclass(frozen=True)
class CocoObject:
    """One annotation."""

    label: str | None  # the category's name
    crowd: bool  # whether it stands for many objects at once
    score: float  # 1 where the file says nothing
    segmentation: object = field(repr=False)  # as in the file; see `object_mask`
    predicted_iou: float | None = None
    stability: float | None = None
    box: Box | None = None  # as the file says; masks tell it better


@dataclass(frozen=True)
class CocoPicture:
    """A picture with its annotations, in the file's order."""

    id: int | str
    file: str  # as the file has it, maybe with folders
    width: int
    height: int
    objects: tuple[CocoObject, ...]

    @property
    def base(self) -> str:
        """The file's name without folders."""
        return base_of(self.file)


def base_of(file: str) -> str:
    """A file's name without folders, whichever way they are written."""
    return PurePosixPath(file.replace("\\", "/")).name


def coco_files(root: Path, part: str) -> tuple[Path, Path]:
    """The file of instances and the folder of photographs of a part such as `val2017`.

    COCO's layout, `annotations/` and `images/`, or either left out.

    Raises:
        DataError: one of them is not there.
    """
    lists = [root / below / f"instances_{part}.json" for below in ("annotations", "")]
    annotations = next((path for path in lists if path.is_file()), None)
    if annotations is None:
        raise DataError(f"{printable(root)} holds no {lists[0].name}; give COCO's folder.")
    folders = [root / below for below in (f"images/{part}", part)]
    folder = next((path for path in folders if path.is_dir()), None)
    if folder is None:
        raise DataError(f"{printable(root)} holds no folder images/{part}; give COCO's folder.")
    return annotations, folder


def read_coco(
    path: Path, file_of: Callable[[Mapping[str, Any]], object] = lambda row: row.get("file_name")
) -> list[CocoPicture]:
    """The pictures of a file, in its order; segmentations are not looked at yet.

    Annotations without a segmentation are left out.

    Args:
        path: the JSON file.
        file_of: what an entry of `images` calls its file.

    Raises:
        DataError: the file cannot be read or is not COCO's JSON of instances.
    """
    name = printable(path)
    document = read_json(path)
    if not isinstance(document, dict):
        raise DataError(f"{name} is not COCO's JSON (no object); give a file of instances.")
    pictures, annotations, categories = (
        _records(document, key, name) for key in ("images", "annotations", "categories")
    )
    labels = {key_of(row, "id", path): str(row["name"]) for row in categories if "name" in row}
    objects: dict[int | str, list[CocoObject]] = {}
    for row in annotations:
        if row.get("segmentation"):
            label = labels.get(key_of(row, "category_id", path))
            objects.setdefault(key_of(row, "image_id", path), []).append(object_of(row, label))
    found = []
    for row in pictures:
        file, width, height = size_and_file(row, file_of, path)
        number = key_of(row, "id", path)
        found.append(CocoPicture(number, file, width, height, tuple(objects.get(number, ()))))
    return found


def size_and_file(
    row: Mapping[str, Any], file_of: Callable[[Mapping[str, Any]], object], path: Path
) -> tuple[str, int, int]:
    """An entry of `images`: its file, width and height.

    Raises:
        DataError: one of them is missing.
    """
    width, height, file = row.get("width"), row.get("height"), file_of(row)
    if type(width) is not int or type(height) is not int or not isinstance(file, str):
        raise DataError(
            f"{printable(path)} has an image without file_name, width and height; add them."
        )
    return file, width, height


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        raise DataError(f"{printable(path)} cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError):
        raise DataError(f"{printable(path)} is not JSON; write it anew.") from None


def object_mask(segmentation: object, size: tuple[int, int]) -> Mask:
    """A segmentation as bool HxW: polygons, or run lengths compressed or not.

    A polygon of several closed rings in a row, which converters make of an object's parts, is
    read as these.

    Args:
        segmentation: as COCO's JSON has it.
        size: width and height of the picture.

    Raises:
        MaskError: it is damaged or of another size.
    """
    if isinstance(segmentation, Mapping):
        mask = decode_rle(segmentation, max_pixels=size[0] * size[1])
        if mask.shape != (size[1], size[0]):
            raise MaskError(
                f"a mask is {mask.shape[1]}x{mask.shape[0]} but its picture is "
                f"{size[0]}x{size[1]}; write it anew."
            )
        return mask
    if not isinstance(segmentation, Sequence) or isinstance(segmentation, str):
        raise MaskError("a segmentation is neither polygons nor run lengths; write it anew.")
    polygons = []
    for flat in segmentation:
        try:
            polygons += split_rings(np.asarray(flat, np.float64).reshape(-1, 2))
        except (TypeError, ValueError):
            raise MaskError("a polygon is no list of x and y in turn; write it anew.") from None
    return fill_polygons(polygons, size)


def instance_of(entry: CocoObject, size: tuple[int, int]) -> Instance | None:
    """The object with its mask, or None if that is empty, as of very thin polygons.

    Raises:
        MaskError: see `object_mask`.
    """
    mask = object_mask(entry.segmentation, size)
    if not mask.any():
        return None
    return Instance(mask, entry.score, entry.label, entry.predicted_iou, entry.stability)


def object_of(row: Mapping[str, Any], label: str | None) -> CocoObject:
    """An entry of `annotations`, with the name of its category."""
    return CocoObject(
        label,
        bool(row.get("iscrowd", False)),
        share_of(row, "score", 1.0) or 0.0,
        row["segmentation"],
        share_of(row, "predicted_iou"),
        share_of(row, "stability_score"),
        box_of(row.get("bbox")),
    )


def box_of(xywh: object) -> Box | None:
    """COCO's x, y, width, height as our box; None where it is no box or has no extent."""
    try:
        values = np.asarray(xywh, np.float64)
    except (TypeError, ValueError):
        return None
    if values.shape != (4,) or not np.isfinite(values).all() or (values[2:] <= 0).any():
        return None
    return Box(*from_xywh(values).tolist())


def share_of(row: Mapping[str, Any], key: str, default: float | None = None) -> float | None:
    """The number under `key` brought into [0, 1], or `default` if there is none."""
    value = row.get(key)
    if not isinstance(value, int | float) or value != value:
        return default
    return min(max(float(value), 0.0), 1.0)


def _records(document: Mapping[str, Any], key: str, name: str) -> list[dict[str, Any]]:
    rows = document.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{name} has no list of {key}; give COCO's JSON of instances.")
    return rows


def key_of(row: Mapping[str, Any], key: str, path: Path) -> int | str:
    """A number, or name, by which entries refer to each other.

    Raises:
        DataError: the entry has none.
    """
    value = row.get(key)
    if not isinstance(value, int | str):
        raise DataError(
            f"{printable(path)} has an entry without {key}; give COCO's JSON of instances."
        )
    return value
