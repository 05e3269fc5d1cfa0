"""A drawn picture and an engine with opinions; nothing here is read from outside."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from compose.models.crop_belief import CropBelief

WIDTH, HEIGHT = 96, 64


class Voters:
    """An engine that has seen three photographers crop, and what it was given."""

    name, side = "voters", 64

    def __init__(self):
        self.seen = []

    def read(self, rgb):
        self.seen.append(rgb)
        boxes = np.array([[0.1, 0.1, 0.7, 0.8], [0.4, 0.2, 1, 1], [0, 0, 1, 0.6]])
        return CropBelief(boxes, np.array([0.5, 0.3, 0.2]))


@pytest.fixture
def voters():
    return Voters()


@pytest.fixture
def drawn():
    """HxWx3, unlike itself everywhere: red tells the column, green the row."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([2 * x, 3 * y, 255 - x - y], -1).astype(np.uint8)


@pytest.fixture
def photo(tmp_path, drawn):
    path = tmp_path / "in" / "photo.png"
    path.parent.mkdir()
    Image.fromarray(drawn).save(path)
    return path
