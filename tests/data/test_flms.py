"""FLMS in both of its layouts, and MATLAB's files."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from compose.core.errors import DataError
from compose.data.flms import MAT, read_flms
from compose.data.matlab import read_matlab

from .crop_pictures import HEIGHT, WIDTH, X1, X2, Y1, Y2, draw, marks_rectangle
from .matlab_file import element, flms_file, matrix

ROWS = np.array([[Y1, X1, Y2, X2], [-1, -1, -1, -1], [0, 0, HEIGHT, WIDTH + 30]])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [True, False])
def test_published_file_has_rows_first(tmp_path: Path, order: str, packed: bool) -> None:
    draw(tmp_path / "image/a_Large.jpg")
    entries = [("a_Large.jpg", ROWS), ("b.jpg", ROWS[:1])]
    (tmp_path / MAT).write_bytes(flms_file(entries, order, packed))
    first, second = read_flms(tmp_path)
    assert marks_rectangle(first.picture, first.boxes[0])
    assert first.scores is None
    assert len(first.boxes) == 2
    # the other one leaves the photograph
    assert first.inside(WIDTH, HEIGHT).boxes.tolist() == [[X1, Y1, X2, Y2]]
    assert second.source == "b"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "code"), [(4, "utf-16"), (16, "utf-8"), (17, "utf-16")])
def test_names_in_any_letters(tmp_path: Path, order: str, kind: int, code: str) -> None:
    name = "bücher 本.jpg"
    code += {"utf-8": "", "utf-16": {"<": "-le", ">": "-be"}[order]}[code]
    letters = element(kind, name.encode(code), order)
    variable = matrix(4, (1, len(name)), letters, order, "x")
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(f"{order}H", 0x0100)
    (tmp_path / MAT).write_bytes(head + (b"IM" if order == "<" else b"MI") + variable)
    assert read_matlab(tmp_path / MAT)["x"] == name


def test_json_of_hcic(tmp_path: Path) -> None:
    draw(tmp_path / "images/a.jpg")
    (tmp_path / "image_crop.json").write_text(json.dumps({"a.jpg": [[X1, Y1, X2, Y2], [-1] * 4]}))
    (example,) = read_flms(tmp_path)
    assert marks_rectangle(example.picture, example.boxes[0])
    assert len(example.boxes) == 1


def test_files_agree_with_scipys(tmp_path: Path) -> None:
    scipy = pytest.importorskip("scipy.io")
    cells = np.empty((2, 1), object)
    for index, name in enumerate(("a.jpg", "bc.jpg")):
        cells[index, 0] = np.array([(name, ROWS + index)], dtype=[("n", "O"), ("b", "O")])
    for compress in (False, True):
        stream = io.BytesIO()
        scipy.savemat(stream, {"img_gt": cells, "x": np.eye(3)}, do_compression=compress)
        (tmp_path / MAT).write_bytes(stream.getvalue())
        found = read_matlab(tmp_path / MAT)
        assert (found["x"] == np.eye(3)).all()
        entry = found["img_gt"][1, 0].ravel()[0]
        assert entry["n"] == "bc.jpg"
        assert (entry["b"] == ROWS + 1).all()


@pytest.mark.parametrize("cut", [0, 100, 127, 140, 200, 333])
def test_damaged_files_are_refused(tmp_path: Path, cut: int) -> None:
    data = flms_file([("a.jpg", ROWS)], packed=False)
    assert cut < len(data)
    path = tmp_path / MAT
    path.write_bytes(data[:cut])
    with pytest.raises(DataError, match=MAT):
        read_flms(tmp_path)


def test_other_parts_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no part 'train'"):
        read_flms(tmp_path, "train")
    with pytest.raises(DataError, match="cannot be read"):
        read_flms(tmp_path)


@pytest.mark.data
def test_shared_annotations_are_as_published(crop_annotations: Path) -> None:
    examples = read_flms(crop_annotations / "bcmi/human_bboxes/FLMS")
    assert len(examples) == 500
    assert {len(example.boxes) for example in examples} <= set(range(1, 11))
    assert sum(example.subject is not None for example in examples) == 39
