"""CPC in both of its layouts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compose.core.boxes import Box
from compose.core.errors import DataError
from compose.data.cpc import RAW, read_cpc
from compose.data.human_boxes import read_human_boxes

from .crop_pictures import HEIGHT, WIDTH, X1, X2, Y1, Y2, draw, marks_rectangle

CROPS = [[X1, Y1, X2, Y2], [0, 0, WIDTH, HEIGHT]]


def test_raw_files_are_json_in_a_json_string(tmp_path: Path) -> None:
    draw(tmp_path / "images/a.b.jpg")
    (tmp_path / RAW).mkdir()
    inner = json.dumps({"scores": [[3, 0], [1, 1], [2, 2]], "bboxes": CROPS})
    (tmp_path / RAW / "a.b.jpg.txt").write_text(json.dumps(inner))
    (example,) = read_cpc(tmp_path)
    assert marks_rectangle(example.picture, example.boxes[0])
    # three raters: (3 + 1 + 2) / 3 and (0 + 1 + 2) / 3
    assert example.scores is not None
    assert example.scores.tolist() == [2, 1]
    assert example.source == "a.b"


def test_parts_are_folders(tmp_path: Path) -> None:
    draw(tmp_path / "images/train/a.jpg")
    (tmp_path / RAW / "train").mkdir(parents=True)
    inner = json.dumps({"scores": [[3, 0]], "bboxes": CROPS})
    (tmp_path / RAW / "train" / "a.jpg.txt").write_text(json.dumps(inner))
    (example,) = read_cpc(tmp_path, "train")
    assert marks_rectangle(example.picture, example.boxes[0])


def test_json_of_hcic_with_its_person(tmp_path: Path) -> None:
    draw(tmp_path / "images/a.jpg")
    table = {"a.jpg": {"bboxes": CROPS, "scores": [2.5, 0.5]}}
    (tmp_path / "image_crop.json").write_text(json.dumps(table))
    person = {"a.jpg": {"bbox": [X1, Y1, X2, Y2], "weight": WIDTH, "height": HEIGHT}}
    (tmp_path / "human_bboxes.json").write_text(json.dumps(person))
    (example,) = read_cpc(tmp_path)
    assert marks_rectangle(example.picture, example.boxes[0])
    assert example.subject == Box(X1, Y1, X2, Y2)


@pytest.mark.parametrize(
    "content",
    ["", '"no json"', "[]", json.dumps({"scores": [[1]], "bboxes": CROPS}), '{"bboxes": []}'],
)
def test_malformed_files_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / RAW).mkdir()
    (tmp_path / RAW / "a.jpg.txt").write_text(content)
    with pytest.raises(DataError, match=r"a\.jpg\.txt"):
        read_cpc(tmp_path)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give CPC's folder"):
        read_cpc(tmp_path)


@pytest.mark.data
def test_shared_persons_stay_in_their_photographs(crop_annotations: Path) -> None:
    folder = crop_annotations / "bcmi/human_bboxes/CPC"
    sizes = json.loads((folder / "human_bboxes.json").read_text())
    found = read_human_boxes(folder)
    assert len(found) == len(sizes) == 1154
    for name, box in found.items():
        assert box.x2 <= sizes[name]["weight"]
        assert box.y2 <= sizes[name]["height"]
