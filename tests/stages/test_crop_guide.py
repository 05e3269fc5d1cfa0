"""Crops guided by references and layouts, on drawn pictures with an engine that has no opinion."""

from __future__ import annotations

import numpy as np
import pytest

from compose.core.boxes import iou_matrix
from compose.models.crop_belief import CropBelief
from compose.stages.crop_guide import Guide, class_chances, likeness
from compose.stages.crop_guided import GuidedChoice, GuidedConfig
from compose.stages.crop_request import CropRequest, parse_aspect
from compose.stages.crop_search import search
from compose.stages.layout import CLASSES, layouts, measure, read_layout

from .layout_scenes import disc, draw

WIDTH, HEIGHT = 480, 320


def undecided():
    """Any crop of seven tenths of the sides and more is as good as another."""
    line = np.linspace(0, 0.3, 5)
    x, y = (grid.ravel() for grid in np.meshgrid(line, line))
    boxes = np.stack([x, y, x + 0.7, y + 0.7], 1)
    return CropBelief(boxes, np.full(len(boxes), 1 / len(boxes)))


def scene_at(x, y):
    return measure(*disc(WIDTH, HEIGHT, x, y))


def best(scene, guide, request=None, config=None):
    choice = GuidedChoice(scene, guide, config)
    return search(undecided(), WIDTH, HEIGHT, request or CropRequest(), choice)


def place_in(box, x, y):
    x1, y1, x2, y2 = box
    return (x * WIDTH - x1) / (x2 - x1), (y * HEIGHT - y1) / (y2 - y1)


@pytest.mark.parametrize("wanted", [(1 / 3, 1 / 3), (0.5, 0.5), (2 / 3, 0.4)])
def test_the_subject_comes_to_lie_as_in_the_reference(wanted):
    scene = scene_at(0.5, 0.5)
    guide = Guide(read_layout(*disc(600, 400, *wanted)))
    crop = best(scene, guide)[0]
    found = place_in(crop.box, 0.5, 0.5)
    plain = search(undecided(), WIDTH, HEIGHT, CropRequest())[0]
    assert np.linalg.norm(np.subtract(found, wanted)) < 0.07
    if wanted != (0.5, 0.5):
        assert np.linalg.norm(np.subtract(place_in(plain.box, 0.5, 0.5), wanted)) > 0.1


def test_a_preferred_class_is_the_crop_s():
    scene = scene_at(0.5, 0.5)
    for name in ("thirds", "centre"):
        crop = best(scene, Guide(prefer=(CLASSES.index(name),)))[0]
        shares = np.array([crop.box]) / (WIDTH, HEIGHT, WIDTH, HEIGHT)
        assert layouts(scene, shares).names() == [name]


def test_without_weight_the_engine_alone_counts():
    scene, guide = scene_at(0.5, 0.5), Guide(read_layout(*disc(600, 400, 0.2, 0.2)))
    free = best(scene, guide, config=GuidedConfig(weight=0))[0]
    plain = search(undecided(), WIDTH, HEIGHT, CropRequest())[0]
    assert free.score == pytest.approx(plain.score, abs=0.01)


def test_every_crop_is_a_good_one_and_they_differ():
    scene, guide = scene_at(0.5, 0.5), Guide(read_layout(*disc(600, 400, 0.9, 0.9)))
    config = GuidedConfig(weight=1, least=0.8)
    crops = best(scene, guide, CropRequest(topk=6), config)
    highest = search(undecided(), WIDTH, HEIGHT, CropRequest())[0].score
    assert len(crops) == 6
    assert min(crop.score for crop in crops) >= 0.8 * highest - 0.01
    overlaps = iou_matrix(*(np.array([crop.box for crop in crops], float),) * 2)
    assert overlaps[~np.eye(6, dtype=bool)].max() <= 0.85
    assert [crop.rank for crop in crops] == [1, 2, 3, 4, 5, 6]


def test_requests_are_still_kept():
    scene, guide = scene_at(0.5, 0.5), Guide(read_layout(*disc(600, 400, 1 / 3, 1 / 3)))
    request = CropRequest(
        topk=3, aspects=(parse_aspect("1:1"), parse_aspect("16:9")), min_area=0.2, diverse=0.7
    )
    crops = best(scene, guide, request)
    for crop in crops:
        x1, y1, x2, y2 = crop.box
        assert crop.aspect in ("1:1", "16:9")
        assert abs((x2 - x1) - (y2 - y1) * (1 if crop.aspect == "1:1" else 16 / 9)) <= 1
        assert (x2 - x1) * (y2 - y1) >= 0.2 * WIDTH * HEIGHT - 1
    square = np.array([crop.box for crop in crops if crop.aspect == "1:1"], float)
    overlaps = iou_matrix(square, square)
    assert overlaps[~np.eye(len(square), dtype=bool)].max(initial=0) <= 0.7


def test_like_is_most_like_itself():
    names = ("thirds", "centre", "horizontal", "diagonal", "triangle")
    each = [read_layout(*draw(name, WIDTH, HEIGHT)) for name in names]
    table = np.array([[likeness(a, b)[0, 0] for b in each] for a in each])
    assert (table.argmax(0) == np.arange(len(names))).all()
    np.testing.assert_allclose(np.diag(table), 1, atol=0.35)
    assert table.max() <= 1
    assert table.min() >= 0


def test_a_crop_that_loses_the_subject_is_not_like():
    scene = scene_at(0.2, 0.5)
    wanted = read_layout(*disc(600, 400, 0.5, 0.5))
    with_it, without = [[0.0, 0.2, 0.4, 0.8]], [[0.35, 0.2, 0.9, 0.8]]
    guide = Guide(wanted)
    assert guide.agreement(layouts(scene, np.array(with_it))) > 0.7
    assert guide.agreement(layouts(scene, np.array(without))) < 0.4


def test_several_references_count_by_their_weights():
    both = layouts(scene_at(0.5, 0.5), np.array([[0, 0, 1, 1], [0.2, 0.2, 0.9, 0.9]]))
    even, first = Guide(both), Guide(both, np.array([1.0, 0.0]))
    tried = layouts(scene_at(0.5, 0.5))
    assert first.agreement(tried) == pytest.approx(likeness(tried, both)[:, 0])
    assert even.agreement(tried) == pytest.approx(likeness(tried, both).mean(1))
    with pytest.raises(ValueError, match="as many weights"):
        Guide(both, np.ones(3))
    with pytest.raises(ValueError, match="needs references or classes"):
        Guide()


def test_chances_of_classes_leave_room_for_none():
    found = read_layout(*draw("diagonal", WIDTH, HEIGHT))
    chances = class_chances(found)
    assert chances[0].argmax() == CLASSES.index("diagonal")
    assert chances.sum() < 1
