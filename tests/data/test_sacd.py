"""SACD: crops of one order and a subject of another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compose.core.boxes import Box
from compose.core.errors import DataError
from compose.data.sacd import read_sacd, read_sacd_phases

from .crop_pictures import HEIGHT, WIDTH, X1, X2, Y1, Y2, draw, marks_rectangle


def write(root: Path, **changes: object) -> None:
    draw(root / "images/1.jpg")
    entry: dict[str, object] = {
        "phase1_box": [[0, 0, 9, 9]],
        "phase2_box": [],
        "select_from_phase2_box": [],
        "crop_box": [[0, 0, WIDTH, HEIGHT], [5, 5, 90, 60]],
        "best_box": [[X1, Y1, X2, Y2]],
        "mask_box": f"[{X1}, {Y1}, {X2 - X1}, {Y2 - Y1}]",
    }
    (root / "1.json").write_text(json.dumps(entry | changes))
    (root / "test.json").write_text(json.dumps({"imgs": ["images/1.jpg"], "jsons": ["1.json"]}))


def test_the_best_crop_stands_first_and_the_subject_is_a_string_of_xywh(tmp_path: Path) -> None:
    write(tmp_path)
    (example,) = read_sacd(tmp_path)
    assert marks_rectangle(example.picture, example.boxes[0])
    assert len(example.boxes) == 3
    assert example.scores is None
    assert example.subject == Box(X1, Y1, X2, Y2)
    phases = read_sacd_phases(tmp_path / "1.json")
    assert phases["phase1_box"].tolist() == [[0, 0, 9, 9]]
    assert phases["phase2_box"].shape == (0, 4)


@pytest.mark.parametrize(
    "changes", [{"mask_box": "[1, 2"}, {"mask_box": "[1, 2, 3]"}, {"crop_box": [[1, 2, 3]]}]
)
def test_malformed_entries_are_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    write(tmp_path, **changes)
    with pytest.raises(DataError, match=r"1\.json"):
        read_sacd(tmp_path)


def test_lists_have_to_fit(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "test.json").write_text(json.dumps({"imgs": ["a", "b"], "jsons": ["1.json"]}))
    with pytest.raises(DataError, match="2 photographs, 1 JSONs"):
        read_sacd(tmp_path)
