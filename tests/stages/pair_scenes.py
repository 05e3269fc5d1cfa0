"""Drawn photographs in COCO's layout, with pairs of objects whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 160, 120
RED, BLUE = (190, 60, 50), (50, 80, 180)
TALL, WIDE = (50, 20, 90, 90), (76, 56, 130, 100)  # boxes that overlap; WIDE is lower
SPECK, FAR = (4, 4, 10, 10), (4, 30, 30, 60)  # too small; it meets nothing


def polygon(box: tuple[int, int, int, int]) -> list[list[int]]:
    x1, y1, x2, y2 = box
    return [[x1, y1, x2, y1, x2, y2, x1, y2]]


def photograph(number: int = 0) -> np.ndarray:
    """Stripes, a red box, and a blue one before it."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rgb = (130 + 30 * np.sin((x + (number + 1) * y) / 7))[..., None] * np.array([1.0, 0.9, 0.8])
    texture = 12 * np.sin(x / 2) * np.sin(y / 3)
    for box, colour in ((TALL, RED), (WIDE, BLUE)):
        x1, y1, x2, y2 = box
        rgb[y1:y2, x1:x2] = np.array(colour) + texture[y1:y2, x1:x2, None]
    return np.clip(rgb, 0, 255).astype(np.uint8)


def coco_pairs(root: Path, count: int = 2) -> Path:
    """Photographs of one pair each; both masks claim what the two boxes share."""
    document: dict[str, list[dict[str, object]]] = {
        "images": [], "annotations": [], "categories": [{"id": 1, "name": "box"}],
    }  # fmt: skip
    folder = root / "images" / "val2017"
    folder.mkdir(parents=True)
    for number in range(count):
        name = f"{number}.png"
        Image.fromarray(photograph(number)).save(folder / name)
        document["images"].append(
            {"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT}
        )
        for box in (TALL, WIDE, SPECK, FAR):
            document["annotations"].append(
                {"id": len(document["annotations"]), "image_id": number, "category_id": 1,
                 "iscrowd": 0, "segmentation": polygon(box)}
            )  # fmt: skip
    (root / "instances_val2017.json").write_text(json.dumps(document))
    return root
