"""The loop on drawn scenes with hidden objects that are known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.errors import Interrupted, UsageError
from compose.core.instances import Instance
from compose.stages.segment_accept import iou
from compose.stages.segment_config import SegmentConfig
from compose.stages.segment_hole import widened
from compose.stages.segment_loop import LoopHooks, run_loop
from compose.stages.segment_merge import first_wins, merge_rounds

from .segment_scenes import (
    BLUE,
    GOLD,
    GREEN,
    GROUND,
    HEIGHT,
    RED,
    WIDTH,
    ByColour,
    Reveal,
    Scripted,
    Thing,
    draw,
    plain,
)

SMALL = {"dilate": 0.0, "dilate_least": 2.0, "min_area": 0.001}
ALL = (RED, BLUE, GREEN, GOLD)
SHAPE = (HEIGHT, WIDTH)


def config(**values):
    return SegmentConfig(**{**SMALL, **values})


def by_colour(result, scene):
    """The instance of every thing, by what the middle of the masks says."""
    names = {}
    for found in result.instances:
        names[max(scene, key=lambda thing: iou(found.amodal, thing.mask()))] = found
    return names


def test_a_partly_hidden_object_is_completed():
    result = run_loop(draw((RED, BLUE)), ByColour(ALL), Reveal([BLUE], []), config())
    found = by_colour(result, (RED, BLUE))
    assert found[BLUE].iteration == 0
    assert iou(found[BLUE].visible, BLUE.mask() & ~RED.mask()) == 1
    assert iou(found[BLUE].amodal, BLUE.mask()) == 1
    assert np.array_equal(found[RED].amodal, RED.mask())
    assert result.order == (found[RED].number, found[BLUE].number)
    assert result.before == {(found[RED].number, found[BLUE].number)}
    assert (found[RED].erased, found[BLUE].erased) == (0, 1)
    assert (found[RED].seen, found[BLUE].seen) == (0, 1)


def test_a_hidden_object_is_found_and_said_to_be_speculative():
    result = run_loop(draw((RED, GREEN)), ByColour(ALL), Reveal([GREEN], [GREEN], []), config())
    found = by_colour(result, (RED, GREEN))
    assert found[GREEN].iteration == 1
    assert found[GREEN].speculative
    assert found[GREEN].hidden == 1
    assert not found[GREEN].visible.any()
    assert np.array_equal(found[GREEN].amodal, GREEN.mask())
    assert not found[RED].speculative
    assert result.order == (found[RED].number, found[GREEN].number)


def test_an_object_that_was_missed_is_no_speculation():
    segmenter = ByColour((RED, GOLD))
    first = [Instance(RED.mask(), 0.9)]
    result = run_loop(draw((RED, GOLD)), segmenter, plain, config(iterations=2), first=first)
    assert [k.iteration for k in result.instances] == [0, 1]
    assert result.instances[1].hidden == 0
    assert not result.instances[1].speculative
    assert np.array_equal(result.instances[1].visible, GOLD.mask())


def test_with_a_least_hidden_share_it_is_left_out():
    segmenter = Scripted([Instance(RED.mask(), 0.9)], [Instance(GOLD.mask(), 0.8)])
    result = run_loop(draw((RED, GOLD)), segmenter, plain, config(min_hidden=0.2))
    assert [k.iteration for k in result.instances] == [0]
    assert [r.reason for r in result.rounds[1].rejected] == ["not hidden"]


@pytest.mark.parametrize(("bottom", "reasons"), [(0.25, []), (0.75, ["ground"])])
def test_what_fills_the_picture_in_plain_sight_and_was_not_found_before_is_ground(bottom, reasons):
    field = np.zeros(SHAPE, bool)
    field[: round(bottom * HEIGHT)] = True
    segmenter = Scripted([Instance(RED.mask(), 0.9)], [Instance(field, 0.8)])
    result = run_loop(draw((RED,)), segmenter, plain, config(iterations=2))
    assert [r.reason for r in result.rounds[1].rejected] == reasons
    assert len(result.instances) == 2 - len(reasons)


def test_all_at_once_completes_nothing():
    result = run_loop(draw((RED, BLUE)), ByColour(ALL), Reveal([]), config(erase="all"), first=None)
    found = by_colour(result, (RED, BLUE))
    assert np.array_equal(found[BLUE].amodal, BLUE.mask() & ~RED.mask())
    assert len(result.rounds) == 2  # the second finds nothing


@pytest.mark.parametrize("erase", ["all", "front-most"])
def test_the_background_is_clean(erase):
    scene = (RED, BLUE, GOLD)
    result = run_loop(draw(scene), ByColour(ALL), plain, config(erase=erase))
    assert (result.background == GROUND).all()


def test_the_background_is_filled_from_the_original_and_at_once():
    fill = Reveal([BLUE], [], [])
    result = run_loop(draw((RED, BLUE)), ByColour(ALL), fill, config())
    assert len(fill.holes) == 3
    hole = widened(RED.mask() | BLUE.mask(), config())
    assert not (hole & ~fill.holes[-1]).any()
    # besides, the notches where the two meet, as narrow as the hole was widened by
    slits = fill.holes[-1] & ~hole
    assert slits.sum() < 0.01 * hole.sum()
    assert not (slits & ~widened(hole, config())).any()
    assert np.array_equal(result.holes, fill.holes[-1])
    assert len(set(fill.seeds)) == 3


def test_one_filling_serves_as_the_background():
    fill = Reveal([])
    result = run_loop(draw((RED,)), ByColour(ALL), fill, config())
    assert len(fill.holes) == 1
    assert np.array_equal(result.holes, fill.holes[0])


def test_no_background_is_made_that_nobody_wants():
    fill = Reveal([])
    result = run_loop(draw((RED,)), ByColour(ALL), fill, config(iterations=1), clean=False)
    assert not fill.holes
    assert np.array_equal(result.background, draw((RED,)))


def test_no_iteration_finds_nothing():
    segmenter, fill = ByColour(ALL), Reveal([])
    result = run_loop(draw(ALL), segmenter, fill, config(iterations=0))
    assert result.instances == result.rounds == result.order == ()
    assert np.array_equal(result.background, draw(ALL))
    assert not result.holes.any()
    assert not segmenter.seen
    assert not fill.holes
    assert not merge_rounds(result.rounds, "first-wins", SHAPE).any()


def test_an_empty_scene_ends_after_one_look():
    segmenter = ByColour(ALL)
    result = run_loop(draw(()), segmenter, plain, config(iterations=5))
    assert len(segmenter.seen) == len(result.rounds) == 1
    assert result.instances == ()


def test_an_object_painted_anew_is_no_discovery():
    """The inpainter puts the red disc where it was."""
    result = run_loop(draw((RED,)), ByColour(ALL), Reveal([RED]), config())
    assert len(result.instances) == 1
    assert [r.reason for r in result.rounds[1].rejected] == ["repeated"]


def test_what_is_not_found_in_the_mirrored_picture_is_not_taken():
    red, green = Instance(RED.mask(), 0.9), Instance(GREEN.mask(), 0.9)
    mirrored = Instance(np.ascontiguousarray(GREEN.mask()[:, ::-1]), 0.9)
    for stability, third, taken in (("flip", [], 0), ("flip", [mirrored], 1), ("off", [], 1)):
        how = config(iterations=2, stability=stability)
        result = run_loop(draw((RED,)), Scripted([red], [green], third), plain, how)
        assert len(result.instances) == 1 + taken
        assert [r.reason for r in result.rounds[1].rejected] == ["unstable"] * (1 - taken)


class Invention:
    """Fills the first hole with a green disc, and later ones with the ground."""

    def __init__(self):
        self.seeds = []

    def __call__(self, rgb, hole, seed):
        self.seeds.append(seed)
        shown = draw((GREEN,) if len(self.seeds) == 1 else ())
        return np.where(hole[..., None], shown, rgb).astype(np.uint8)


@pytest.mark.parametrize(
    ("stability", "taken"), [("both", False), ("seed", False), ("flip", True), ("off", True)]
)
def test_what_another_seed_does_not_show_is_not_taken(stability, taken):
    how = config(iterations=2, stability=stability)
    invented = Invention()
    result = run_loop(draw((RED,)), ByColour(ALL), invented, how, clean=False)
    assert len(result.instances) == 1 + taken
    assert [r.reason for r in result.rounds[1].rejected] == ([] if taken else ["unstable"])
    assert len(set(invented.seeds)) == len(invented.seeds) == 2 - taken
    honest = Reveal([GREEN])
    result = run_loop(draw((RED,)), ByColour(ALL), honest, how, clean=False)
    assert len(result.instances) == 2


def test_of_what_is_real_no_other_filling_is_asked():
    fill = Reveal([])
    first = [Instance(RED.mask(), 0.9)]
    how = config(iterations=2, stability="both")
    result = run_loop(draw((RED, GOLD)), ByColour((RED, GOLD)), fill, how, first=first, clean=False)
    assert len(result.instances) == 2
    assert len(fill.holes) == 1


def test_a_blob_of_two_known_objects_is_neither():
    left = Thing((90, 0, 0), (10, 20, 40, 50), round=False)
    right = Thing((0, 90, 0), (44, 20, 74, 50), round=False)
    front = Thing((0, 0, 90), (25, 40, 59, 75), round=False)
    scene = draw((front, left, right))
    blob = Instance(left.mask() | right.mask(), 0.9)
    first = ByColour((front, left, right)).segment(scene)
    result = run_loop(scene, Scripted([blob]), plain, config(iterations=2), first=first)
    assert [k.erased for k in result.instances] == [0, None, None]
    assert [r.reason for r in result.rounds[1].rejected] == ["merged"]


def test_an_object_is_extended_only_behind_what_was_erased():
    """The second look takes the blue disc for larger than it is, on real pixels too."""
    blue = BLUE.mask() & ~RED.mask()
    wide = BLUE.mask() | Thing((0, 0, 0), (100, 30, 114, 56)).mask()
    first = [Instance(RED.mask(), 0.9), Instance(blue, 0.8)]
    segmenter = Scripted(first, [Instance(wide, 0.9)], [Instance(wide[:, ::-1], 0.9)])
    result = run_loop(draw((RED, BLUE)), segmenter, Reveal([BLUE]), config(iterations=2))
    found = by_colour(result, (RED, BLUE))[BLUE]
    assert iou(found.amodal, BLUE.mask()) > 0.98
    assert not (found.amodal & ~BLUE.mask()).any()


def test_ground_behind_what_was_erased_is_no_part_of_an_object():
    """The segmenter takes the blue disc for whole, where the filled hole shows bare ground."""
    blue = BLUE.mask() & ~RED.mask()
    first = [Instance(RED.mask(), 0.9), Instance(blue, 0.8)]
    again = [Instance(BLUE.mask(), 0.9)], [Instance(BLUE.mask()[:, ::-1], 0.9)]
    result = run_loop(draw((RED, BLUE)), Scripted(first, *again), plain, config(iterations=2))
    found = by_colour(result, (RED, BLUE))[BLUE]
    assert iou(found.seen_extent, blue) > 0.98


def test_what_covers_nearly_everything_is_not_erased():
    box = Thing((0, 0, 0), (1, 1, WIDTH - 1, HEIGHT - 1), round=False)
    given_first = [Instance(box.mask(), 0.9), Instance(GOLD.mask(), 0.9)]
    fill = Reveal([])
    result = run_loop(draw((GOLD,)), Scripted([]), fill, config(), first=given_first)
    assert len(result.instances) == 2
    assert fill.holes
    assert all(hole.mean() < 0.5 for hole in fill.holes)


def test_small_weak_and_huge_detections_do_not_count():
    everything = np.ones(SHAPE, bool)
    dot = Thing((0, 0, 0), (50, 50, 53, 52), round=False).mask()
    good = Instance(RED.mask(), 0.5)
    answers = [Instance(everything, 1.0), good, Instance(dot, 0.9), Instance(BLUE.mask(), 0.1)]
    result = run_loop(draw(()), Scripted(answers), plain, config(iterations=1, min_area=0.01))
    assert len(result.instances) == 1
    assert result.rounds[0].detections == (good,)
    many = run_loop(draw(()), Scripted(answers), plain, config(iterations=1, most=1, min_score=0))
    assert len(many.rounds[0].detections) == 1


def test_it_stops_when_asked():
    looks = []

    def stop():
        looks.append(1)
        return len(looks) > 1

    with pytest.raises(Interrupted, match="again"):
        run_loop(draw(ALL), ByColour(ALL), plain, config(), hooks=LoopHooks(should_stop=stop))


def test_it_says_what_it_does():
    told = []
    hooks = LoopHooks(on_step=lambda done, total, what: told.append((done, total, what)))
    run_loop(draw((RED, BLUE)), ByColour(ALL), plain, config(iterations=2), hooks=hooks)
    assert told == [
        (0, 2, "segmenting"), (0, 2, "filling"), (1, 2, "segmenting"),
        (2, 2, "filling the background"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iterations", -1), ("iterations", 33), ("dilate", 1.5), ("min_score", float("nan")),
        ("merge", "best"), ("erase", "none"), ("stability", "always"), ("working", 10),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(UsageError, match=r"--" + name.replace("_", "-")):
        SegmentConfig(**{name: value})


# invariants, whatever segmenter and inpainter do


@st.composite
def masks(draw_):
    """A mask of one or two boxes."""
    mask = np.zeros((23, 31), bool)
    for _ in range(draw_(st.integers(1, 2))):
        x, y = draw_(st.integers(0, 28)), draw_(st.integers(0, 20))
        mask[y : y + draw_(st.integers(2, 14)), x : x + draw_(st.integers(2, 16))] = True
    return mask


@st.composite
def courses(draw_):
    """Answers of a segmenter, call by call, which may make no sense at all."""
    answers = draw_(st.lists(st.lists(masks(), max_size=4), min_size=1, max_size=6))
    label = st.sampled_from([None, "a", "b"])
    return [[Instance(m, 0.5, draw_(label)) for m in found] for found in answers]


@st.composite
def settings_of(draw_):
    return SegmentConfig(
        iterations=draw_(st.integers(0, 4)),
        erase=draw_(st.sampled_from(["all", "front-most"])),
        stability=draw_(st.sampled_from(["off", "flip", "seed", "both"])),
        min_hidden=draw_(st.sampled_from([0, 0.3])),
        dilate=0,
        dilate_least=draw_(st.integers(0, 2)),
        min_area=0,
    )


def noise(rgb, hole, seed):
    """Fills everything, the hole or not, at random."""
    return np.random.default_rng(seed).integers(0, 256, rgb.shape).astype(np.uint8)


PICTURE = np.random.default_rng(0).integers(0, 256, (23, 31, 3)).astype(np.uint8)


@settings(max_examples=120, deadline=None)
@given(courses(), settings_of())
def test_invariants(course, how):
    result = run_loop(PICTURE, Scripted(*course), noise, how, seed=5)
    shape = PICTURE.shape[:2]
    # pixels outside the dilated union are the original's, in every picture
    assert np.array_equal(result.background[~result.holes], PICTURE[~result.holes])
    for entry in result.rounds:
        assert np.array_equal(entry.picture[~entry.erased], PICTURE[~entry.erased])
    # what a round has labelled is never labelled otherwise
    maps = [
        merge_rounds(result.rounds[:count], "first-wins", shape)
        for count in range(len(result.rounds) + 1)
    ]
    assert not maps[0].any()
    for earlier, later in pairwise(maps):
        labelled = earlier > 0
        assert np.array_equal(later[labelled], earlier[labelled])
    # visible parts are disjoint, and in the whole extent
    shown = np.array([k.visible for k in result.instances], int)
    assert shown.sum(0).max(initial=0) <= 1
    for k in result.instances:
        assert k.amodal.any()
        assert not (k.visible & ~k.amodal).any()
        assert k.number == result.instances.index(k)
        assert result.rounds[k.seen].number == k.seen
        assert k.speculative <= (k.iteration > 0)
    # the order is topological
    place = {number: index for index, number in enumerate(result.order)}
    assert sorted(place) == [k.number for k in result.instances]
    assert all(place[front] < place[behind] for front, behind in result.before)
    assert len(result.rounds) <= how.iterations


@settings(max_examples=60, deadline=None)
@given(courses(), settings_of())
def test_one_iteration_is_a_plain_segmentation(course, how):
    how = SegmentConfig(**{**how.__dict__, "iterations": 1})
    result = run_loop(PICTURE, Scripted(*course), noise, how)
    labels = merge_rounds(result.rounds, "first-wins", PICTURE.shape[:2])
    union = np.zeros(labels.shape, bool)
    for detection in course[0]:
        union |= detection.mask & (detection.area <= how.max_area * union.size)
    assert np.array_equal(labels > 0, union)
    for rule in ("last-wins", "strict-and"):
        assert np.array_equal(merge_rounds(result.rounds, rule, labels.shape), labels)


@settings(max_examples=60, deadline=None)
@given(masks(), masks(), st.integers(0, 3))
def test_where_masks_are_disjoint_it_is_their_map(one, other, least):
    other = other & ~one
    found = [Instance(m, 0.5) for m in (one, other) if m.any()]
    how = SegmentConfig(iterations=1, min_area=0, max_area=1, dilate_least=least)
    result = run_loop(PICTURE, Scripted(found), noise, how)
    assert {k.visible.tobytes() for k in result.instances} == {d.mask.tobytes() for d in found}
    assert np.array_equal(first_wins(result.instances, one.shape) > 0, one | other)


@settings(max_examples=60, deadline=None)
@given(courses(), settings_of(), st.integers(0, 3))
def test_a_longer_run_begins_like_a_shorter_one(course, how, fewer):
    long = SegmentConfig(**{**how.__dict__, "iterations": 4, "stability": "off"})
    short = SegmentConfig(**{**long.__dict__, "iterations": fewer})
    whole = run_loop(PICTURE, Scripted(*course), noise, long, seed=2)
    part = run_loop(PICTURE, Scripted(*course), noise, short, seed=2)
    then = whole.after(fewer)
    assert len(then) == len(part.instances)
    for one, other in zip(then, part.instances, strict=True):
        assert one.amodal.tobytes() == other.amodal.tobytes()
        assert one.visible.tobytes() == other.visible.tobytes()
    twice = run_loop(PICTURE, Scripted(*course), noise, long, seed=2)
    assert twice.background.tobytes() == whole.background.tobytes()
