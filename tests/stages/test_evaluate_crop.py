"""Figures of merit on cases worked out in comments."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.core.boxes import Box
from compose.core.errors import DataError
from compose.data.fcdb import CropRecord
from compose.models.crop_belief import CropBelief
from compose.stages.evaluate_crop import CropScores, compare, evaluate_engine, load_split


class Knowing:
    """An engine that believes in the left half of every picture."""

    name, side = "knowing", 64

    def read(self, rgb: np.ndarray) -> CropBelief:
        return CropBelief.certain((0, 0, 0.5, 1))


@pytest.fixture
def fcdb(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (80, 40), "grey").save(tmp_path / "images" / name)
    crops = [{"file": "a.png", "crop": [0, 0, 40, 40]}, {"file": "b.png", "crop": [40, 0, 40, 40]}]
    (tmp_path / "val.json").write_text(json.dumps(crops))
    left, right = [0, 0, 40, 40], [40, 0, 40, 40]
    pairs = [
        {"file": "a.png", "a": left, "b": right, "votes_a": 5, "votes_b": 0},  # ranked as voted
        {"file": "b.png", "a": left, "b": right, "votes_a": 1, "votes_b": 4},  # not
        {"file": "a.png", "a": left, "b": right, "votes_a": 2, "votes_b": 3},  # not clear
        {"file": "a.png", "a": left, "b": [40, 0, 60, 40], "votes_a": 5, "votes_b": 0},  # leaves
        {"file": "c.png", "a": left, "b": right, "votes_a": 5, "votes_b": 0},  # other split
    ]
    (tmp_path / "pairs.json").write_text(json.dumps(pairs))
    return tmp_path


def test_figures_of_an_engine_that_is_right_once(fcdb: Path) -> None:
    steps: list[int] = []
    found = evaluate_engine(Knowing(), load_split(fcdb, "val"), advance=lambda: steps.append(1))
    # photograph a is hit exactly; in b crop and truth share no pixel, and the left and the right
    # edge are half of the width off each: (1/2 + 0 + 1/2 + 0) / 4 = 1/4
    assert found.iou == [1.0, 0.0]
    assert found.displacement == [0.0, 0.25]
    assert found.pair_hits == [True, False]
    row = found.summary()
    assert (row["iou"], row["displacement"], row["pair_accuracy"]) == (0.5, 0.125, 0.5)
    assert (row["images"], row["pairs"], len(steps)) == (2, 2, 2)


def test_best_of_several_and_axes_of_a_non_square_picture() -> None:
    scores = CropScores("x")
    truth = CropRecord("a", Box(0, 0, 50, 100))
    boxes = np.array([[0, 0, 100, 100], [0, 0, 50, 100]], float)
    scores.add(boxes, truth, 200, 100)
    # the first shares half of its area; its right edge is 50 of 200 off: 1/4 over four edges
    assert scores.iou == [0.5]
    assert scores.best_iou == [1.0]
    assert scores.displacement == [pytest.approx(0.0625)]


def test_comparison_is_paired(fcdb: Path) -> None:
    part = load_split(fcdb, "val")
    one = evaluate_engine(Knowing(), part)
    (row,) = compare(one, [one])
    assert row["iou"] == {"difference": 0, "low": 0, "high": 0, "p": 1}


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    (tmp_path / "val.json").write_text("[]")
    with pytest.raises(DataError, match="names no photograph"):
        load_split(tmp_path, "val")
