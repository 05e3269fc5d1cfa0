"""Small shards in PICS's layout."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def members(number: int, objects: int = 2, order: list[int] | None = None) -> dict[str, bytes]:
    """A 40 x 30 picture with boxes that overlap; colours tell which sample it is."""
    random = np.random.default_rng(number)
    picture = np.full((30, 40, 3), 10 * (number % 20), np.uint8)
    found: dict[str, bytes] = {}
    for k in range(objects):
        x, y = 4 + 6 * k, 3 + 4 * k
        mask = np.zeros((30, 40), np.uint8)
        mask[y : y + 14, x : x + 16] = 255
        picture[mask > 0] = (200 - 60 * k, 40 + 80 * k, number % 256)
        shown = np.full((224, 224, 3), 255, np.uint8)
        shown[40:180, 30:190] = random.integers(0, 200, 3)
        found[f"obj{k}.png"], found[f"mask{k}.png"] = png(shown), png(mask)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=95)
    found["bg.jpg"] = buffer.getvalue()
    if order is not None:
        found["meta.json"] = json.dumps({"order": order}).encode()
    return found


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def write_shard(path: Path, numbers: range, objects: int = 2) -> Path:
    return write_tar(path, {
        f"{number:06d}.{part}": data
        for number in numbers for part, data in members(number, objects).items()
    })  # fmt: skip
