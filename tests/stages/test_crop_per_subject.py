"""Crops that serve one subject of several."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from compose.core.boxes import Box
from compose.models.crop_belief import CropBelief
from compose.models.crop_detr import CropDetr
from compose.models.crop_detr_config import CropDetrConfig
from compose.models.crop_detr_engine import DetrCropper
from compose.stages.crop import CropOutputs, crop_one
from compose.stages.crop_centred import Centre, CentredConfig
from compose.stages.crop_marks import marks_of
from compose.stages.crop_names import crop_names
from compose.stages.crop_per_subject import Subject, search_subjects
from compose.stages.crop_request import CropRequest, parse_aspect
from compose.stages.crop_subject_masks import BroughtSubjects
from compose.stages.crop_subject_overlay import draw_subjects

from .crop_scenes import TINY, TINY_MANY, scene

WHOLE = CropBelief.certain((0, 0, 1, 1))


class Engine:
    """Believes in the whole picture."""

    name, side = "whole", 8

    def read(self, rgb: np.ndarray) -> CropBelief:
        return WHOLE


def subjects(*boxes: tuple[float, float, float, float]) -> list[Subject]:
    return [Subject(number, Box(*box), 1.0) for number, box in enumerate(boxes, 1)]


def middle(box: tuple[float, ...]) -> np.ndarray:
    return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])


sides = st.tuples(
    st.integers(0, 200), st.integers(0, 100), st.integers(20, 90), st.integers(20, 90)
)


@pytest.mark.parametrize("net", [TINY, TINY_MANY], ids=["procrop", "multi-in-one"])
def test_the_papers_networks_serve_every_subject(net: CropDetrConfig) -> None:
    torch.manual_seed(0)
    rgb, _ = scene(0)
    boxes = [(10, 10, 40, 50), (70, 20, 110, 70)]
    belief = DetrCropper(CropDetr(net).eval()).read(rgb)
    found = search_subjects(belief, 120, 80, CropRequest(topk=1), subjects(*boxes))
    assert [crop.subject for crop in found] == [1, 2]
    for crop, box, other in zip(found, boxes, boxes[::-1], strict=True):
        held = (np.array(crop.box[:2]) <= box[:2]).all() and (
            np.array(crop.box[2:]) >= box[2:]
        ).all()
        assert held
        off = [np.linalg.norm(middle(crop.box) - middle(each)) for each in (box, other)]
        assert off[0] < off[1]


@settings(max_examples=40)
@given(st.lists(sides, min_size=2, max_size=3))
def test_every_subject_has_a_crop_that_holds_it_and_is_centred_on_it(rows: list) -> None:
    boxes = [(x, y, min(x + w, 300), min(y + h, 200)) for x, y, w, h in rows]
    found = search_subjects(WHOLE, 300, 200, CropRequest(topk=2), subjects(*boxes))
    assert {crop.subject for crop in found} == set(range(1, len(boxes) + 1))
    for crop in found:
        box = boxes[(crop.subject or 0) - 1]
        assert crop.box[0] >= 0
        assert crop.box[1] >= 0
        assert crop.box[2] <= 300
        assert crop.box[3] <= 200
        assert crop.box[0] <= box[0]
        assert crop.box[1] <= box[1]
        assert crop.box[2] >= box[2]
        assert crop.box[3] >= box[3]
        near = np.linalg.norm(middle(crop.box) - middle(box))
        for other in boxes:
            if np.linalg.norm(middle(other) - middle(box)) > 2:  # two at one place share a crop
                assert near <= np.linalg.norm(middle(crop.box) - middle(other))


def test_the_engine_chooses_among_what_is_centred() -> None:
    # it believes in the left 3/5: of the crops on the left subject the one most like that is best
    belief = CropBelief.certain((0, 0, 0.6, 1))
    (left, right) = search_subjects(
        belief, 400, 200, CropRequest(topk=1), subjects((60, 60, 160, 160), (280, 60, 360, 160))
    )
    assert left.score > 0.75 > right.score
    assert left.box[2] <= 280


def test_crops_of_an_aspect_and_a_subject_that_does_not_fit() -> None:
    request = CropRequest(topk=1, aspects=(parse_aspect("1:1"), parse_aspect("16:9")))
    wide, small = search_subjects(
        WHOLE, 320, 180, request, subjects((0, 60, 320, 100), (200, 110, 240, 150))
    )[::2]
    assert [crop.shape for crop in (wide, small)] == ["1:1", "1:1"]
    # 320 pixels do not go into a square of 180: it is cut on both sides alike
    assert middle(wide.box)[0] == pytest.approx(160, abs=25)
    assert small.box[0] <= 200
    assert small.box[2] >= 240


def test_a_crop_is_about_its_subject_and_not_around_it() -> None:
    centre = Centre(Box(100, 100, 110, 110), np.zeros((0, 2)), CentredConfig(largest=9))
    boxes = np.array([[90, 90, 120, 120], [80, 80, 130, 130], [100, 100, 130, 110]])
    # 900 of at most 900 square pixels; 2500; and one whose middle is 10 of 30 pixels off
    assert centre.allow(boxes).tolist() == [True, False, False]


def test_names_of_files_say_the_subject() -> None:
    request = CropRequest(topk=2)
    names = [path.name for path in crop_names(Path("out/a.jpg"), request, 2)]
    assert names == ["a_s1_1.jpg", "a_s1_2.jpg", "a_s2_1.jpg", "a_s2_2.jpg"]
    both = CropRequest(topk=1, aspects=(parse_aspect("1:1"), parse_aspect("4:3")))
    assert crop_names(Path("a.png"), both, 1)[1].name == "a_s1_4x3_1.png"


def test_one_picture_with_brought_masks_from_end_to_end(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.new("RGB", (120, 80), "teal").save(source)
    labels = np.zeros((80, 120), np.uint8)
    labels[20:60, 10:40], labels[30:50, 80:110] = 1, 2
    mask = Image.fromarray(labels)
    mask.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0] + [0] * 759)
    mask.save(tmp_path / "labels.png")
    result = crop_one(
        source,
        Engine(),
        CropRequest(topk=1),
        finder=BroughtSubjects(tmp_path / "labels.png", True, 6),
        outputs=CropOutputs(tmp_path / "out/a.png", tmp_path / "over/a.png"),
    )
    record = result.record()
    assert record["finder"] == "masks"
    assert record["subjects"] == [
        {"subject": 1, "box": [10, 20, 40, 60], "point": [25.0, 40.0], "score": 1.0},
        {"subject": 2, "box": [80, 30, 110, 50], "point": [95.0, 40.0], "score": 1.0},
    ]
    assert [(crop["subject"], crop["rank"]) for crop in record["crops"]] == [(1, 1), (2, 1)]
    assert [path.name for path in result.files] == ["a_s1_1.png", "a_s2_1.png"]
    for crop, file in zip(record["crops"], result.files, strict=True):
        x1, y1, x2, y2 = crop["box"]
        with Image.open(file) as cut:
            assert cut.size == (x2 - x1, y2 - y1)
    drawn = np.asarray(Image.open(tmp_path / "over/a.png"))
    teal = np.asarray(Image.open(source))
    assert (drawn != teal).any()


def test_where_nothing_is_found_the_best_crops_are_given() -> None:
    class Blind:
        name, side = "blind", 8

        def find(self, path: Path, picture: object, max_pixels: int) -> list[Subject]:
            return []

    class Half(Engine):
        def read(self, rgb: np.ndarray) -> CropBelief:
            return CropBelief.certain((0, 0, 0.5, 1))

    path = Path(__file__).parents[2] / "target_images"
    picture = next(p for p in sorted(path.iterdir()) if p.suffix == ".jpg")
    result = crop_one(picture, Half(), CropRequest(topk=1), finder=Blind())
    (crop,) = result.crops
    assert result.subjects is not None
    assert (crop.subject, result.subjects[0].score) == (1, 0.0)
    assert result.record()["finder"] == "blind"
    assert result.record()["subjects"][0]["box"] == list(crop.box)
    assert "finder" not in crop_one(picture, Half(), CropRequest(topk=1)).record()


def test_a_subject_and_its_crops_share_a_colour() -> None:
    boxes = subjects((10, 10, 40, 40), (60, 10, 90, 40))
    crops = search_subjects(WHOLE, 100, 60, CropRequest(topk=2), boxes)
    marks = marks_of(crops)
    assert marks[0].label == "s1 1"
    colours = {crop.subject: mark.colour for crop, mark in zip(crops, marks, strict=True)}
    assert len(set(colours.values())) == 2
    drawn = draw_subjects(np.zeros((60, 100, 3), np.uint8), crops, boxes)
    for subject in boxes:
        x, y = (int(edge) for edge in subject.point)
        assert tuple(drawn[y, x]) == colours[subject.number]
