"""Training the outline network on drawn objects: it learns, and its masks are as they should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from compose.core.errors import DataError
from compose.core.instances import Instance
from compose.models.outline_net import OutlineConfig, load_outline_net
from compose.stages import train_outlines
from compose.stages.outline_coarse import made_coarse
from compose.stages.outline_examples import held_out
from compose.stages.train_outlines import TrainOutlinesConfig, outline_loss

CONFIG = TrainOutlinesConfig(
    steps=4, batch=2, every=2, rate=0.003, average=0.5, net=OutlineConfig(width=8, fine=4)
)


def test_masks_made_coarse_have_faults_but_are_of_the_object() -> None:
    truth = cv2.circle(np.zeros((128, 128), np.uint8), (60, 60), 30, 1, -1)
    truth[80:120, 58:62] = 1  # a leg
    chance = np.random.default_rng(0)
    made = [made_coarse(truth, chance) for _ in range(40)]
    overlaps = [(m & truth).sum() / (m | truth).sum() for m in made]
    assert min(overlaps) > 0.3
    assert np.mean(overlaps) < 0.95
    legless = [m[100:120, 58:62].mean() < 0.5 for m in made]
    assert 0.3 < np.mean(legless) < 1
    assert truth[100:120, 58:62].all()  # the truth stays as it is


def test_the_loss_counts_outlines_more_and_unknown_cells_not_at_all() -> None:
    truth, counts = torch.zeros(1, 1, 32, 32), torch.ones(1, 1, 32, 32)
    truth[..., 8:24, 8:24] = 1
    right = (truth * 2 - 1) * 8

    def wrong_at(y: int, x: int) -> float:
        logits = right.clone()
        logits[..., y, x] *= -1
        return float(outline_loss(logits, truth, counts, 3.0))

    near, far = wrong_at(8, 16), wrong_at(16, 16)
    assert near > 2 * far > 0
    counts[..., 8, 16] = 0
    assert wrong_at(8, 16) < far


class Middle:
    """A segmenter that finds a box in the middle."""

    name = "middle"

    def segment(self, rgb: np.ndarray) -> list[Instance]:
        mask = np.zeros(rgb.shape[:2], bool)
        mask[20:50, 30:60] = True
        return [Instance(mask, 1.0)]


def test_with_nothing_to_learn_from_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = next(f"p{n}" for n in range(99) if held_out(f"p{n}"))
    mask = np.zeros((70, 90), np.uint8)
    mask[20:60, 30:60] = 255
    for folder, ending in (("images", "jpg"), ("masks", "png")):
        (tmp_path / folder).mkdir()
        Image.fromarray(mask).save(tmp_path / folder / f"{name}.{ending}")
    (tmp_path / "train.txt").write_text(f"{name}\n")
    monkeypatch.setattr(train_outlines, "_segmenter", Middle)
    with pytest.raises(DataError, match=r"^no photograph [^\n]+; give more [^\n]+\.$"):
        train_outlines.train_outlines([tmp_path], tmp_path / "out", CONFIG)


def test_it_writes_what_can_be_read_and_looks_at_photographs_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    for folder in ("images", "masks"):
        (data / folder).mkdir(parents=True)
    names = [f"p{n}" for n in range(20)]
    names = [n for n in names if held_out(n)][:1] + [n for n in names if not held_out(n)][:2]
    for name in names:
        mask = np.zeros((70, 90), np.uint8)
        mask[20:60, 30:60] = 255
        Image.fromarray(np.dstack([mask, 200 - mask // 2, mask])).save(
            data / "images" / f"{name}.jpg"
        )
        Image.fromarray(mask).save(data / "masks" / f"{name}.png")
    (data / "train.txt").write_text("\n".join(names) + "\n")
    opened: list[int] = []

    def open_middle() -> Middle:
        opened.append(1)
        return Middle()

    monkeypatch.setattr(train_outlines, "_segmenter", open_middle)
    rows: list[dict[str, Any]] = []
    for name in "ab":
        out = tmp_path / name
        train_outlines.train_outlines(
            [data], out, CONFIG, cache=tmp_path / "windows", log=rows.append
        )
        # once is enough, for it takes the longest
        monkeypatch.setattr(train_outlines, "export_outlines", lambda net, target: None)
    assert (tmp_path / "a" / "outlines.onnx").is_file()
    assert len(opened) == 1
    assert [row["step"] for row in rows] == [2, 4, 2, 4]
    assert rows[0]["coarse"]["iou"] == pytest.approx(0.75, abs=0.03)
    assert load_outline_net(tmp_path / "a" / "outlines.safetensors").config == CONFIG.net
    files = [(tmp_path / name / "outlines.safetensors").read_bytes() for name in "ab"]
    assert files[0] == files[1]
