"""Both layouts of photographs with masks, and what is said when something is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.core.errors import DataError, MaskError
from compose.data.sod import read_subjects, read_truth

WIDTH, HEIGHT = 20, 12


def photo(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (WIDTH, HEIGHT), "teal").save(path)


@pytest.fixture
def salient(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        photo(tmp_path / "images" / f"{name}.jpg")
        pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
        pixels[2:5, 3:9] = 255
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(pixels).convert("1").save(tmp_path / "masks" / f"{name}.png")
    (tmp_path / "train.txt").write_text("b\na\n")
    return tmp_path


def test_salient_objects_come_in_the_list_s_order(salient: Path) -> None:
    records = read_subjects(salient, "train")
    assert [record.name for record in records] == ["b", "a"]
    truth, counts = read_truth(records[0], (WIDTH, HEIGHT))
    assert truth.sum() == 18
    assert truth[2:5, 3:9].all()
    assert counts.all()


@pytest.mark.parametrize("folder", ["SegmentationClassAug", "SegmentationClass"])
@pytest.mark.parametrize("palette", [True, False])
def test_any_object_of_a_class_map_counts_and_borders_do_not(
    tmp_path: Path, folder: str, palette: bool
) -> None:
    photo(tmp_path / "JPEGImages" / "x.jpg")
    indices = np.zeros((HEIGHT, WIDTH), np.uint8)
    indices[:, 4], indices[:, 5:9], indices[3, 12] = 255, 15, 1
    image = Image.fromarray(indices)
    if palette:
        image.putpalette(np.random.default_rng(0).integers(0, 256, 768).tolist())
    (tmp_path / folder).mkdir()
    image.save(tmp_path / folder / "x.png")
    (tmp_path / "train.txt").write_text("x")
    (record,) = read_subjects(tmp_path, "train")
    truth, counts = read_truth(record, (WIDTH, HEIGHT))
    np.testing.assert_array_equal(truth, (indices == 15) | (indices == 1))
    np.testing.assert_array_equal(counts, indices != 255)
    with pytest.raises(DataError, match="20x12, not 12x20"):
        read_truth(record, (HEIGHT, WIDTH))


def test_a_class_map_in_colours_is_refused(tmp_path: Path) -> None:
    photo(tmp_path / "JPEGImages" / "x.jpg")
    photo(tmp_path / "SegmentationClass" / "x.png")
    (tmp_path / "train.txt").write_text("x")
    (record,) = read_subjects(tmp_path, "train")
    with pytest.raises(DataError, match="indices"):
        read_truth(record, (WIDTH, HEIGHT))


def test_what_is_missing_is_named(salient: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"val\.txt is missing"):
        read_subjects(salient, "val")
    (salient / "val.txt").write_text("\n")
    with pytest.raises(DataError, match="names no photograph"):
        read_subjects(salient, "val")
    (salient / "val.txt").write_text("a none")
    with pytest.raises(DataError, match=r"none\.jpg is missing"):
        read_subjects(salient, "val")
    (salient / "masks" / "a.png").unlink()
    with pytest.raises(DataError, match=r"a\.png is missing"):
        read_subjects(salient, "train")
    with pytest.raises(DataError, match="no folder images"):
        read_subjects(tmp_path / "masks", "train")


def test_an_empty_mask_is_an_error(salient: Path) -> None:
    Image.new("1", (WIDTH, HEIGHT)).save(salient / "masks" / "b.png")
    with pytest.raises(MaskError, match="empty"):
        read_truth(read_subjects(salient, "train")[0], (WIDTH, HEIGHT))
