"""PASCAL VOC in its layouts, read as indices, with single objects where the set has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.core.errors import DataError
from compose.data.voc import connected_parts, read_classes, read_objects, read_voc

WIDTH, HEIGHT = 20, 12
DOG, PERSON = 12, 15


def save_map(path: Path, indices: np.ndarray) -> None:
    """A palette file whose colours are of no use to anybody who reads those."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(indices.astype(np.uint8))
    image.putpalette(np.random.default_rng(0).integers(0, 256, 768).tolist())
    image.save(path)


def save_photo(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (WIDTH, HEIGHT), "teal").save(path)


@pytest.fixture
def classes() -> np.ndarray:
    """Two dogs apart, a person beside the left one, a border that nobody counts."""
    indices = np.zeros((HEIGHT, WIDTH), np.uint8)
    indices[2:6, 1:5], indices[2:6, 5:8], indices[8:11, 12:18] = DOG, PERSON, DOG
    indices[6, :10] = 255
    return indices


@pytest.fixture
def flat(tmp_path: Path, classes: np.ndarray) -> Path:
    save_photo(tmp_path / "JPEGImages" / "a.jpg")
    save_map(tmp_path / "SegmentationClassAug" / "a.png", classes)
    (tmp_path / "val.txt").write_text("a\n")
    return tmp_path


@pytest.fixture
def official(tmp_path: Path, classes: np.ndarray) -> Path:
    root = tmp_path / "VOCdevkit" / "VOC2012"
    for name in ("b", "a"):
        save_photo(root / "JPEGImages" / f"{name}.jpg")
        save_map(root / "SegmentationClass" / f"{name}.png", classes)
    objects = np.zeros_like(classes)
    objects[classes == PERSON], objects[2:6, 1:5], objects[8:11, 12:18] = 1, 2, 2
    objects[6, :10] = 255
    save_map(root / "SegmentationObject" / "a.png", objects)
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "val.txt").write_text("b\na\n")
    return tmp_path


def test_maps_are_read_as_indices(flat: Path, classes: np.ndarray) -> None:
    (record,) = read_voc(flat, "val")
    assert record.objects is None
    found = read_classes(record, (WIDTH, HEIGHT))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, classes)


@pytest.mark.parametrize("below", ["", "VOCdevkit", "VOCdevkit/VOC2012"])
def test_the_official_layout_is_found_from_each_of_its_folders(official: Path, below: str) -> None:
    records = read_voc(official / below, "val")
    assert [record.name for record in records] == ["b", "a"]
    assert records[0].objects is None
    assert records[1].objects is not None


def test_objects_are_those_of_the_set(official: Path, classes: np.ndarray) -> None:
    person, dogs = read_objects(read_voc(official, "val")[1], (WIDTH, HEIGHT))
    assert (person.label, dogs.label) == ("person", "dog")
    np.testing.assert_array_equal(person.mask, classes == PERSON)
    np.testing.assert_array_equal(dogs.mask, classes == DOG)  # one object in two pieces


def test_without_a_map_of_objects_parts_stand_for_them(flat: Path, classes: np.ndarray) -> None:
    found = read_objects(read_voc(flat, "val")[0], (WIDTH, HEIGHT))
    assert [(one.label, one.area) for one in found] == [("dog", 16), ("dog", 18), ("person", 12)]
    together = sum(one.mask.astype(int) for one in found)
    np.testing.assert_array_equal(together, (classes == DOG) | (classes == PERSON))


def test_parts_hang_together_over_corners() -> None:
    mask = np.array([[1, 0, 0, 0], [0, 1, 0, 1]], bool)
    left, right = connected_parts(mask)
    np.testing.assert_array_equal(left, [[1, 0, 0, 0], [0, 1, 0, 0]])
    np.testing.assert_array_equal(right, [[0, 0, 0, 0], [0, 0, 0, 1]])
    assert connected_parts(np.zeros((2, 3), bool)) == []


def test_maps_of_something_else_are_refused(flat: Path, classes: np.ndarray) -> None:
    (record,) = read_voc(flat, "val")
    with pytest.raises(DataError, match="20x12 but its picture is 12x20"):
        read_classes(record, (HEIGHT, WIDTH))
    classes[0, 0] = 21
    save_map(record.classes, classes)
    with pytest.raises(DataError, match="index 21"):
        read_classes(record, (WIDTH, HEIGHT))
    Image.new("RGB", (WIDTH, HEIGHT)).save(record.classes)
    with pytest.raises(DataError, match="colours"):
        read_classes(record, (WIDTH, HEIGHT))


def test_an_object_without_a_class_is_refused(official: Path) -> None:
    record = read_voc(official, "val")[1]
    save_map(record.classes, np.zeros((HEIGHT, WIDTH)))
    with pytest.raises(DataError, match="object of no class"):
        read_objects(record, (WIDTH, HEIGHT))


def test_what_is_missing_is_named(flat: Path) -> None:
    with pytest.raises(DataError, match=r"no list train\.txt"):
        read_voc(flat, "train")
    with pytest.raises(DataError, match="no folder JPEGImages"):
        read_voc(flat / "JPEGImages", "val")
    (flat / "val.txt").write_text("a b")
    with pytest.raises(DataError, match=r"b\.jpg is missing"):
        read_voc(flat, "val")
    (flat / "val.txt").write_text("../a")
    with pytest.raises(DataError, match="plain names"):
        read_voc(flat, "val")
    (flat / "val.txt").write_text(" \n")
    with pytest.raises(DataError, match="names no photograph"):
        read_voc(flat, "val")
    (flat / "val.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="cannot be read"):
        read_voc(flat, "val")
    (flat / "SegmentationClassAug").rename(flat / "else")
    (flat / "val.txt").write_text("a")
    with pytest.raises(DataError, match="no folder SegmentationClass"):
        read_voc(flat, "val")
