"""GAICD in both of its layouts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compose.core.boxes import Box
from compose.core.errors import DataError
from compose.data.crop_example import good_crops
from compose.data.gaicd import read_gaicd
from compose.data.object_boxes import read_object_boxes

from .crop_pictures import HEIGHT, WIDTH, X1, X2, Y1, Y2, draw, marks_rectangle


@pytest.mark.parametrize("folder", ["annotations/test", "annotations"])
def test_published_texts_have_rows_first(tmp_path: Path, folder: str) -> None:
    draw(tmp_path / "images/test/7.jpg")
    (tmp_path / folder).mkdir(parents=True)
    lines = [f"{Y1} {X1} {Y2} {X2} 4.5", f"0 0 {HEIGHT} {WIDTH} -2", f"0 0 {HEIGHT} {X2} 2.25", ""]
    (tmp_path / folder / "7.txt").write_text("\n".join(lines))
    (example,) = read_gaicd(tmp_path, "test")
    assert marks_rectangle(example.picture, example.boxes[0])
    # the crop of score -2 was discarded
    assert example.scores is not None
    assert example.scores.tolist() == [4.5, 2.25]
    assert (example.source, example.subject) == ("7", None)
    assert good_crops(example, 4.0).tolist() == [[X1, Y1, X2, Y2]]


def test_json_has_x_first_and_the_person(tmp_path: Path) -> None:
    draw(tmp_path / "images/test/7.jpg")
    crops = {"7.jpg": {"bbox": [[X1, Y1, X2, Y2], [0, 0, WIDTH, HEIGHT]], "score": [4.5, -2]}}
    (tmp_path / "image_crop.json").write_text(json.dumps(crops))
    parts = {"train": [], "test": ["7.jpg"]}
    (tmp_path / "original_data_split.json").write_text(json.dumps(parts))
    (tmp_path / "human_bboxes.json").write_text(json.dumps({"7.jpg": [X1, Y1, X2, Y2]}))
    (example,) = read_gaicd(tmp_path, "test")
    assert marks_rectangle(example.picture, example.boxes[0])
    assert len(example.boxes) == 1
    assert example.subject == Box(X1, Y1, X2, Y2)
    with pytest.raises(DataError, match="no part 'val'"):
        read_gaicd(tmp_path, "val")


def test_detected_objects_have_rows_first(tmp_path: Path) -> None:
    picture = draw(tmp_path / "7.png")
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps({"7": [[Y1, X1, Y2, X2], [5, 5, 5, 9]]}))
    boxes = read_object_boxes(path)["7"]
    assert len(boxes) == 1  # the other has no extent
    assert marks_rectangle(picture, boxes[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [("1 2 3", "line 1"), ("1 2 3 4 nan", "line 1"), ("\n1 2 x 4 5", "line 2")],
)
def test_lines_that_are_no_crops_are_named(tmp_path: Path, text: str, said: str) -> None:
    draw(tmp_path / "images/test/7.jpg")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/7.txt").write_text(text)
    with pytest.raises(DataError, match=said):
        read_gaicd(tmp_path, "test")


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give GAICD's folder"):
        read_gaicd(tmp_path, "test")
    draw(tmp_path / "images/test/7.jpg")
    with pytest.raises(DataError, match=r"7\.txt is missing"):
        read_gaicd(tmp_path, "test")


@pytest.mark.data
def test_shared_annotations_are_as_published(crop_annotations: Path) -> None:
    train, test = (
        read_gaicd(crop_annotations / "bcmi/human_bboxes/GAICD", s) for s in ("train", "test")
    )
    assert (len(train), len(test)) == (1036, 200)
    for example in [*train, *test]:
        assert example.scores is not None
        assert example.scores.min() >= 1
        assert example.scores.max() <= 5
    objects = read_object_boxes(crop_annotations / "s2cnet_GAIC_object_boxes.json")
    for example in test:  # grid crops end at 23/24 of the sides, so that these tell the size
        limit = example.boxes[:, 2:].max(0) * 24 / 23 + 60
        assert (objects[example.source][:, 2:] <= limit).all()
