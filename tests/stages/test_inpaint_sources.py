"""Every layout gives its photographs of one part, and their objects' shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compose.core.errors import ComposeError, DataError
from compose.stages.inpaint_cases import open_cases, read_shapes
from compose.stages.inpaint_masks import LEAST, MOST
from compose.stages.inpaint_sources import SHAPE_SIDE, PhotoSource, read_sources, shapes_of

from .inpaint_scenes import coco, fcdb, photographs, subjects, voc


def sizes(root: Path, split: str) -> dict[str, list[tuple[int, ...]]]:
    return {s.name: [x.shape for x in shapes_of(s)] for s in read_sources(root, split)}


def test_voc_gives_the_part_s_objects_without_specks(tmp_path: Path) -> None:
    found = sizes(voc(tmp_path / "v"), "val")
    assert found == {f"v/val{n}.jpg": [(20, 10), (10, 30)] for n in range(2)}
    official = tmp_path / "VOCdevkit"
    official.mkdir()
    (tmp_path / "v").rename(official / "VOC2012")
    assert len(sizes(tmp_path, "train")) == 2


def test_coco_gives_the_part_s_polygons(tmp_path: Path) -> None:
    assert sizes(coco(tmp_path / "c"), "train") == {"c/train.jpg": [(10, 20)]}


def test_subjects_and_crops_and_plain_folders(tmp_path: Path) -> None:
    assert sizes(subjects(tmp_path / "s", 2), "val") == {
        "s/s0.jpg": [(10, 30)], "s/s1.jpg": [(11, 30)],
    }  # fmt: skip
    assert sizes(fcdb(tmp_path / "f"), "val") == {"f/val.jpg": []}
    assert sizes(photographs(tmp_path / "p", 2), "val") == {"p/p0.png": [], "p/p1.png": []}


def test_large_shapes_are_made_small() -> None:
    mask = np.zeros((300, 500), bool)
    mask[20:220, 30:430] = True
    source = PhotoSource("x", Path("x"), lambda: [mask])
    assert [shape.shape for shape in shapes_of(source)] == [(SHAPE_SIDE // 2, SHAPE_SIDE)]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_pictures_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ComposeError, match=r"^[^\n]+; (give|name) [^\n]+\.$"):
        read_sources(tmp_path / name, "val")


def test_cases_are_others_shapes_and_follow_name_and_seed(tmp_path: Path) -> None:
    sources = read_sources(subjects(tmp_path / "s", 3), "val")
    shapes = read_shapes(sources)
    cases = list(open_cases(sources, shapes, 0))
    assert [case.name for case in cases] == ["s/s0.jpg", "s/s1.jpg", "s/s2.jpg"]
    for case in cases:
        assert case.hole.shape == case.rgb.shape[:2] == (56, 72)
        assert LEAST <= case.hole.mean() <= MOST
    # alone, a photograph gets the hole that it has among others
    (alone,) = open_cases(sources[1:2], shapes, 0)
    np.testing.assert_array_equal(alone.hole, cases[1].hole)
    (other,) = open_cases(sources[1:2], shapes, 1)
    assert (other.hole != alone.hole).any()


def test_a_photograph_never_gets_its_own_object(tmp_path: Path) -> None:
    sources = read_sources(subjects(tmp_path / "s", 2), "val")
    own = [shape for shape in read_shapes(sources) if shape.photo == sources[0].photo]
    with pytest.raises(DataError, match=r"^no object of another photograph [^\n]+\.$"):
        list(open_cases(sources[:1], own, 0))
    assert len(list(open_cases(sources[1:], own, 0))) == 1


def test_no_objects_at_all_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^no object [^\n]+--masks [^\n]+\.$"):
        read_shapes(read_sources(photographs(tmp_path / "p", 2), "val"))
