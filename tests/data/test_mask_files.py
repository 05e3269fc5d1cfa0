"""Masks that users bring, in each of their forms."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.core.errors import ComposeError, DataError, MaskError
from compose.core.instances import Instance
from compose.core.rle import encode_rle
from compose.data.coco_write import CocoEntry, write_coco
from compose.data.label_map import write_label_map
from compose.data.mask_files import find_masks, read_instances

SIZE = (20, 12)  # width, height


def mask(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    found = np.zeros(SIZE[::-1], bool)
    found[y1:y2, x1:x2] = True
    return found


A, B = mask(2, 3, 9, 8), mask(12, 0, 20, 5)
BOTH = A + 2 * B.astype(np.uint8)


def check(found: list[Instance], *expected: np.ndarray) -> None:
    assert len(found) == len(expected)
    for instance, truth in zip(found, expected, strict=True):
        np.testing.assert_array_equal(instance.mask, truth)


def test_a_picture_is_one_mask(tmp_path: Path) -> None:
    Image.fromarray((A * 255).astype(np.uint8)).save(tmp_path / "grey.png")
    Image.fromarray(A).save(tmp_path / "bits.png")
    soft = np.where(A, 200, 90).astype(np.uint8)  # an antialiased one has all levels
    Image.fromarray(soft).save(tmp_path / "soft.png")
    Image.fromarray(A.astype(np.uint8)).save(tmp_path / "one.png")
    Image.fromarray(np.where(A, 65535, 0).astype(np.uint16)).save(tmp_path / "deep.png")
    cut_out = np.dstack([np.full((*A.shape, 3), 90, np.uint8), (A * 255).astype(np.uint8)])
    Image.fromarray(cut_out).save(tmp_path / "cutout.png")
    for name in ("grey", "bits", "soft", "one", "deep", "cutout"):
        check(read_instances(tmp_path / f"{name}.png", SIZE), A)


def test_a_label_map_is_an_instance_an_index(tmp_path: Path) -> None:
    write_label_map(tmp_path / "palette.png", BOTH)
    Image.fromarray(BOTH).save(tmp_path / "grey.png")
    write_label_map(tmp_path / "deep.png", np.where(BOTH == 2, 500, BOTH).astype(np.uint16))
    for name in ("palette", "grey", "deep"):
        check(read_instances(tmp_path / f"{name}.png", SIZE), A, B)
    rimmed = BOTH.copy()
    rimmed[11] = 255
    write_label_map(tmp_path / "voc.png", rimmed)
    check(read_instances(tmp_path / "voc.png", SIZE), A, B)


def test_a_folder_is_a_mask_a_picture_by_number(tmp_path: Path) -> None:
    folder = tmp_path / "masks"
    folder.mkdir()
    for name, truth in (("10", A), ("9", B), ("2", A | B)):
        Image.fromarray(truth).save(folder / f"{name}.png")
    (folder / "metadata.csv").write_text("id,area\n")
    check(read_instances(folder, SIZE), A | B, B, A)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no masks"):
        read_instances(tmp_path / "empty", SIZE)


def test_coco_s_json_by_the_picture_s_name(tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    entries = [
        CocoEntry("sub/a.jpg", SIZE, [Instance(A, 0.5, "cat")]),
        CocoEntry("b.jpg", SIZE, [Instance(B, 1.0), Instance(A, 1.0)]),
    ]
    write_coco(path, entries)
    (found,) = read_instances(path, SIZE, picture="a.jpg")
    assert (found.label, found.score) == ("cat", 0.5)
    check(read_instances(path, SIZE, picture="b.jpg"), B, A)
    with pytest.raises(DataError, match=r"says nothing of c\.jpg"):
        read_instances(path, SIZE, picture="c.jpg")
    with pytest.raises(MaskError, match="20x12, but the picture is 12x20"):
        read_instances(path, (12, 20), picture="a.jpg")
    write_coco(path, entries[:1])
    check(read_instances(path, SIZE, picture="other.jpg"), A)  # there is only one
    write_coco(path, [entries[0], entries[0]])
    with pytest.raises(DataError, match="several pictures called"):
        read_instances(path, SIZE, picture="a.jpg")


def test_amg_s_json(tmp_path: Path) -> None:
    rows = [{"segmentation": encode_rle(A), "predicted_iou": 0.9, "stability_score": 1.2}]
    (tmp_path / "amg.json").write_text(json.dumps(rows))
    (found,) = read_instances(tmp_path / "amg.json", SIZE)
    np.testing.assert_array_equal(found.mask, A)
    assert (found.score, found.predicted_iou, found.stability) == (0.9, 0.9, 1.0)
    (tmp_path / "amg.json").write_text('[{"mask": 1}]')
    with pytest.raises(DataError, match="not of masks"):
        read_instances(tmp_path / "amg.json", SIZE)
    (tmp_path / "amg.json").write_text(json.dumps([{"segmentation": encode_rle(A & B)}]))
    with pytest.raises(MaskError, match="is empty"):
        read_instances(tmp_path / "amg.json", SIZE)


def test_what_cannot_be_masks_gets_one_sentence(tmp_path: Path) -> None:
    Image.fromarray(A).save(tmp_path / "a.png")
    with pytest.raises(MaskError, match="20x12 but its picture is 12x20"):
        read_instances(tmp_path / "a.png", (12, 20))
    write_label_map(tmp_path / "blank.png", np.full_like(BOTH, 255))
    with pytest.raises(DataError, match="holds no masks"):
        read_instances(tmp_path / "blank.png", SIZE)
    many = np.arange(60 * 40).reshape(60, 40).astype(np.uint16)
    write_label_map(tmp_path / "many.png", many)
    with pytest.raises(DataError, match="more than 1000"):
        read_instances(tmp_path / "many.png", (40, 60))
    for name in ("none.png", "none.json"):
        with pytest.raises(ComposeError, match="none"):
            read_instances(tmp_path / name, SIZE)


def test_where_the_masks_of_a_picture_lie(tmp_path: Path) -> None:
    folder = tmp_path / "masks"
    (folder / "dog").mkdir(parents=True)
    Image.fromarray(A).save(folder / "cat[1].png")
    Image.fromarray(A).save(folder / "cat[1].2.png")  # of another picture, and first by name
    (folder / "cat[1].txt").write_text("")
    assert find_masks(folder, Path("in/dog.jpg"), alone=False) == folder / "dog"
    assert find_masks(folder, Path("cat[1].jpg"), alone=True) == folder / "cat[1].png"
    assert find_masks(folder, Path("cat[1].2.jpg"), alone=True) == folder / "cat[1].2.png"
    assert find_masks(folder, Path("cow.jpg"), alone=True) == folder
    # as the pictures lie, or else all together
    (folder / "sub").mkdir()
    Image.fromarray(A).save(folder / "sub" / "cat[1].png")
    assert find_masks(folder, Path("sub/cat[1].jpg"), alone=True) == folder / "sub" / "cat[1].png"
    assert find_masks(folder, Path("other/cat[1].jpg"), alone=True) == folder / "cat[1].png"
    with pytest.raises(DataError, match=r"no masks of cow\.jpg"):
        find_masks(folder, Path("cow.jpg"), alone=False)
    assert find_masks(folder / "cat[1].png", Path("x.jpg"), alone=False) == folder / "cat[1].png"
