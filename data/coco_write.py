"""Writing instances as COCO's JSON, masks as compressed run lengths."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core.boxes import to_xywh
from ..core.files import atomic_write
from ..core.instances import Instance
from ..core.rle import encode_rle

UNNAMED = "object"  # the category of instances without a label


@dataclass(frozen=True)
class CocoEntry:
    """A picture to write with its instances."""

    file: str  # name of the picture
    size: tuple[int, int]  # width and height
    instances: Sequence[Instance]
    # further fields of each annotation, such as the iteration that found it
    extra: Sequence[Mapping[str, Any]] = field(default=())


def coco_document(entries: Sequence[CocoEntry]) -> dict[str, Any]:
    """COCO's object of images, annotations and categories, numbered from 1.

    Annotations have `score` and, where known, amg.py's `predicted_iou` and `stability_score`.
    Categories are numbered in the order of their names.
    """
    names = sorted({i.label or UNNAMED for entry in entries for i in entry.instances})
    numbers = {name: number for number, name in enumerate(names, 1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for picture, entry in enumerate(entries, 1):
        width, height = entry.size
        images.append({"id": picture, "file_name": entry.file, "width": width, "height": height})
        for index, instance in enumerate(entry.instances):
            extra = entry.extra[index] if entry.extra else {}
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": picture,
                    "category_id": numbers[instance.label or UNNAMED],
                    "segmentation": encode_rle(instance.mask),
                    "area": instance.area,
                    "bbox": to_xywh(np.array(instance.box)).tolist(),
                    "iscrowd": 0,
                    "score": round(instance.score, 6),
                    **_measures(instance),
                    **extra,
                }
            )
    categories = [{"id": number, "name": name} for name, number in numbers.items()]
    return {"images": images, "annotations": annotations, "categories": categories}


def write_coco(path: Path, entries: Sequence[CocoEntry]) -> None:
    """Write `coco_document` as one line of JSON.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps(coco_document(entries), separators=(",", ":"))
    with atomic_write(Path(path)) as part:
        part.write_text(text + "\n", "ascii")


def _measures(instance: Instance) -> dict[str, float]:
    measures = {
        "predicted_iou": instance.predicted_iou,
        "stability_score": instance.stability,
    }
    return {name: round(value, 6) for name, value in measures.items() if value is not None}
