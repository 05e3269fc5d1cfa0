"""Frames are taken off, skies are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.core.errors import ImageError
from compose.models.picture_look import PictureReader
from compose.stages.cad_photo import clear_subject, open_photo, without_frame

from .cad_scenes import landscape


def framed(width: int, colour: tuple[int, int, int]) -> np.ndarray:
    picture = np.full((100 + 2 * width, 160 + 2 * width, 3), colour, np.uint8)
    picture[width : width + 100, width : width + 160] = landscape()
    return picture


@pytest.mark.parametrize("width", [1, 3, 6])
@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)])
def test_a_frame_goes_and_hardly_more(width: int, colour: tuple[int, int, int]) -> None:
    x1, y1, x2, y2 = without_frame(framed(width, colour))
    for edge, exact in ((x1, width), (y1, width), (160 + 2 * width - x2, width)):
        assert exact <= edge <= exact + 3
    assert 0 <= 100 + 2 * width - y2 - width <= 3


def test_a_frame_within_a_frame_goes_too() -> None:
    inner = framed(3, (255, 255, 255))
    outer = np.zeros((inner.shape[0] + 8, inner.shape[1] + 8, 3), np.uint8)
    outer[4:-4, 4:-4] = inner
    x1, y1, x2, _ = without_frame(outer)
    assert 7 <= x1 <= 11
    assert 7 <= y1 <= 11
    assert 7 <= outer.shape[1] - x2 <= 11


def test_what_has_no_frame_stays_whole() -> None:
    picture = landscape()
    assert without_frame(picture) == (0, 0, 160, 100)
    picture[:30] = 200  # an even sky is no frame
    assert without_frame(picture) == (0, 0, 160, 100)
    assert without_frame(np.full((80, 90, 3), 17, np.uint8)) == (0, 0, 90, 80)


def test_photographs_are_read_small_enough_and_tiny_ones_refused(tmp_path: Path) -> None:
    reader = PictureReader()
    Image.fromarray(landscape(1400, 1100)).save(tmp_path / "large.png")
    photo = open_photo(tmp_path / "large.png", reader)
    assert max(photo.width, photo.height) <= 1024
    assert photo.original == (1400, 1100)
    assert photo.subject.shape == photo.rgb.shape[:2]
    disc = photo.subject[photo.height // 2, photo.width // 2]
    assert disc
    assert not photo.subject[: photo.height // 8].any()
    Image.fromarray(landscape(60, 40)).save(tmp_path / "tiny.png")
    with pytest.raises(ImageError, match="larger one"):
        open_photo(tmp_path / "tiny.png", reader)


def test_only_what_stands_out_clearly_is_a_subject() -> None:
    saliency = np.zeros((60, 80), np.float32)
    saliency[5:20, 5:20] = 0.95
    saliency[30:50, 5:20] = 0.7
    found = clear_subject(saliency)
    assert found[5:20, 5:20].all()
    assert found.sum() == 15 * 15
    assert not clear_subject(np.ones((60, 80), np.float32)).any()
