"""Every data set in its published layout: ids, classes, crowds, boxes and masks."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from compose.core.boxes import Box
from compose.core.errors import DataError, InputError, UsageError
from compose.data.raw import RawPicture
from compose.data.raw_objects365 import read_boxes
from compose.data.raw_sets import KINDS, RawSet, parse_raw

from .raw_trees import (
    GROUP,
    HEIGHT,
    RECTS,
    SEEN,
    SPECK,
    TALL,
    TREES,
    WIDE,
    WIDTH,
    bdd100k_tree,
    coco_tree,
    objects365_boxes,
    rect_mask,
    xywh,
)

SIZE = WIDTH, HEIGHT
# of each set: its objects in order as (rectangle, class, crowd), and whether masks overlap
EXPECTED = {
    "coco": ([(SPECK, "box", 0), (TALL, "box", 0), (GROUP, "car", 1), (WIDE, "box", 0)], True),
    "lvis": ([(SPECK, "box", 0), (TALL, "box", 0), (WIDE, "box", 0)], True),
    "vitonhd": ([(SPECK, "hat", 0), (WIDE, "upper clothes", 0), (TALL, "pants", 0),
                 (GROUP, "face", 0)], False),
    "objects365": ([(SPECK, None, 0), (TALL, None, 0), (GROUP, None, 1), (WIDE, None, 0)], True),
    "cityscapes": ([(SPECK, "car", 0), (TALL, "car", 0), (GROUP, "car", 1), (WIDE, "truck", 0)],
                   False),
    "mapillary": ([(WIDE, "bus", 0), (SPECK, "car", 0), (TALL, "car", 0)], False),
    "bdd100k": ([(SPECK, "car", 0), (TALL, "car", 0), (GROUP, "car", 1), (WIDE, "bus", 0)], False),
}  # fmt: skip
WITH_BOXES = {"coco", "lvis", "objects365", "bdd100k"}


def check(pictures: list[RawPicture], name: str, *, boxes: bool) -> None:
    assert [picture.id for picture in pictures] == sorted(picture.id for picture in pictures)
    expected, claimed = EXPECTED[name]
    filled = 0
    for sent in pictures:
        picture = pickle.loads(pickle.dumps(sent))  # as to another process
        assert picture.photo.is_file()
        objects = picture.objects()
        filled += bool(objects)
        for each, (rect, label, crowd) in zip(objects, expected, strict=bool(objects)):
            assert (each.label, each.crowd) == (label, bool(crowd))
            truth = rect_mask(rect) if claimed else SEEN[rect]
            assert (each.shape.mask(SIZE) == truth).all(), (name, rect)
            assert each.box == (Box(*map(float, rect)) if boxes else None)
        if objects and name != "objects365":  # whose files do not tell a size
            with pytest.raises(InputError):
                objects[0].shape.mask((WIDTH // 4, 200))
    assert (filled, len(pictures)) == (2, 3)


@pytest.mark.parametrize("name", list(KINDS))
def test_sets_are_read_in_their_layouts(name: str, tmp_path: Path) -> None:
    tree = TREES[name](tmp_path)
    check(RawSet(name, tree).pictures("train"), name, boxes=name in WITH_BOXES)
    with pytest.raises(DataError) as caught:
        RawSet(name, tree).pictures("val")
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="no folder"):
        RawSet(name, tree / "nowhere").pictures("train")


def test_coco_is_read_with_its_json_beside_the_pictures(tmp_path: Path) -> None:
    pictures = RawSet("coco", coco_tree(tmp_path, inside="")).pictures("train")
    check(pictures, "coco", boxes=True)


def test_bitmasks_are_read_like_run_lengths(tmp_path: Path) -> None:
    pictures = RawSet("bdd100k", bdd100k_tree(tmp_path, bitmasks=True)).pictures("train")
    check(pictures, "bdd100k", boxes=False)


def test_cityscapes_knows_who_is_in_front(tmp_path: Path) -> None:
    first = RawSet("cityscapes", TREES["cityscapes"](tmp_path)).pictures("train")[0]
    layers = [each.layer for each in first.objects()]
    assert None not in layers
    assert layers == sorted(layers)


def test_objects365_without_masks_says_what_to_do(tmp_path: Path) -> None:
    root = objects365_boxes(tmp_path)
    with pytest.raises(DataError, match="annotate"):
        RawSet("objects365", root).pictures("train")
    boxed = read_boxes(root, "train")
    assert [picture.number for picture in boxed] == [101, 102, 103]
    assert all(picture.photo.is_file() for picture in boxed)
    assert boxed[0].labels == root / "labels/train/patch16/objects365_v2_00000001.json"
    assert [each.box for each in boxed[0].boxes] == [Box(*map(float, rect)) for rect in RECTS]
    assert [each.label for each in boxed[1].boxes] == ["Storage box"] * 4
    assert boxed[2].boxes == ()


def test_lvis_leaves_no_folder(tmp_path: Path) -> None:
    path = TREES["lvis"](tmp_path) / "lvis_v1_train.json"
    document = json.loads(path.read_text())
    document["images"][0]["coco_url"] = "http://x/etc/passwd"
    path.write_text(json.dumps(document))
    with pytest.raises(DataError, match="file_name"):
        RawSet("lvis", tmp_path).pictures("train")


@pytest.mark.parametrize("name", ["coco", "lvis", "bdd100k", "mapillary"])
def test_damaged_json_is_one_sentence(name: str, tmp_path: Path) -> None:
    TREES[name](tmp_path)
    path = next(path for path in tmp_path.rglob("*.json"))
    for text in ('{"images": 3', "[3]", '{"frames": [1], "images": [], "labels": 2}'):
        path.write_text(text)
        with pytest.raises(DataError) as caught:
            RawSet(name, tmp_path).pictures("train")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("row", [
    {"bbox": xywh(TALL)}, {"bbox": "x", "segmentation": [[1, 2]]},
    {"bbox": [1, 2, 0, 5], "segmentation": {"size": [1], "counts": "x"}},
    {"bbox": [1, 2, float("nan"), 5], "segmentation": [[1, 2, "a", 4, 5, 6]]},
])  # fmt: skip
def test_odd_annotations_are_left_out_or_refused(row: dict[str, object], tmp_path: Path) -> None:
    path = coco_tree(tmp_path) / "annotations" / "instances_train2017.json"
    document = json.loads(path.read_text())
    document["annotations"] = [{"id": 1, "image_id": 1, "category_id": 7, **row}]
    path.write_text(json.dumps(document))
    objects = RawSet("coco", tmp_path).pictures("train")[0].objects()
    assert len(objects) == ("segmentation" in row)
    for each in objects:
        assert each.box is None
        with pytest.raises(InputError):
            each.shape.mask(SIZE)


def test_what_raw_means(tmp_path: Path) -> None:
    assert parse_raw([f"coco:{tmp_path}"]) == [RawSet("coco", tmp_path)]
    for wrong in ("coco", "coco:", "voc:x", ":x"):
        with pytest.raises(UsageError, match="NAME:DIR"):
            parse_raw([wrong])
    with pytest.raises(UsageError, match="twice"):
        parse_raw(["coco:a", "coco:b"])
