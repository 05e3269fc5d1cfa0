"""A drawn scene, and networks so small that a sketch of it takes a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from compose.stages.sketch import SketchTools
from compose.stages.sketch_config import SketchConfig

WIDTH, HEIGHT = 120, 80
BOX = (80, 20, 108, 60)  # of the square in the scene


class Blur:
    """An encoder whose features are the picture itself, coarsely."""

    name, source = "blur", "average pooling"

    def features(self, pictures: Tensor) -> list[Tensor]:
        return [F.adaptive_avg_pool2d(pictures, (6, 8))]

    def distance(self, sketch: list[Tensor], target: list[Tensor]) -> Tensor:
        return (sketch[0] - target[0]).square().flatten(1).mean(1)

    def embedding(self, pictures: Tensor) -> Tensor:
        return F.normalize(self.features(pictures)[0].flatten(1), dim=1)


class Right:
    """A finder of subjects that likes what is on the right; `sure`: how much, in [0,1]."""

    name = "right"

    def __init__(self, sure: float = 1) -> None:
        self.sure = sure

    def read(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        values = np.zeros(rgb.shape[:2], np.float32)
        values[:, round(0.6 * rgb.shape[1]) :] = self.sure
        return values


class Outlines:
    """A finder of contours: the picture's gradient. `seen`: shapes and sides that it was given."""

    name = "outlines"

    def __init__(self) -> None:
        self.seen: list[tuple[tuple[int, ...], int]] = []

    def read(self, rgb: NDArray[np.uint8], side: int = 448) -> NDArray[np.float32]:
        self.seen.append((rgb.shape, side))
        grey = cv2.GaussianBlur(rgb.astype(np.float32).mean(-1), (0, 0), 2)
        slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
        return np.asarray(np.clip(slope / max(float(slope.max()), 1), 0, 1), np.float32)


def scene() -> NDArray[np.uint8]:
    """A blue square on the right, a red disc on the left, lines below."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rgb = np.full((HEIGHT, WIDTH, 3), 235, np.uint8)
    rgb[(x - 35) ** 2 + (y - 35) ** 2 < 22**2] = (190, 30, 30)
    rgb[BOX[1] : BOX[3], BOX[0] : BOX[2]] = (30, 40, 160)
    rgb[70:72, 5:115] = 20
    return rgb


def write_scene(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(scene()).save(path)
    return path


def tools(**changes: Any) -> SketchTools:
    return SketchTools(**({"encoder": Blur(), "saliency": Right()} | changes))


def tiny(**changes: Any) -> SketchConfig:
    """Two sketches of ten lines in two rounds of four iterations."""
    values = {"strokes": 10, "washes": 0, "rounds": 2, "sketches": 2, "iterations": 4, "canvas": 48}
    return SketchConfig(**(values | {"structure_share": 0.5, "views": 1} | changes))


def state_of(fit: Any) -> dict[str, bytes]:
    """All of a state but the time that it took."""
    arrays = fit.state()
    del arrays["seconds"]
    return {name: array.tobytes() for name, array in arrays.items()}


def close(a: Tensor, b: Tensor) -> bool:
    return bool(torch.allclose(a, b, atol=1e-6))
