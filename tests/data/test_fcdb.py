"""FCDB's files, read and refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compose.core.boxes import Box
from compose.core.errors import DataError
from compose.data.fcdb import (
    CropPair,
    image_path,
    inside,
    read_crops,
    read_fcdb,
    read_pairs,
)

from .crop_pictures import X1, X2, Y1, Y2, draw, marks_rectangle


def write(root: Path, name: str, rows: object) -> None:
    (root / name).write_text(json.dumps(rows), "utf-8")


def test_crops_come_as_corners_in_the_files_order(tmp_path: Path) -> None:
    # a 96 x 64 picture: x=10, y=5, 40 wide, 20 high
    rows = [{"file": "b.jpg", "crop": [10, 5, 40, 20]}, {"file": "a.jpg", "crop": [0, 0, 96, 64]}]
    write(tmp_path, "train.json", rows)
    records = read_crops(tmp_path, "train")
    assert [(r.file, r.box) for r in records] == [
        ("b.jpg", Box(10, 5, 50, 25)),
        ("a.jpg", Box(0, 0, 96, 64)),
    ]
    assert image_path(tmp_path, "a.jpg") == tmp_path / "images" / "a.jpg"


def test_pairs_of_other_photographs_are_never_seen(tmp_path: Path) -> None:
    row = {"a": [0, 0, 10, 10], "b": [5, 6, 10, 20], "votes_a": 1, "votes_b": 4}
    write(tmp_path, "pairs.json", [{"file": "train.jpg", **row}, {"file": "val.jpg", **row}])
    found = read_pairs(tmp_path, only={"train.jpg"})
    assert found == [CropPair("train.jpg", Box(0, 0, 10, 10), Box(5, 6, 15, 26), 1, 4)]
    assert len(read_pairs(tmp_path)) == 2


@pytest.mark.parametrize(
    ("votes", "clear"), [((1, 4), True), ((5, 0), True), ((2, 3), False), ((0, 5), True)]
)
def test_four_of_five_votes_are_clear(votes: tuple[int, int], clear: bool) -> None:
    box = Box(0, 0, 1, 1)
    assert CropPair("x", box, box, *votes).clear() is clear


def test_boxes_that_leave_the_picture_are_told_from_rounding() -> None:
    assert inside(Box(-1, 0, 97, 65), 96, 64)
    assert not inside(Box(0, 0, 99, 64), 96, 64)
    assert not inside(Box(-3, 0, 96, 64), 96, 64)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        '["a.jpg"]',
        '[{"crop": [1, 2, 3, 4]}]',
        '[{"file": "a.jpg", "crop": [1, 2, 3, 1e400]}]',
        '[{"file": "a.jpg", "crop": [1, 2, 3, ' + "9" * 400 + "]}]",
        '[{"file": "a.jpg"}]',
        '[{"file": "a.jpg", "crop": [1, 2, 3]}]',
        '[{"file": "a.jpg", "crop": [1, 2, 0, 3]}]',
        '[{"file": "a.jpg", "crop": "whole"}]',
    ],
)
def test_malformed_files_get_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "val.json").write_text(content)
    with pytest.raises(DataError, match=r"val\.json") as caught:
        read_crops(tmp_path, "val")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train\.json is missing"):
        read_crops(tmp_path, "train")


def test_published_and_hcics_layouts_have_corner_and_size(tmp_path: Path) -> None:
    draw(tmp_path / "data/4910_b.jpg")
    crop = [X1, Y1, X2 - X1, Y2 - Y1]
    rows = [{"url": "https://farm5.staticflickr.com/4096/4910_b.jpg", "crop": crop}]
    write(tmp_path, "cropping_testing_set.json", rows)
    (example,) = read_fcdb(tmp_path, "test")
    assert marks_rectangle(example.picture, example.boxes[0])
    (tmp_path / "cropping_testing_set.json").unlink()
    write(tmp_path, "image_crop.json", {"4910_b.jpg": crop})
    write(tmp_path, "data_split.json", {"test": ["4910_b.jpg"], "train": ["other.jpg"]})
    write(tmp_path, "human_bboxes.json", {"4910_b.jpg": [X1, Y1, X2, Y2]})
    (example,) = read_fcdb(tmp_path, "test")
    assert marks_rectangle(example.picture, example.boxes[0])
    assert example.subject == Box(X1, Y1, X2, Y2)
    with pytest.raises(DataError, match="no crop of"):
        read_fcdb(tmp_path, "train")
    with pytest.raises(DataError, match="no part"):
        read_fcdb(tmp_path, "val")


def test_our_own_layout_gives_the_same_examples(tmp_path: Path) -> None:
    draw(tmp_path / "images/a.jpg")
    write(tmp_path, "val.json", [{"file": "a.jpg", "crop": [X1, Y1, X2 - X1, Y2 - Y1]}])
    (example,) = read_fcdb(tmp_path, "val")
    assert marks_rectangle(example.picture, example.boxes[0])
    assert example.source == "a"
