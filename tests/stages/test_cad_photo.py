"""Photographs are read small enough, and their subjects are told from what is merely salient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.core.errors import ImageError
from compose.models.picture_look import PictureReader
from compose.stages.cad_photo import barred_parts, clear_subject, open_photo

from .cad_scenes import landscape


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


def test_what_is_surely_seen_is_not_repeated_however_large_and_lawns_are() -> None:
    saliency = np.zeros((60, 80), np.float32)
    saliency[:45] = 0.95  # too large for a subject of which the filter knows
    saliency[50:, :40] = 0.7
    assert not clear_subject(saliency).any()
    barred = barred_parts(saliency)
    assert barred[:45].all()
    assert not barred[45:].any()
