"""Fitting: strokes move and losses fall, round by round; a state goes on as if never left."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from compose.core.boxes import Box
from compose.core.errors import DataError
from compose.stages.sketch_fit import FRAMES, SketchFit
from compose.stages.sketch_loss import SketchLoss
from compose.stages.sketch_plan import make_plan
from compose.stages.sketch_target import prepare_target

from .sketch_scenes import BOX, Blur, state_of, tiny, write_scene

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return write_scene(tmp_path_factory.mktemp("in") / "scene.png")


@pytest.fixture
def start(photo):
    """A fit of the scene, and of the square in the second round."""

    def make(config=None, **options):
        config = config or tiny()
        target = prepare_target(photo, canvas=config.canvas)
        regions = [Box(*BOX)] if config.rounds > 1 else []
        plan = make_plan(photo, target, config, options=regions, name="scene.png")
        loss = SketchLoss(
            target.rgb,
            plan.edges.astype(np.float32),
            Blur(),
            semantic=config.semantic,
            structure=config.structure,
            views=config.views,
        )
        size = target.size[1], target.size[0]
        return SketchFit(plan, loss, config, size, name="scene.png", **options)

    return make


def finished(fit):
    while not fit.done:
        fit.step()
    return fit


def test_steps_are_counted_and_rounds_add_their_strokes(start):
    fit = start()
    assert fit.total == 8
    first = fit.plan.rounds[0].points.shape[1]
    seen = []
    while not fit.done:
        seen.append((fit.progress.round, fit.progress.step, fit.points.shape[1]))
        value = fit.step()
        assert value == pytest.approx(np.mean(fit.progress.losses[-1]), abs=1e-5)
    assert [entry[:2] for entry in seen] == [(r, s) for r in range(2) for s in range(4)]
    assert [entry[2] for entry in seen] == [first] * 4 + [10] * 4
    assert np.shape(fit.progress.losses) == (8, 2)
    assert [end.shape[1] for end in fit.progress.ends] == [first, 10]
    assert np.array_equal(fit.progress.ends[-1], fit.points.detach().numpy())


def test_strokes_move_by_the_rate_in_pixels_of_224(start):
    # Adam's first step is the rate in every coordinate that has a gradient
    for canvas in (48, 96):
        fit = start(tiny(canvas=canvas, rate=1.0, iterations=10))
        before = fit.points.detach().clone()
        fit.step()
        moved = (fit.points.detach() - before).abs()
        assert moved.max().item() == pytest.approx(canvas / 224, rel=0.02)


def test_the_loss_falls(start):
    far = tiny(init="edge-fps", iterations=40, structure_share=0.0, views=0, rounds=1)
    fit = finished(start(far))
    losses = np.array(fit.progress.losses)
    assert (losses[-1] < 0.9 * losses[0]).all()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_first_part_of_a_round_sees_edges_alone(start, share):
    fit = start(tiny(structure_share=share, views=0))
    called = []
    whole = fit.loss._distance
    fit.loss._distance = lambda *given: called.append(len(fit.progress.losses)) or whole(*given)
    finished(fit)
    seen = [step for step in range(8) if step % 4 >= 4 * share]
    assert sorted(set(called)) == seen


def test_sketches_of_a_batch_are_fitted_as_if_alone(start):
    both = finished(start(tiny(sketches=2)))
    alone = finished(start(tiny(sketches=1)))
    assert torch.allclose(both.points[0], alone.points[0], atol=1e-3)
    assert not torch.allclose(both.points[0], both.points[1], atol=0.5)


def test_black_strokes_stay_black_and_colours_are_fitted(start):
    assert (finished(start()).color == 0).all()
    fit = finished(start(tiny(color="optimise", color_rate=0.3, iterations=8)))
    assert (fit.color.amax((1, 2)) > 0.1).all()
    assert fit.color.min() >= 0
    assert fit.color.max() <= 1


@pytest.mark.parametrize("color", ["black", "optimise"])
@pytest.mark.parametrize("freeze", [False, True])
def test_freezing_leaves_earlier_strokes_exactly_alone(start, freeze, color):
    fit = start(tiny(freeze_previous=freeze, color=color, color_rate=0.3))
    while fit.progress.round == 0:
        fit.step()
    kept = fit.progress.ends[0]
    before = fit.color[:, : kept.shape[1]].detach().clone()
    finished(fit)
    after = fit.points.detach().numpy()
    count = kept.shape[1]
    assert np.array_equal(after[:, :count], kept) is freeze
    assert not np.array_equal(after[:, count:], fit.plan.rounds[1].points.astype(np.float32))
    if color == "optimise":
        assert torch.equal(fit.color[:, :count], before) is freeze


def test_drawing_gives_the_canvas(start):
    fit = start()
    picture = fit.draw()
    assert picture.shape == (2, 3, 32, 48)
    assert 0 <= picture.min() < 0.5 < picture.max() <= 1
    few = fit.draw(points=fit.points[:, :1])
    assert (1 - few).sum() < (1 - picture).sum()


def test_frames_are_few_and_end_with_the_drawing(start):
    assert finished(start()).progress.frames == []
    fit = finished(start(tiny(iterations=100), frames=True))
    frames = fit.progress.frames
    assert 1 < len(frames) <= FRAMES + len(fit.plan.rounds)
    assert np.array_equal(frames[-1], fit.points.detach().numpy())


@pytest.mark.parametrize("color", ["black", "optimise"])
@pytest.mark.parametrize("at", [0, 1, 3, 4, 5, 7, 8])
def test_a_state_goes_on_to_the_same_bits(start, at, color):
    config = tiny(color=color)
    whole = finished(start(config, frames=True))
    left = start(config, frames=True)
    for _ in range(at):
        left.step()
    taken = start(config, frames=True)
    taken.restore(left.state())
    if not left.done:  # then its optimiser is of no more use
        assert state_of(taken) == state_of(left)
        finished(taken)
        assert state_of(taken) == state_of(whole)
    assert torch.equal(taken.points, whole.points)
    assert torch.equal(taken.color, whole.color)
    for name in ("ends", "frames"):
        pairs = zip(getattr(taken.progress, name), getattr(whole.progress, name), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)
    assert taken.progress.losses == whole.progress.losses
    assert taken.progress.seconds >= left.progress.seconds


def test_keeping_a_state_does_not_disturb(start):
    watched, plain = start(), start()
    while not plain.done:
        watched.state()
        watched.step()
        plain.step()
    assert state_of(watched) == state_of(plain)


@pytest.mark.parametrize("damage", ["missing", "place", "shape", "moments"])
def test_a_state_that_does_not_fit_is_refused(start, damage):
    fit = start()
    fit.step()
    arrays = fit.state()
    if damage == "missing":
        del arrays["points"]
    elif damage == "place":
        arrays["place"] = np.array([], np.int64)
    elif damage == "shape":
        arrays["points"] = np.zeros(3, np.float32)
    else:
        del arrays["adam_0_exp_avg"]
    with pytest.raises(DataError, match="--overwrite"):
        start().restore(arrays)
