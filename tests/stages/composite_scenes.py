"""Drawn objects and backgrounds whose composites are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from compose.core.boxes import Box
from compose.data.scene_layout import ObjectSpec, SceneSpec
from compose.stages.composite_engine import Placed, Scene

WIDTH, HEIGHT = 200, 150
RED, BLUE = (200, 40, 30), (30, 60, 200)


def ground(seed: int = 0) -> np.ndarray:
    """A textured meadow below a plain sky."""
    random = np.random.default_rng(seed)
    rgb = np.full((HEIGHT, WIDTH, 3), (150, 180, 220), np.uint8)
    rgb[60:] = random.integers(60, 150, (HEIGHT - 60, WIDTH, 3))
    return rgb


def block(width: int, height: int, colour: tuple[int, int, int], margin: int = 4) -> np.ndarray:
    """RGBA: an opaque block, what is transparent about it of a loud colour."""
    rgba = np.zeros((height + 2 * margin, width + 2 * margin, 4), np.uint8)
    rgba[..., :3] = (255, 0, 255)
    rgba[margin : margin + height, margin : margin + width] = (*colour, 255)
    return rgba


def placed(
    colour: tuple[int, int, int], box: tuple[int, int, int, int], name: str = "block"
) -> Placed:
    """An opaque block that fills its box."""
    height, width = box[3] - box[1], box[2] - box[0]
    rgb = np.broadcast_to(np.array(colour, np.float32) / 255, (height, width, 3)).copy()
    return Placed(name, rgb, np.ones((height, width), np.float32), box, box)


def scene(*objects: Placed, order: tuple[int, ...] | None = None, **more: object) -> Scene:
    """Objects in the meadow."""
    chosen = tuple(range(len(objects))) if order is None else order
    return Scene(ground(), objects, chosen, **more)


def write_pair(folder: Path) -> SceneSpec:
    """A background and two blocks that overlap, as files."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(ground()).save(folder / "ground.png")
    Image.fromarray(block(40, 50, RED)).save(folder / "red.png")
    Image.fromarray(block(50, 30, BLUE)).save(folder / "blue.png")
    return SceneSpec(
        folder / "ground.png",
        (
            ObjectSpec(folder / "red.png", Box(40, 60, 80, 110)),
            ObjectSpec(folder / "blue.png", Box(60, 100, 110, 130)),
        ),
    )
