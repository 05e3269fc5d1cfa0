"""COCO's JSON: what is written is read by us and by pycocotools; damage gets one sentence."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from compose.core.errors import DataError, MaskError
from compose.core.instances import Instance
from compose.data.coco import instance_of, object_mask, read_coco
from compose.data.coco_write import CocoEntry, write_coco

SIZE = (20, 12)  # width, height


def mask(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    found = np.zeros(SIZE[::-1], bool)
    found[y1:y2, x1:x2] = True
    return found


def document(*annotations: dict[str, Any]) -> dict[str, Any]:
    base = {"image_id": 7, "category_id": 3, "iscrowd": 0}
    return {
        "images": [{"id": 7, "file_name": "val/ä.jpg", "width": 20, "height": 12}],
        "annotations": [{"id": i, **base, **row} for i, row in enumerate(annotations)],
        "categories": [{"id": 3, "name": "cat"}],
    }


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools
def test_what_is_written_is_read_by_us_and_by_pycocotools(tmp_path: Path) -> None:
    first = Instance(mask(2, 3, 9, 8), 0.75, "dog", 0.9, 0.8)
    second = Instance(mask(0, 0, 1, 12), 0.5)
    entries = [
        CocoEntry("a.jpg", SIZE, [first, second], [{"iteration": 0}, {"iteration": 2}]),
        CocoEntry("b\udcff.jpg", (4, 3), []),
    ]
    write_coco(tmp_path / "out.json", entries)
    pictures = read_coco(tmp_path / "out.json")
    assert [(p.file, p.width, p.height) for p in pictures] == [
        ("a.jpg", 20, 12),
        ("b\udcff.jpg", 4, 3),
    ]
    for entry, expected in zip(pictures[0].objects, (first, second), strict=True):
        found = instance_of(entry, SIZE)
        assert found is not None
        np.testing.assert_array_equal(found.mask, expected.mask)
        assert (found.score, found.label or "object") == (
            expected.score,
            expected.label or "object",
        )
        assert (found.predicted_iou, found.stability) == (
            expected.predicted_iou,
            expected.stability,
        )
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = COCO(str(tmp_path / "out.json"))
    rows = theirs.loadAnns(theirs.getAnnIds(imgIds=[1]))
    np.testing.assert_array_equal(theirs.annToMask(rows[0]) > 0, first.mask)
    assert rows[0]["bbox"] == [2, 3, 7, 5]
    assert rows[0]["area"] == 35
    assert [row["iteration"] for row in rows] == [0, 2]


def test_polygons_run_lengths_and_crowds(tmp_path: Path) -> None:
    counts = [27, 5, 208]  # column by column: rows 3 to 7 of column 2
    squeezed = coco_mask.encode(np.asfortranarray(mask(1, 2, 5, 9).astype(np.uint8)))
    rows = document(
        {"segmentation": [[2, 1, 7, 1, 7, 4, 2, 4], [10, 5, 12, 5, 12, 8, 10, 8]]},
        {"segmentation": {"size": [12, 20], "counts": counts}, "iscrowd": 1},
        {"segmentation": {"size": [12, 20], "counts": squeezed["counts"].decode()}},
        {"segmentation": []},
        {"segmentation": [[1, 1, 1, 1, 1, 1]], "category_id": 99, "score": 7},
    )
    (tmp_path / "in.json").write_text(json.dumps(rows))
    (picture,) = read_coco(tmp_path / "in.json")
    assert picture.base == "ä.jpg"
    assert [o.crowd for o in picture.objects] == [False, True, False, False]
    assert [o.label for o in picture.objects] == ["cat", "cat", "cat", None]
    expected = [mask(2, 1, 7, 4) | mask(10, 5, 12, 8), mask(2, 3, 3, 8), mask(1, 2, 5, 9)]
    for entry, truth in zip(picture.objects[:3], expected, strict=True):
        np.testing.assert_array_equal(object_mask(entry.segmentation, SIZE), truth)
    assert picture.objects[3].score == 1
    assert instance_of(picture.objects[3], SIZE) is None


def test_parts_that_a_converter_joined_into_one_polygon_are_read_as_parts() -> None:
    joined = [[2, 1, 7, 1, 7, 4, 2, 4, 2, 1, 10, 5, 12, 5, 12, 8, 10, 8, 10, 5]]
    joined[0] += [15, 1, 18, 1, 18, 4, 15, 4, 15, 1]
    truth = mask(2, 1, 7, 4) | mask(10, 5, 12, 8) | mask(15, 1, 18, 4)
    np.testing.assert_array_equal(object_mask(joined, SIZE), truth)


@pytest.mark.parametrize(
    ("segmentation", "reason"),
    [
        ({"size": [20, 12], "counts": [240]}, "12x20 but its picture is 20x12"),
        ({"size": [12, 20], "counts": [3]}, "do not add up"),
        ([[1, 2, 3]], "no list of x and y"),
        ([["a", "b", "c", "d", "e", "f"]], "no list of x and y"),
        ([[1, 2, 3, 4]], "fewer than three corners"),
        ([[1, 1, 1e300, 1, 1, 5]], "far outside"),
        ("polygon", "neither polygons nor run lengths"),
        (5, "neither polygons nor run lengths"),
    ],
)
def test_damaged_segmentations(segmentation: object, reason: str) -> None:
    with pytest.raises(MaskError, match=reason):
        object_mask(segmentation, SIZE)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "no object"),
        ('{"images": []}', "no list of annotations"),
        ('{"images": [1], "annotations": [], "categories": []}', "no list of images"),
        ('{"images": [{"id": 1}], "annotations": [], "categories": []}', "without file_name"),
        (
            '{"images": [], "annotations": [{"segmentation": [[1]]}], "categories": []}',
            "without category_id",
        ),
    ],
)
def test_other_files_get_one_sentence(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "in.json").write_text(text)
    with pytest.raises(DataError, match=reason):
        read_coco(tmp_path / "in.json")
    with pytest.raises(DataError, match="cannot be read"):
        read_coco(tmp_path / "none.json")
