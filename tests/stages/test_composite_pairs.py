"""Which pairs are cut out of drawn photographs, and what is left of these."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compose.core.errors import DataError
from compose.models.inpainters import open_inpainter
from compose.stages.composite_pairs import Pair, _meet, find_pairs, open_cases, read_pair
from compose.stages.composite_peers import PasteEngine
from compose.stages.occlusion_sources import open_photos

from .pair_scenes import RED, TALL, WIDE, coco_pairs, photograph


class Grey:
    """Fills with grey, and keeps what it was shown."""

    name, multiple, limit = "grey", 1, None

    def __init__(self):
        self.holes = []

    def fill(self, rgb, hole, seed):
        self.holes.append(hole)
        return np.where(hole[..., None], np.uint8(128), rgb)


@pytest.fixture
def pair(tmp_path) -> Pair:
    photos = open_photos("coco", coco_pairs(tmp_path / "coco"), "val")
    found = find_pairs(photos)
    assert [(photo.name, a, b) for photo, a, b in found] == [("0.png", 0, 1), ("1.png", 0, 1)]
    return read_pair(*found[0])


def test_the_smaller_object_has_what_both_masks_claim_and_is_in_front(pair):
    tall, wide = pair.masks
    assert pair.order == (1, 0)
    assert not (tall & wide).any()
    assert wide.sum() == (WIDE[2] - WIDE[0]) * (WIDE[3] - WIDE[1])
    assert tall.sum() < (TALL[2] - TALL[0]) * (TALL[3] - TALL[1])


def test_nothing_of_the_objects_is_in_the_background(pair):
    filler = Grey()
    ((_, case),) = open_cases(pair, ["recomposite"], filler, 0)
    background = case.scene.background
    union = pair.masks[0] | pair.masks[1]
    assert (background[union] == 128).all()
    changed = (background != case.truth).any(-1)
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    reach = (rows[0], columns[0], rows[-1], columns[-1])
    assert np.abs(np.array(reach) - (TALL[1], TALL[0], WIDE[3], WIDE[2])).max() <= 3
    assert len(filler.holes) == 1


def test_other_objects_are_not_painted_over(pair):
    assert pair.others[35:55, 10:25].all()  # FAR, and SPECK
    assert pair.others[6, 6]
    near = np.zeros_like(pair.others)
    near[:, : TALL[0]] = True  # up to the very edge of the pair
    beside = replace(pair, others=near)
    ((_, spared),) = open_cases(beside, ["recomposite"], Grey(), 0, spare=True)
    ((_, whole),) = open_cases(beside, ["recomposite"], Grey(), 0)
    assert (spared.scene.background[near] == spared.truth[near]).all()
    assert (whole.scene.background[near] != whole.truth[near]).any()
    assert (spared.scene.background[~near] == whole.scene.background[~near]).all()


def test_pasted_at_their_places_the_objects_are_the_photograph(pair):
    ((_, case),) = open_cases(pair, ["recomposite"], open_inpainter("telea"), 0)
    made = PasteEngine().compose(case.scene).rgb
    for part in (np.s_[60:96, 80:126], np.s_[24:52, 54:86]):  # of WIDE, and of TALL above it
        assert np.abs(made[part].astype(int) - case.truth[part]).max() <= 1
    tall, wide = (np.array(placed.box) for placed in case.scene.objects)
    assert np.abs(wide - WIDE).max() <= 3
    assert np.abs(tall - TALL)[:2].max() <= 3
    assert (tall - TALL)[2:].min() >= 3  # it goes on below the one in front
    assert (tall - TALL)[2:].max() <= 8


def test_perturbed_colours_depend_on_seed_object_and_photograph(pair):
    def colours(seed):
        (_, plain), (_, other) = open_cases(pair, ["recomposite", "harmonize"], Grey(), seed)
        assert np.array_equal(plain.scene.background, other.scene.background)
        ratios = []
        for a, b in zip(plain.scene.objects, other.scene.objects, strict=True):
            assert np.array_equal(a.alpha, b.alpha)
            ratios.append(float(b.rgb.mean() / a.rgb.mean()))
        return ratios

    first, again, other = colours(3), colours(3), colours(4)
    assert first == again
    assert len({round(ratio, 6) for ratio in (*first, *other)}) == 4
    assert all(0.4 < ratio < 2.5 and abs(ratio - 1) > 1e-4 for ratio in (*first, *other))


def test_boxes_that_touch_meet_and_boxes_inside_do_not():
    from compose.core.boxes import Box

    one = Box(10, 10, 30, 30)
    assert _meet(one, Box(30, 10, 50, 30))
    assert _meet(one, Box(20, 20, 50, 50))
    assert not _meet(one, Box(31, 10, 50, 30))
    assert not _meet(one, Box(12, 12, 20, 20))
    assert not _meet(one, Box(8, 8, 60, 60))
    assert not _meet(one, Box(9, 12, 31, 20))  # but for two pixels within


def test_photographs_without_pairs_are_refused(tmp_path):
    photos = open_photos("coco", coco_pairs(tmp_path / "coco", count=0), "val")
    with pytest.raises(DataError, match="larger data set"):
        find_pairs(photos)


def test_the_drawing_is_as_the_tests_think():
    rgb = photograph()
    assert np.abs(rgb[30, 60].astype(int) - RED).max() <= 12
