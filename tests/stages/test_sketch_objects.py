"""What is salient ends where objects do, and the surest object is on top."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.instances import Instance
from compose.models.segment_parts import Part
from compose.stages.sketch_contours import LineFinders
from compose.stages.sketch_objects import covers, read_subjects, with_objects
from compose.stages.sketch_target import prepare_target

from .sketch_scenes import write_scene


def box(y1, y2, x1, x2, score, shape=(40, 60)):
    mask = np.zeros(shape, bool)
    mask[y1:y2, x1:x2] = True
    return Instance(mask, score)


def test_an_object_takes_the_place_of_what_the_map_says():
    saliency = np.full((40, 60), 0.5, np.float32)
    found, _ = with_objects(saliency, [box(10, 30, 20, 40, 0.8)])
    assert found[20, 30] == pytest.approx(0.9)  # half, and more by how sure it is
    assert found[5, 5] == pytest.approx(0.3)  # less than before, elsewhere
    assert (saliency == 0.5).all()


def test_where_the_map_is_surer_than_the_object_it_is_believed():
    saliency = np.ones((40, 60), np.float32)
    assert with_objects(saliency, [box(10, 30, 20, 40, 0.2)])[0][20, 30] == pytest.approx(1)


def test_the_surest_object_is_on_top():
    front, back = box(10, 30, 20, 40, 0.9), box(10, 30, 30, 50, 0.3)
    saliency = np.zeros((40, 60), np.float32)
    found = [with_objects(saliency, pair)[0][20, 35] for pair in ([front, back], [back, front])]
    assert found == pytest.approx([0.95, 0.95])


def test_objects_of_a_larger_picture_cover_parts_of_pixels():
    (cover,) = covers([box(10, 30, 21, 40, 0.5)], (20, 30))
    assert cover.shape == (20, 30)
    assert cover[10, 15] == 1
    assert cover[10, 10] == pytest.approx(0.5)
    assert cover[10, 5] == 0


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 59)] * 4, st.floats(0, 1)), max_size=4),
    st.integers(0, 9),
)
def test_it_stays_a_map(boxes, seed):
    saliency = np.random.default_rng(seed).random((40, 60)).astype(np.float32)
    objects = [box(a, b, c, d, score) for a, b, c, d, score in boxes]
    found, _ = with_objects(saliency, objects)
    assert found.shape == (40, 60)
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1


class Found:
    """Finds what it is told, and keeps what it was asked."""

    name = "found"

    def __init__(self, found):
        self.found, self.asked = found, []

    def segment(self, rgb):
        self.asked.append(rgb)
        return self.found

    def read(self, rgb, within):
        self.asked.append((rgb, within))
        return self.found


def test_subjects_are_read_from_the_large_picture(tmp_path):
    target = prepare_target(write_scene(tmp_path / "scene.png"), canvas=120)
    height, width = target.large.shape[:2]
    thing = box(0, height // 2, 0, width // 2, 0.8, (height, width))
    objects, parts = Found([thing]), Found([Part(thing.mask, 3.0)])
    saliency = np.full((80, 120), 0.2, np.float32)
    subjects = read_subjects(target, saliency, LineFinders(None, objects, parts))
    assert np.array_equal(objects.asked[0], target.large)
    rgb, within = parts.asked[0]
    assert np.array_equal(rgb, target.large)
    assert within.shape == (height, width)
    assert (within == thing.mask).mean() > 0.98  # where the object is, and not where it is 0.12
    assert [shape.shape for shape in subjects.shapes] == [(80, 120)]
    assert len(subjects.parts) == 1
    plain = read_subjects(target, saliency, LineFinders())
    assert plain.saliency is saliency
    assert not plain.shapes
    assert not plain.parts
