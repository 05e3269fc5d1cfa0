"""Budgets are spent to the last stroke, regions come from where the user said, seeds lie there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from compose.core.boxes import Box
from compose.core.curves import cubic_points
from compose.core.drawing import Drawing
from compose.core.errors import InputError, MaskError, UsageError
from compose.stages.sketch_config import SketchConfig
from compose.stages.sketch_contours import LineFinders
from compose.stages.sketch_plan import make_plan
from compose.stages.sketch_regions import region_edges
from compose.stages.sketch_target import prepare_target

from .sketch_scenes import BOX, HEIGHT, WIDTH, Outlines, Right, scene, tiny, write_scene


@pytest.fixture
def photo(tmp_path):
    return write_scene(tmp_path / "in" / "scene.png")


@pytest.fixture
def plan(photo):
    def make(config=None, **options):
        config = config or tiny()
        target = prepare_target(photo, canvas=config.canvas, fix_scale=config.fix_scale)
        return make_plan(photo, target, config, **({"name": "scene.png"} | options))

    return make


def drawing(count, size=(96.0, 64.0)):
    rng = np.random.default_rng(count)
    points = rng.uniform(0, 60, (count, 4, 2))
    return Drawing(points, np.full(count, 2.0), rng.random((count, 3)), np.ones(count), size)


def strokes(plan):
    return [entry.points.shape[1] for entry in plan.rounds]


# budgets


@given(
    total=st.integers(1, 60),
    rounds=st.integers(1, 4),
    boxes=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 60)), max_size=3),
    init=st.sampled_from(["contours", "edge-fps", "saliency", "random"]),
    edges=st.sampled_from(["segments", "contours", "canny"]),
    allot=st.sampled_from(["edges", "pixels"]),
    given_strokes=st.integers(0, 8),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_stroke_is_spent(plan, total, rounds, boxes, init, edges, allot, given_strokes):
    config = tiny(strokes=total, rounds=min(rounds, total), init=init, edges=edges, allot=allot)
    regions = [Box(x, y, x + 20, y + 15) for x, y in boxes]
    before = drawing(given_strokes) if 0 < given_strokes <= total else None
    made = plan(
        config, options=regions, saliency=Right(), finders=LineFinders(Outlines()), drawing=before
    )
    assert sum(strokes(made)) == total
    assert min(strokes(made)) > 0
    assert len(made.rounds) <= config.rounds
    for entry in made.rounds:
        assert entry.points.shape == (2, entry.color.shape[1], 4, 2)
        assert np.isfinite(entry.points).all()


@pytest.mark.parametrize(
    ("total", "washes", "given_strokes"), [(2, 1, 0), (5, 4, 0), (10, 3, 8), (10, 5, 10)]
)
def test_every_stroke_is_spent_on_lines_and_washes(plan, total, washes, given_strokes):
    before = drawing(given_strokes) if given_strokes else None
    made = plan(tiny(strokes=total, washes=washes), drawing=before)
    assert len(made.washes) == min(washes, total - given_strokes)
    assert sum(strokes(made)) == total - len(made.washes)
    assert strokes(made)[0] >= max(given_strokes, 1)


def test_lines_get_what_a_blank_page_leaves_of_washes(photo):
    Image.new("RGB", (90, 60), "white").save(photo)
    target = prepare_target(photo, canvas=48)
    made = make_plan(photo, target, tiny(washes=5))
    assert len(made.washes) == 0
    assert sum(strokes(made)) == 10


def test_a_region_without_edges_gets_no_round(plan):
    made = plan(options=[Box(60, 2, 70, 12)])
    assert strokes(made) == [10]
    assert len(made.regions) == 1


def test_too_few_strokes_for_all_regions_leave_rounds_out(plan):
    config = tiny(strokes=3, rounds=3)
    made = plan(config, options=[Box(10, 10, 60, 60), Box(105, 50, 110, 62)])
    assert sum(strokes(made)) == 3
    assert len(made.regions) == 2


# lines


def test_strokes_begin_along_the_lines_of_the_picture(plan):
    made = plan(tiny(rounds=1), finders=LineFinders(Outlines()))
    near = cv2.dilate(made.edges.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    for strokes_of_one in made.rounds[0].points:
        x, y = cubic_points(strokes_of_one, np.linspace(0, 1, 9)).reshape(-1, 2).astype(int).T
        assert near[np.clip(y, 0, near.shape[0] - 1), np.clip(x, 0, near.shape[1] - 1)].mean() > 0.9


def test_sketches_of_one_target_begin_differently(plan):
    points = plan(tiny(strokes=4, rounds=1), finders=LineFinders(Outlines())).rounds[0].points
    assert not np.array_equal(points[0], points[1])
    again = plan(tiny(strokes=4, rounds=1), finders=LineFinders(Outlines())).rounds[0].points
    assert np.array_equal(points, again)


def test_the_network_is_not_asked_for_canny_s_edges(plan):
    reader = Outlines()
    made = plan(tiny(edges="canny"), finders=LineFinders(reader))
    assert reader.seen == []
    assert np.array_equal(made.edges, plan(finders=None).edges)
    assert not np.array_equal(made.edges, plan(finders=LineFinders(reader)).edges)


# regions


def test_boxes_are_in_pixels_of_the_original(plan):
    made = plan(options=[Box(*BOX)])
    assert [region.source for region in made.regions] == ["option"]
    scale = 48 / WIDTH
    x, y = made.rounds[1].seeds[0].T / scale
    assert (x >= BOX[0] - 8).all()
    assert (x <= BOX[2] + 8).all()
    assert (y >= BOX[1] - 8).all()
    assert (y <= BOX[3] + 8).all()


def test_a_mask_says_where_the_second_round_begins(plan, tmp_path):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[10:60, 10:60] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    made = plan(options=[tmp_path / "mask.png"])
    assert (made.rounds[1].seeds[..., 0] < 64 * 48 / WIDTH).all()


def test_files_beside_the_target_go_before_subjects_that_are_found(plan, photo):
    copy = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    copy[:, :62] = scene()[:, :62]
    Image.fromarray(copy).save(photo.with_name("scene_roi1.png"))
    made = plan(tiny(rounds=3, strokes=12), saliency=Right())
    assert [(region.name, region.source) for region in made.regions] == [
        ("roi1", "file"),
        ("auto1", "automatic"),
    ]
    one = plan(tiny(rounds=1), saliency=Right())
    assert one.regions == ()
    asked = plan(options=[Box(*BOX)], saliency=Right())
    assert [region.source for region in asked.regions] == ["option"]


def test_without_a_finder_the_scene_is_the_only_round(plan):
    assert strokes(plan(saliency=None)) == [10]


def test_where_no_subject_is_sure_all_places_count_alike(plan):
    unsure, without = plan(saliency=Right(0.8)), plan(saliency=None)
    assert unsure.regions == ()
    np.testing.assert_array_equal(unsure.weights, without.weights)
    np.testing.assert_array_equal(unsure.rounds[0].points, without.rounds[0].points)
    assert len(plan(saliency=Right(0.95)).regions) == 1
    seeds = plan(tiny(init="saliency", rounds=1), saliency=Right(0.8)).rounds[0].seeds
    assert (seeds[..., 0] > 0.55 * unsure.edges.shape[1]).mean() > 0.9  # its own map, as asked for


def test_a_mask_of_another_shape_is_refused(plan, tmp_path):
    Image.new("L", (50, 50), 255).save(tmp_path / "mask.png")
    with pytest.raises(MaskError, match="same size"):
        plan(options=[tmp_path / "mask.png"])


def test_a_mask_with_too_many_pixels_is_refused(plan, tmp_path):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[10:60, 10:60] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    with pytest.raises(InputError):
        plan(options=[tmp_path / "mask.png"], max_pixels=1000)


# seeds


def test_seeds_lie_on_edges_and_apart(plan):
    made = plan()
    for entry in made.rounds:
        allowed = (
            made.edges if entry.region is None else region_edges(made.edges, entry.region.mask)
        )
        for seeds in entry.seeds:
            assert allowed[seeds[:, 1].astype(int), seeds[:, 0].astype(int)].all()
            gaps = np.linalg.norm(seeds[:, None] - seeds, axis=-1)
            assert gaps[~np.eye(len(seeds), dtype=bool)].min(initial=9) > 1


def test_later_rounds_keep_away_from_earlier_seeds(plan):
    made = plan(options=[Box(*BOX)])
    first, second = made.rounds
    for a, b in zip(first.seeds, second.seeds, strict=True):
        assert np.linalg.norm(a[:, None] - b, axis=-1).min() > 1


def test_sketches_differ_and_a_seed_repeats_them(plan):
    once, again = plan(), plan()
    for a, b in zip(once.rounds, again.rounds, strict=True):
        assert (a.points == b.points).all()
        assert not (a.points[0] == a.points[1]).all()
    for other in (plan(tiny(seed=1)), plan(name="other.png")):
        assert not (once.rounds[0].points == other.rounds[0].points).all()


def test_more_sketches_leave_the_first_ones_as_they_are(plan):
    two, three = plan(), plan(tiny(sketches=3))
    for a, b in zip(two.rounds, three.rounds, strict=True):
        assert (a.points == b.points[:2]).all()


def test_random_seeds_stay_in_their_region(plan):
    made = plan(tiny(init="random", strokes=40, rounds=2), options=[Box(*BOX)])
    x, y = made.rounds[1].seeds.reshape(-1, 2).T * WIDTH / 48
    assert (x >= BOX[0] - 3).all()
    assert (x <= BOX[2] + 3).all()
    assert (y >= BOX[1] - 3).all()
    assert (y <= BOX[3] + 3).all()


def test_salient_seeds_lie_where_the_finder_looks(plan):
    made = plan(tiny(init="saliency", rounds=1), saliency=Right())
    assert (made.rounds[0].seeds[..., 0] >= 0.6 * 48 - 2).all()
    with pytest.raises(UsageError, match="saliency"):
        plan(tiny(init="saliency", rounds=1))


def test_a_region_of_flat_ink_is_seeded_within(plan, photo):
    rgb = scene()
    rgb[4:76, 70:118] = 60
    Image.fromarray(rgb).save(photo)
    inside = Box(86, 20, 104, 60)
    made = plan(tiny(allot="pixels"), options=[inside])
    x, y = made.rounds[1].seeds.reshape(-1, 2).T * WIDTH / 48
    assert ((x > 80) & (x < 110) & (y > 14) & (y < 66)).all()


# a drawing to begin with


@pytest.mark.parametrize("count", [1, 6, 10])
def test_given_strokes_count_and_come_first(plan, count):
    before = drawing(count)
    made = plan(drawing=before)
    assert sum(strokes(made)) == 10
    scaled = before.points / 2
    for points in made.rounds[0].points:
        assert np.allclose(points[:count], scaled)
    assert (made.rounds[0].color == 0).all()
    fitted = plan(tiny(color="optimise"), drawing=before)
    assert np.allclose(fitted.rounds[0].color[:, :count], before.color)


def test_new_strokes_keep_away_from_given_ones(plan):
    """Farthest-point seeds begin from the places that are taken."""
    lonely, before = plan(tiny(strokes=4)), drawing(2)
    made = plan(tiny(strokes=6), drawing=before)
    taken = (before.sampled(5) / 2).reshape(-1, 1, 2)

    def nearest(seeds):
        return np.linalg.norm(seeds.reshape(-1, 2) - taken, axis=-1).min(0).mean()

    assert sum(strokes(made)) - 2 == sum(strokes(lonely))
    assert nearest(made.rounds[0].seeds) > nearest(lonely.rounds[0].seeds)


def test_a_drawing_with_too_many_strokes_says_how_many_to_allow(plan):
    with pytest.raises(InputError, match="--strokes 11"):
        plan(drawing=drawing(11))


# settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"strokes": 0},
        {"strokes": 5, "rounds": 6},
        {"iterations": 0},
        {"sketches": 0},
        {"canvas": 8},
        {"width": 0.0},
        {"width": float("nan")},
        {"width": float("inf")},
        {"color": "red"},
        {"init": "edges"},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match=r"^--.*[.]$"):
        SketchConfig(**wrong)
