"""Drawn photographs whose crop can be seen: a bright shape on a dull ground, with a margin."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
from PIL import Image

from compose.models.crop_detr_config import CropDetrConfig
from compose.stages.crop_augment import CropAugmentConfig
from compose.stages.crop_sources import CropExample
from compose.stages.train_detr_config import TrainDetrConfig

TINY = CropDetrConfig(
    backbone="embedded", train_backbone=False, channels=32, heads=4, encoder=1, decoder=2,
    hidden=48, queries=6, fusion="none", square=96, dropout=0.1, stages=(2, 4),
)  # fmt: skip
TINY_MANY = dataclasses.replace(
    TINY, engine="multi-in-one", queries=4, levels=2, points=2, context="memory", norm=False
)
FAST = TrainDetrConfig(
    net=TINY, steps=6, batch=2, rate=2e-3, cosine=True, average=0.9, every=2, log=2, keep=3,
    workers=0, views=2, augment=CropAugmentConfig(square=96, mirror=0.5),
)  # fmt: skip


def scene(number: int, width: int = 120, height: int = 80) -> tuple[np.ndarray, list[float]]:
    """A picture HxWx3, and its crop x1, y1, x2, y2."""
    random = np.random.default_rng(number)
    rgb = random.integers(60, 90, (height, width, 3)).astype(np.uint8)
    w, h = random.integers(20, 40), random.integers(16, 30)
    x, y = random.integers(8, width - w - 8), random.integers(8, height - h - 8)
    rgb[y : y + h, x : x + w] = random.integers(150, 255, 3)
    return rgb, [float(x - 8), float(y - 8), float(x + w + 8), float(y + h + 8)]


def examples(folder: Path, count: int = 8, write: bool = True) -> list[CropExample]:
    """Written as files, with a bad crop beside the good one."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number in range(count):
        rgb, crop = scene(number)
        path = folder / f"{number}.png"
        if write:
            Image.fromarray(rgb).save(path)
        boxes = np.array([crop, [0, 0, 60, 40]], np.float64)
        found.append(CropExample(path, boxes, np.array([5.0, 2.0]), path.name))
    return found


def fcdb(folder: Path, count: int = 8) -> Path:
    """The same in the layout of FCDB."""
    rows, pairs = [], []
    for example in examples(folder / "images", count):
        x1, y1, x2, y2 = example.boxes[0]
        crop = [x1, y1, x2 - x1, y2 - y1]
        rows.append({"file": example.picture.name, "crop": crop})
        pairs.append({"file": example.picture.name, "a": crop, "b": [0, 0, 60, 40],
                      "votes_a": 4, "votes_b": 1})  # fmt: skip
    for name, values in (("train", rows), ("val", rows[:2]), ("pairs", pairs)):
        (folder / f"{name}.json").write_text(json.dumps(values))
    return folder


def painted(folder: Path, count: int = 4) -> Path:
    """In the layout of CAD: the crop is the original's region."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        rgb, crop = scene(number)
        Image.fromarray(rgb).save(folder / f"{100 + number}_0.png")
        (folder / f"{100 + number}_0.txt").write_text(" ".join(map(str, crop)) + " 5\n")
    return folder
