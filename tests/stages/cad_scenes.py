"""Drawn photographs that are expanded, and what stands for networks beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from compose.stages.cad_photo import Photo


def landscape(width: int = 160, height: int = 100, seed: int = 0) -> NDArray[np.uint8]:
    """A sky that gets lighter towards a grainy meadow, and a dark disc that stands on it."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    picture = np.zeros((height, width, 3))
    picture[:] = np.array([90, 140, 220]) + 60 * (rows / height)[..., None]
    ground = rows > 0.6 * height
    picture[ground] = np.array([70, 130, 50])
    picture += random.normal(0, 6, (height, width, 1)) * np.where(ground, 2.5, 0.4)[..., None]
    disc = (columns - 0.5 * width) ** 2 + (rows - 0.55 * height) ** 2 < (0.16 * height) ** 2
    picture[disc] = (120, 30, 30)
    return np.clip(picture, 0, 255).astype(np.uint8)


def photo(width: int = 160, height: int = 100, seed: int = 0) -> Photo:
    """The drawn photograph with its disc marked."""
    rgb = landscape(width, height, seed)
    subject = (rgb == (120, 30, 30)).all(2)
    return Photo(rgb, subject, subject, subject, (width, height), (0.0, 0.0, 1.0, 1.0))


def save_photos(folder: Path, count: int, *, width: int = 160, height: int = 100) -> Path:
    """A folder with drawn photographs `0.png`, `1.png`, …"""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.fromarray(landscape(width, height, number)).save(folder / f"{number}.png")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
