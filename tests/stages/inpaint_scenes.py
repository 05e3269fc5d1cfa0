"""Drawn data sets in the layouts that training and measuring of inpainting read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

PARTS = ("train", "val")


def photograph(number: int, width: int = 72, height: int = 56) -> np.ndarray:
    """Stripes of one colour for each number, slanting."""
    y, x = np.mgrid[0:height, 0:width]
    wave = 60 * np.sin((x + (number % 5) * y) / 4.0)
    colour = np.array([90 + 13 * number % 80, 120, 150 - 11 * number % 70])
    return np.clip(colour + wave[..., None], 0, 255).astype(np.uint8)


def subjects(root: Path, count: int) -> Path:
    """Salient objects: a box on each, higher from one to the next; both parts have all."""
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    for number in range(count):
        Image.fromarray(photograph(number)).save(root / "images" / f"s{number}.jpg", quality=95)
        mask = np.zeros((56, 72), np.uint8)
        mask[10 : 20 + number, 20:50] = 255
        Image.fromarray(mask).save(root / "masks" / f"s{number}.png")
    for part in PARTS:
        (root / f"{part}.txt").write_text("".join(f"s{number}\n" for number in range(count)))
    return root


def voc(root: Path) -> Path:
    """Two photographs for each part; two objects of different classes, borders, and a speck."""
    for folder in ("JPEGImages", "SegmentationClass"):
        (root / folder).mkdir(parents=True)
    for part in PARTS:
        names = [f"{part}{number}" for number in range(2)]
        for number, name in enumerate(names):
            pixels = photograph(number, 64, 48)
            Image.fromarray(pixels).save(root / "JPEGImages" / f"{name}.jpg", quality=95)
            indices = np.zeros((48, 64), np.uint8)
            indices[5:25, 4:14] = 7
            indices[30:40, 30:60] = 12
            indices[:, 0] = 255
            indices[0, 63] = 3
            Image.fromarray(indices).save(root / "SegmentationClass" / f"{name}.png")
        (root / f"{part}.txt").write_text("\n".join(names))
    return root


def coco(root: Path) -> Path:
    """One photograph for each part, with a box of 20 x 10."""
    for part in PARTS:
        folder = root / "images" / f"{part}2017"
        folder.mkdir(parents=True)
        Image.fromarray(photograph(3, 60, 40)).save(folder / f"{part}.jpg", quality=95)
        document = {
            "images": [{"id": 1, "file_name": f"{part}.jpg", "width": 60, "height": 40}],
            "annotations": [
                {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0,
                 "segmentation": [[10, 5, 30, 5, 30, 15, 10, 15]]}
            ],
            "categories": [{"id": 1, "name": "box"}],
        }  # fmt: skip
        (root / f"instances_{part}2017.json").write_text(json.dumps(document))
    return root


def fcdb(root: Path) -> Path:
    """One photograph for each part."""
    (root / "images").mkdir(parents=True)
    for number, part in enumerate(PARTS):
        Image.fromarray(photograph(number)).save(root / "images" / f"{part}.jpg", quality=95)
        rows = [{"file": f"{part}.jpg", "crop": [1, 2, 30, 20]}]
        (root / f"{part}.json").write_text(json.dumps(rows))
    (root / "pairs.json").write_text("[]")
    return root


def photographs(root: Path, count: int) -> Path:
    """A folder of photographs and nothing else."""
    root.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(photograph(number)).save(root / f"p{number}.png")
    return root
