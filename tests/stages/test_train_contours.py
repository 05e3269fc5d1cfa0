"""Training the contour head on a teacher that is drawn: it learns, keeps maps, and is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from compose.core.errors import UsageError
from compose.models.contour_net import ContourConfig, load_contour_net
from compose.stages.contour_examples import ContourExample, draw_batch
from compose.stages.train_contours import TrainContoursConfig, train_contours

CONFIG = TrainContoursConfig(
    steps=30, batch=2, side=64, rate=0.01, average=0.8, every=10, net=ContourConfig(width=8)
)


class Slopes(nn.Module):
    """A teacher: where the picture changes from left to right."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, pictures: Tensor) -> Tensor:
        self.calls += 1
        grey = pictures.mean(1, keepdim=True)
        slope = torch.zeros_like(grey)
        slope[..., 1:] = (grey[..., 1:] - grey[..., :-1]).abs()
        return (4 * slope).clamp(0, 1)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(21):
        pixels = np.full((70, 90, 3), 30, np.uint8)
        pixels[:, 20 + 2 * number : 40 + 2 * number] = 220
        Image.fromarray(pixels).save(folder / f"{number:02d}.png")
    return folder


def train(photos: Path, out: Path, teacher: Slopes, **options: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    train_contours([photos], lambda: teacher, out, CONFIG, log=rows.append, **options)
    return rows


def test_it_learns_and_writes_what_can_be_read(photos: Path, tmp_path: Path) -> None:
    rows = train(photos, tmp_path / "out", Slopes())
    assert [row["step"] for row in rows] == [10, 20, 30]
    assert rows[-1]["loss"] < 0.7 * rows[0]["loss"]
    assert rows[-1]["correlation"] > rows[0]["correlation"]
    assert load_contour_net(tmp_path / "out" / "contours.safetensors").config == CONFIG.net
    assert len((tmp_path / "out" / "contours_metrics.jsonl").read_text().splitlines()) == 3


def test_maps_are_computed_once_and_the_same_seed_gives_the_same_bytes(
    photos: Path, tmp_path: Path
) -> None:
    teacher, cache = Slopes(), tmp_path / "maps"
    for name in "ab":
        train(photos, tmp_path / name, teacher, cache=cache)
    assert teacher.calls == 21
    files = [(tmp_path / name / "contours.safetensors").read_bytes() for name in "ab"]
    assert files[0] == files[1]


def test_a_limit_takes_photographs_from_all_over_the_folder(photos: Path, tmp_path: Path) -> None:
    teacher = Slopes()
    train(photos, tmp_path / "out", teacher, limit=4)
    assert teacher.calls == 4


def test_a_folder_without_photographs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError):
        train(tmp_path / "empty", tmp_path / "out", Slopes())


def test_windows_and_their_contours_belong_together() -> None:
    """Every contour in a window lies where its picture changes, mirrored or not."""
    rgb = np.full((80, 100, 3), 20, np.uint8)
    rgb[:, 50:] = 230
    contours = np.zeros((80, 100), np.uint8)
    contours[:, 49:51] = 255
    example = ContourExample("one", rgb, contours)
    found, truth = draw_batch([example], 12, 64, np.random.default_rng(0))
    assert found.shape == (12, 3, 64, 64)
    assert truth.shape == (12, 1, 32, 32)
    seen = 0
    for picture, map_ in zip(found, truth, strict=True):
        step = (picture[0, :, 1:] - picture[0, :, :-1]).abs().mean(0)
        line = map_[0].mean(0)
        if line.max() > 0.3:
            seen += 1
            assert abs(2 * int(line.argmax()) + 1 - (int(step.argmax()) + 1)) <= 2
    assert seen >= 6
