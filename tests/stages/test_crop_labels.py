"""Which proposals become labels, worked out by hand, and training in rounds with them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from compose.core.errors import DataError, ModelError
from compose.models.crop_detr import CropDetr
from compose.stages.crop_feed import CropFeed
from compose.stages.crop_labels import (
    ORIGINAL,
    PREDICTED,
    RefineRule,
    difference,
    first_labels,
    read_labels,
    refined,
    snapped,
    with_labels,
)
from compose.stages.crop_sources import Mixture, painted_examples
from compose.stages.train_detr_config import TrainDetrConfig
from compose.stages.train_detr_weak import train_weak
from compose.stages.train_state import checkpoints

from .crop_scenes import FAST, examples, painted

RULE = RefineRule()
SIZE = (400, 300)
FIRST = (100.0, 100.0, 200.0, 200.0, 10.0, ORIGINAL)


def test_the_difference_by_hand() -> None:
    a, b = np.array([0.0, 0, 200, 100]), np.array([0.0, 0, 100, 100])
    # areas 20000 and 10000: 2 * 1; edges: 100 of a side of 100
    assert difference(a, b) == pytest.approx(2 + 1)
    assert difference(b, b) == 0
    # shifted by a tenth of the width: two edges
    assert difference(np.array([10.0, 0, 110, 100]), b) == pytest.approx(0.2)


def test_aspects_are_snapped() -> None:
    near = snapped(np.array([10.0, 10, 110, 109]), SIZE, RULE)  # 100:99, of 1:1
    assert near is not None
    assert near.tolist() == pytest.approx([10, 10, 109, 109])
    assert snapped(np.array([10.0, 10, 130, 120]), SIZE, RULE) is None  # 1.09
    tall = snapped(np.array([0.0, 0, 100, 151]), SIZE, RULE)  # 2:3 by its width
    assert tall is not None
    assert (tall[2] - tall[0]) / (tall[3] - tall[1]) == pytest.approx(2 / 3)
    # wide to the border: the lower edge moves instead
    edge = snapped(np.array([300.0, 0, 400, 102]), SIZE, RULE)
    assert edge is not None
    assert edge.tolist() == pytest.approx([300, 0, 400, 100])


def test_refinement_by_hand() -> None:
    boxes = np.array([
        [98.0, 98, 202, 202],  # differs from the original by .24 (area .0816*2, edges .08)
        [80, 80, 240, 240],  # kept: 1:1, holds the original
        [82, 80, 242, 240],  # like the one before
        [150, 150, 250, 250],  # holds a quarter of the original
        [50, 90, 270, 220],  # aspect 1.69, none
        [40, 40, 340, 265],  # 4:3, kept, less likely
        [0, 0, 300, 300],  # too unlikely
    ])  # fmt: skip
    scores = np.array([0.9, 0.8, 0.79, 0.7, 0.65, 0.6, 0.2])
    found = refined([FIRST], boxes, scores, SIZE)
    assert found[0] == FIRST
    assert [label[4] for label in found[1:]] == pytest.approx([9, 8, 6])
    assert [label[:4] for label in found[2:]] == [(80, 80, 240, 240), (40, 40, 340, 265)]
    assert {label[5] for label in found[1:]} == {PREDICTED}
    again = refined(found, boxes[:0], scores[:0], SIZE)
    assert [label[:5] for label in again] == [label[:5] for label in found]
    assert {label[5] for label in again[1:]} == {"old"}
    few = refined([FIRST], boxes, scores, SIZE, dataclasses.replace(RULE, most=1))
    assert len(few) == 2
    assert few[1][4] == pytest.approx(9)


def test_rounds_keep_every_version_of_the_labels(tmp_path: Path) -> None:
    weak = painted_examples(painted(tmp_path / "cad"))
    drawn = examples(tmp_path / "drawn", 4)
    config = dataclasses.replace(FAST, steps=6)

    def feed(mixture: Mixture, stage: TrainDetrConfig) -> CropFeed:
        return CropFeed(mixture, stage.net, stage.augment, stage.loss.targets, views=stage.views)

    def train(folder: Path, resume: str | None = None) -> list[Path]:
        torch.manual_seed(0)
        rule = dataclasses.replace(RULE, score=0.0, cover=0.0, near=9.0)  # nearly all is kept
        return train_weak(CropDetr(config.net), weak, drawn, folder, config, feed, rounds=2,
                          rule=rule, resume=resume)  # fmt: skip

    files = train(tmp_path / "run")
    run = tmp_path / "run"
    assert [path.name for path in files] == ["procrop.safetensors", "metrics.jsonl", "config.json"]
    versions = [json.loads((run / "labels" / f"v000{n}.json").read_text()) for n in (1, 2, 3)]
    assert [v["version"] for v in versions] == [1, 2, 3]
    assert versions[0]["made"] == {"by": "originals"}
    assert versions[1]["made"]["by"] == "stage-1/procrop.safetensors"
    assert versions[2]["made"]["by"] == "stage-2-1/procrop.safetensors"
    assert versions[1]["made"]["added"] > 0
    for version in versions:
        for name, rows in version["labels"].items():
            assert rows[0][5] == ORIGINAL
            own = next(e for e in weak if e.picture.name == name)
            assert rows[0][:4] == own.boxes[0].tolist()
            assert len(rows) <= 5
    assert files[0].read_bytes() == (run / "stage-2-2" / "procrop.safetensors").read_bytes()
    # what is done is taken as done
    proposed = run / "labels" / "v0003.json"
    before, ended = proposed.stat().st_mtime_ns, files[0].read_bytes()
    (run / "stage-2-2" / "procrop.safetensors").unlink()
    again = train(run, resume="auto")
    assert proposed.stat().st_mtime_ns == before
    assert again[0].read_bytes() == ended
    # but not where it was done otherwise, and of a former run nothing is left
    config = dataclasses.replace(config, rate=1e-4)
    with pytest.raises(ModelError, match="other settings"):
        train(run, resume="auto")
    config = dataclasses.replace(config, steps=3)
    own = run / "labels" / "v001" / "mine.txt"  # as in a folder of CAD
    own.parent.mkdir()
    own.write_text("the user's")
    train(run)
    assert own.read_text() == "the user's"
    assert [p.name for p in checkpoints(run / "stage-1")] == ["step-0000001"]


def test_labels_that_are_none(tmp_path: Path) -> None:
    weak = painted_examples(painted(tmp_path / "cad", 2))
    labels = first_labels(weak)
    del labels["100_0.png"]
    with pytest.raises(DataError, match="make them anew"):
        with_labels(weak, labels)
    (tmp_path / "v.json").write_text('{"labels": {"a": [[1, 2]]}}')
    with pytest.raises(DataError, match="no labels"):
        read_labels(tmp_path / "v.json")
