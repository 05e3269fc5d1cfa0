import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.boxes import Box, iou_matrix
from compose.core.errors import InputError
from compose.models.crop_belief import CropBelief
from compose.stages.crop_aspect import AspectCrops
from compose.stages.crop_free import FreeCrops
from compose.stages.crop_limits import Limits
from compose.stages.crop_request import Aspect, CropRequest, parse_aspect
from compose.stages.crop_search import TWINS, search, select

WIDTH, HEIGHT = 641, 403
quick = settings(deadline=None, max_examples=60)


def a_belief(seed, hypotheses=30):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 0.5, (hypotheses, 2))
    high = low + rng.uniform(0.3, 1, (hypotheses, 2)) * (1 - low)
    weights = rng.random(hypotheses) ** 3 + 1e-3
    return CropBelief(np.concatenate([low, high], 1), weights / weights.sum())


sides = st.integers(1, 900)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def pictures_with_something_to_keep(draw):
    width, height = draw(sides), draw(sides)
    x1, x2 = sorted((draw(st.floats(0, width)), draw(st.floats(0, width))))
    y1, y2 = sorted((draw(st.floats(0, height)), draw(st.floats(0, height))))
    return width, height, Box(x1, y1, x2, y2)


def assert_sound(crops, width, height, topk):
    assert 1 <= len(crops) <= topk
    assert [crop.rank for crop in crops] == list(range(1, len(crops) + 1))
    assert len({crop.box for crop in crops}) == len(crops)
    for crop in crops:
        assert all(type(edge) is int for edge in crop.box)
        x1, y1, x2, y2 = crop.box
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        assert 0 <= crop.score <= 1
    assert [crop.score for crop in crops] == sorted((c.score for c in crops), reverse=True)


@quick
@given(seeds, pictures_with_something_to_keep(), st.floats(0, 1), st.integers(1, 7))
def test_free_crops_respect_everything(seed, picture, min_area, topk):
    width, height, keep = picture
    request = CropRequest(topk=topk, keep=keep, min_area=min_area)
    crops = search(a_belief(seed), width, height, request)
    assert_sound(crops, width, height, topk)
    for crop in crops:
        x1, y1, x2, y2 = crop.box
        assert x1 <= keep.x1
        assert y1 <= keep.y1
        assert x2 >= keep.x2
        assert y2 >= keep.y2
        assert (x2 - x1) * (y2 - y1) >= min_area * width * height - 0.5


@quick
@given(seeds, sides, sides, st.integers(1, 40), st.integers(1, 40))
def test_aspects_are_exact_within_a_pixel(seed, width, height, wide, high):
    aspect = Aspect(wide, high, f"{wide}:{high}")
    crops = search(a_belief(seed), width, height, CropRequest(aspects=(aspect,)))
    assert_sound(crops, width, height, 5)
    for crop in crops:
        w, h = crop.box[2] - crop.box[0], crop.box[3] - crop.box[1]
        assert abs(w - h * wide / high) <= 1 or abs(h - w * high / wide) <= 1
        assert crop.aspect == aspect.label


@quick
@given(
    seeds, pictures_with_something_to_keep(), st.floats(0, 1), st.integers(1, 9), st.integers(1, 9)
)
def test_aspects_with_limits_are_kept_or_refused(seed, picture, min_area, wide, high):
    width, height, keep = picture
    aspect = Aspect(wide, high, f"{wide}:{high}")
    largest_fits = AspectCrops(aspect, Limits(width, height, 0.0, None))
    length = largest_fits.longest
    w, h = (length, max(round(length * high / wide), 1)) if wide >= high else (0, 0)
    if wide < high:
        w, h = max(round(length * wide / high), 1), length
    kept = np.ceil(keep[2:]) - np.floor(keep[:2])
    # a pixel of leave, for the halves are rounded otherwise here
    surely = (
        kept[0] <= w - 1 and kept[1] <= h - 1 and (w - 1) * (h - 1) >= min_area * width * height
    )
    surely_not = kept[0] > w + 1 or kept[1] > h + 1
    surely_not |= (w + 1) * (h + 1) < min_area * width * height - 0.5
    request = CropRequest(aspects=(aspect,), keep=keep, min_area=min_area)
    if surely_not:
        with pytest.raises(InputError, match="choose another aspect"):
            search(a_belief(seed), width, height, request)
        return
    try:
        crops = search(a_belief(seed), width, height, request)
    except InputError:
        assert not surely
        return
    assert_sound(crops, width, height, 5)
    for crop in crops:
        x1, y1, x2, y2 = crop.box
        assert x1 <= keep.x1
        assert y1 <= keep.y1
        assert x2 >= keep.x2
        assert y2 >= keep.y2
        assert (x2 - x1) * (y2 - y1) >= min_area * width * height - 0.5
        assert abs((x2 - x1) - (y2 - y1) * wide / high) <= 1 or (
            abs((y2 - y1) - (x2 - x1) * high / wide) <= 1
        )


@quick
@given(seeds, st.sampled_from([None, "16:9", "2:3", "1:1"]))
def test_the_first_is_the_best_of_all_candidates(seed, shape):
    belief, limits = a_belief(seed), Limits(WIDTH, HEIGHT, 0.0, None)
    aspects = (parse_aspect(shape),) if shape else ()
    space = AspectCrops(aspects[0], limits) if shape else FreeCrops(limits)
    scores = belief.utility(limits.shares(space.candidates(belief)))
    first = search(belief, WIDTH, HEIGHT, CropRequest(aspects=aspects))[0]
    assert first.score >= scores.max() - 2e-6
    assert first.score == belief.utility(limits.shares(np.array([first.box])))[0]


class Listed:
    """A space of given crops without neighbours, so that choosing can be seen alone."""

    def __init__(self, boxes):
        self.boxes = boxes

    def candidates(self, belief):
        return self.boxes

    def neighbours(self, box, share):
        return np.empty((0, 4), np.int64)


@quick
@given(seeds, st.sampled_from([None, 0.6, 0.3]))
def test_choosing_equals_a_plain_reference(seed, diverse):
    rng = np.random.default_rng(seed)
    belief, limits = a_belief(seed, 9), Limits(WIDTH, HEIGHT, 0.0, None)
    low = rng.integers(0, (300, 200), (25, 2))
    boxes = np.concatenate([low, low + rng.integers(40, (341, 203), (25, 2))], 1)
    overlaps = iou_matrix(boxes / (WIDTH, HEIGHT, WIDTH, HEIGHT), belief.boxes.astype(float))
    chosen: list[int] = []
    while len(chosen) < 4:

        def worth(index, chosen=chosen):
            best = overlaps[[*chosen, index]].max(0)
            return float((best * belief.probability).sum())

        apart = [
            i
            for i in range(len(boxes))
            if all(
                iou_matrix(boxes[i : i + 1] * 1.0, boxes[j : j + 1] * 1.0)[0, 0]
                <= (diverse or TWINS)
                for j in chosen
            )
        ]
        if not apart:
            break
        chosen.append(max(apart, key=worth))
    found = select(belief, limits, Listed(boxes), 4, diverse)
    value = [
        float((overlaps[rows].max(0) * belief.probability).sum())
        for rows in (chosen, [int(np.flatnonzero((boxes == box).all(1))[0]) for box in found])
    ]
    # equal sets, or equally good ones where the sixth digit decides
    assert value[1] == pytest.approx(value[0], abs=1e-5)


def test_several_crops_cover_several_opinions():
    modes = np.array([[0, 0, 0.5, 1], [0.5, 0, 1, 1], [0.2, 0.3, 0.8, 0.9]])
    belief = CropBelief(modes, np.array([0.4, 0.35, 0.25]))
    boxes = [crop.box for crop in search(belief, 1000, 600, CropRequest(topk=4))]
    best = iou_matrix(np.array(boxes, float), modes * (1000, 600, 1000, 600)).max(0)
    assert (best > 0.97).sum() == 3


@quick
@given(seeds, st.floats(0.05, 0.9), st.sampled_from([None, "4:3"]))
def test_diverse_crops_do_not_overlap_by_more(seed, threshold, shape):
    aspects = (parse_aspect(shape),) if shape else ()
    request = CropRequest(topk=6, diverse=threshold, aspects=aspects)
    boxes = np.array([c.box for c in search(a_belief(seed), WIDTH, HEIGHT, request)], float)
    overlaps = iou_matrix(boxes, boxes) - np.eye(len(boxes))
    assert overlaps.max() <= threshold


def test_a_certain_belief_gives_one_crop():
    whole = search(CropBelief.certain((0, 0, 1, 1)), WIDTH, HEIGHT, CropRequest())
    assert [(c.rank, c.box, c.score) for c in whole] == [(1, (0, 0, WIDTH, HEIGHT), 1.0)]
    square = search(
        CropBelief.certain((0, 0, 1, 1)), WIDTH, HEIGHT, CropRequest(aspects=(parse_aspect("1:1"),))
    )
    assert [c.box for c in square] == [(119, 0, 522, HEIGHT)]  # the most central of equals


def test_every_aspect_gets_its_own_ranks():
    aspects = tuple(parse_aspect(text) for text in ("16:9", "4:5"))
    crops = search(a_belief(1), 1200, 900, CropRequest(topk=3, aspects=aspects))
    assert [(c.aspect, c.rank) for c in crops] == [
        (label, rank) for label in ("16:9", "4:5") for rank in (1, 2, 3)
    ]


def test_size_asks_for_enough_pixels():
    belief = CropBelief.certain((0.4, 0.4, 0.6, 0.6))
    crops = search(belief, 1000, 800, CropRequest(size=(600, 500)))
    for crop in crops:
        assert crop.box[2] - crop.box[0] >= 600
        assert crop.box[3] - crop.box[1] >= 500
        assert crop.aspect == "6:5" or crop.aspect == "1.20:1"
    free = search(belief, 1000, 800, CropRequest(size=(600, 500), upscale=True))
    assert free[0].box[2] - free[0].box[0] < 300
    exact = search(belief, 600, 500, CropRequest(size=(600, 500)))
    assert [crop.box for crop in exact] == [(0, 0, 600, 500)]


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (CropRequest(size=(1000, 10)), "add --upscale"),
        (CropRequest(keep=Box(0, 0, WIDTH + 0.5, 10)), "leaves the picture"),
        (CropRequest(keep=Box(-1, 0, 10, 10)), "leaves the picture"),
        (CropRequest(keep=Box(0, 0, 600, 9), aspects=(parse_aspect("1:1"),)), "keep less"),
        (CropRequest(min_area=0.9, aspects=(parse_aspect("1:1"),)), "--min-area"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(request_, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        search(a_belief(0), WIDTH, HEIGHT, request_)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_the_search_is_the_same_every_time():
    request = CropRequest(aspects=(parse_aspect("3:2"),), min_area=0.2)
    once, twice = (search(a_belief(5), WIDTH, HEIGHT, request) for _ in range(2))
    assert once == twice


def test_refining_finds_what_the_grid_misses():
    truth = np.array([0.137, 0.211, 0.773, 0.859])
    rng = np.random.default_rng(0)
    hypotheses = np.clip(truth + rng.normal(scale=0.03, size=(200, 4)), 0, 1)
    belief = CropBelief(hypotheses, np.full(200, 1 / 200))
    limits = Limits(4000, 3000, 0.0, None)
    candidates = FreeCrops(limits).candidates(belief)
    best = belief.utility(limits.shares(candidates)).max()
    first = search(belief, 4000, 3000, CropRequest())[0]
    assert first.score > best + 1e-3


def test_a_crop_grows_just_enough():
    belief = CropBelief.certain((0.1, 0.1, 0.5, 0.5))
    kept = search(belief, 1000, 500, CropRequest(keep=Box(300, 100, 600.5, 300)))
    assert kept[0].box == (100, 50, 601, 300)
    larger = search(belief, 1000, 500, CropRequest(min_area=0.36))[0].box
    assert (larger[2] - larger[0]) * (larger[3] - larger[1]) == pytest.approx(180_000, rel=0.01)
