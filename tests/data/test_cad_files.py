"""CAD's layout: names, labels and versions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.core.errors import DataError
from compose.data import cad_files as cad
from compose.data.prompts import read_prompts

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=20)


@given(NAMES, st.integers(0, 9))
def test_photographs_are_told_by_their_pictures_names(name: str, number: int) -> None:
    picture = cad.picture_name(name, number)
    assert cad.photo_name(picture) == name
    # as CAD's own readers do it
    assert f"{picture}.jpg"[:-6] == name


def test_digits_are_no_number() -> None:
    assert cad.photo_name("12345_0") == "12345"
    assert cad.picture_name("12345", 0) == "12345_0"
    for wrong in ("12345", "12345_10", "a_x", "a_²"):
        with pytest.raises(DataError, match="end in _0 to _9"):
            cad.photo_name(wrong)


def test_labels_are_read_as_cad_has_them(tmp_path: Path) -> None:
    path = tmp_path / "1_0.txt"
    path.write_text("10 20 300 200 10.0\n0 0 30 40\n\n5.4 1 9 8 3.5\n")
    assert cad.read_labels(path) == [
        ((10, 20, 300, 200), 10.0),
        ((0, 0, 30, 40), 5.0),
        ((5, 1, 9, 8), 3.5),
    ]


@pytest.mark.parametrize("line", ["1 2 3", "a b c d e", "1 2 3 4 5 6", "9 9 3 3 1", "nan 0 1 1"])
def test_damaged_labels_are_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "1_0.txt"
    path.write_text(f"0 0 5 5 1\n{line}\n")
    with pytest.raises(DataError, match="label"):
        cad.read_labels(path)


def test_versions_are_counted_from_the_folders(tmp_path: Path) -> None:
    assert cad.versions(tmp_path) == []
    for name in ("v002", "v001", "v010", "notes", "v1"):
        (tmp_path / "labels" / name).mkdir(parents=True)
    (tmp_path / "labels" / "v003.json").write_text("{}")
    assert cad.versions(tmp_path) == [1, 2, 10]


def test_records_come_in_order_and_damage_is_told(tmp_path: Path) -> None:
    for name in ("b/1", "a", "b/0"):
        cad.write_json(cad.record_file(tmp_path, name), {"name": name})
    assert [row["name"] for row in cad.read_records(tmp_path)] == ["a", "b/0", "b/1"]
    cad.record_file(tmp_path, "c").write_text("{")
    with pytest.raises(DataError, match="make the set again"):
        list(cad.read_records(tmp_path))


def test_prompts_are_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"file": "a/b.jpg", "prompt": "ein Büro"}\n\n{"file": "c", "prompt": ""}\n')
    assert read_prompts(path) == {"a/b.jpg": "ein Büro", "c": ""}
    path.write_text('\ufeff{"file": "a", "prompt": "a bench\u2028in snow"}\n', "utf-8")
    assert read_prompts(path) == {"a": "a bench\u2028in snow"}
    for wrong in ("[]", '{"file": 1, "prompt": "x"}', '{"file": "x"}', "{"):
        path.write_text(wrong)
        with pytest.raises(DataError, match="line 1"):
            read_prompts(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_prompts(tmp_path / "none")
