"""Label maps keep their indices through every kind of file, and are never turned into colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from compose.core.errors import DataError, ImageError
from compose.core.voc import voc_palette
from compose.data.label_map import read_label_map, write_label_map

LABELS = hnp.arrays(
    np.uint16, st.tuples(st.integers(1, 9), st.integers(1, 14)), elements=st.integers(0, 999)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LABELS, st.sampled_from([1, 255, 999]))
def test_what_is_written_is_read(tmp_path: Path, labels: np.ndarray, top: int) -> None:
    labels = np.minimum(labels, top)
    path = tmp_path / "map.png"
    write_label_map(path, labels)
    first = path.read_bytes()
    found = read_label_map(path, size=(labels.shape[1], labels.shape[0]))
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, labels)
    write_label_map(path, labels)
    assert path.read_bytes() == first


def test_the_file_has_voc_s_palette(tmp_path: Path) -> None:
    write_label_map(tmp_path / "map.png", np.array([[0, 15, 255]], np.uint8))
    with Image.open(tmp_path / "map.png") as image:
        assert image.mode == "P"
        assert np.asarray(image).tolist() == [[0, 15, 255]]
        np.testing.assert_array_equal(
            np.asarray(image.convert("RGB"))[0], voc_palette()[[0, 15, 255]]
        )


@pytest.mark.parametrize("mode", ["P", "L", "I;16", "I", "1"])
def test_indices_of_every_mode(tmp_path: Path, mode: str) -> None:
    labels = np.zeros((5, 8), np.uint8)
    labels[1:3, 2:7] = 1
    if mode != "1":
        labels[4, 5] = 9
    if mode == "P":
        image = Image.fromarray(labels)
        # two indices of one colour, which a detour over RGB would merge
        image.putpalette([0, 0, 0] + [10, 200, 30] * 255)
    elif mode == "1":
        image = Image.fromarray(labels * 255).convert("1")
    elif mode == "L":
        image = Image.fromarray(labels)
    else:
        image = Image.fromarray(labels.astype(np.uint16 if mode == "I;16" else np.int32))
    assert image.mode == mode
    path = tmp_path / ("map.tif" if mode == "I" else "map.png")
    image.save(path)
    np.testing.assert_array_equal(read_label_map(path), labels)


def test_what_is_no_label_map_gets_one_sentence(tmp_path: Path) -> None:
    Image.new("RGB", (6, 4), "teal").save(tmp_path / "colour.png")
    with pytest.raises(DataError, match="colours instead of indices"):
        read_label_map(tmp_path / "colour.png")
    write_label_map(tmp_path / "map.png", np.ones((4, 6), np.uint8))
    with pytest.raises(DataError, match="6x4 but its picture is 4x6"):
        read_label_map(tmp_path / "map.png", size=(4, 6))
    with pytest.raises(ImageError):
        read_label_map(tmp_path / "none.png")
    with pytest.raises(DataError, match="outside 0 to 65535"):
        write_label_map(tmp_path / "map.png", np.array([[-1, 3]]))
    image = Image.fromarray(np.array([[70000, 1]], np.int32))
    image.save(tmp_path / "deep.tif")
    with pytest.raises(DataError, match="outside 0 to 65535"):
        read_label_map(tmp_path / "deep.tif")
