"""States on the disk: whose they are, whole or refused, and what goes on from them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from compose.core.boxes import Box
from compose.core.drawing import Drawing
from compose.core.errors import DataError, Interrupted
from compose.stages.sketch import SketchHooks, SketchInputs, sketch
from compose.stages.sketch_plan import make_plan
from compose.stages.sketch_state import fingerprint, load_state, save_state
from compose.stages.sketch_target import prepare_target

from .sketch_scenes import BOX, scene, tiny, tools, write_scene

ARRAYS = {"place": np.array([1, 2]), "points": np.random.default_rng(0).random((2, 3, 4, 2))}


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def photo(tmp_path):
    return write_scene(tmp_path / "in" / "scene.png")


@pytest.fixture
def saved(tmp_path):
    save_state(tmp_path / "state.npz", ARRAYS, "me")
    return tmp_path / "state.npz"


def test_what_is_saved_is_loaded(saved):
    loaded = load_state(saved, "me")
    assert loaded.keys() == ARRAYS.keys()
    assert all(np.array_equal(loaded[name], ARRAYS[name]) for name in ARRAYS)
    assert [path.name for path in saved.parent.iterdir()] == ["state.npz"]


def test_no_state_is_none(tmp_path):
    assert load_state(tmp_path / "state.npz", "me") is None


def test_a_state_of_other_settings_is_refused(saved):
    with pytest.raises(DataError, match="other settings"):
        load_state(saved, "you")


def test_every_cut_is_noticed(saved):
    data = saved.read_bytes()
    for length in range(0, len(data), 13):
        saved.write_bytes(data[:length])
        with pytest.raises(DataError, match=r"damaged|other settings"):
            load_state(saved, "me")


def test_a_turned_bit_is_noticed_or_changes_nothing(saved):
    data = saved.read_bytes()
    for place in range(len(data)):
        saved.write_bytes(data[:place] + bytes([data[place] ^ 8]) + data[place + 1 :])
        try:
            loaded = load_state(saved, "me")
        except DataError:
            continue
        # in a date, or in a name, which `restore` misses
        pairs = [(array, ARRAYS.get(name)) for name, array in loaded.items()]
        assert all(b is None or np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("what", ["folder", "array"])
def test_something_else_at_its_place_is_refused(tmp_path, what):
    path = tmp_path / "state.npz"
    if what == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    with pytest.raises(DataError, match="damaged"):
        load_state(path, "me")


def test_fingerprints_tell_runs_apart(photo, tmp_path):
    def of(path=photo, more="", drawing=None, **changes):
        config = tiny(**changes)
        target = prepare_target(path, canvas=config.canvas)
        plan = make_plan(path, target, config, options=[Box(*BOX)], name="a", drawing=drawing)
        return fingerprint(target, plan, config, more)

    rgb = scene()
    rgb[75, 60] = 0
    Image.fromarray(rgb).save(tmp_path / "other.png")
    red, blue = (
        Drawing(np.zeros((1, 4, 2)), np.ones(1), np.array([color]), np.ones(1), (48.0, 32.0))
        for color in ([1.0, 0, 0], [0, 0, 1.0])
    )
    found = [
        of(),
        of(tmp_path / "other.png"),
        of(more="other encoder"),
        of(seed=1),
        of(iterations=5),
        of(rate=0.5),
        of(strokes=11),
        of(color="optimise"),
        of(color="optimise", drawing=red),
        of(color="optimise", drawing=blue),
    ]
    assert len(set(found)) == len(found)
    assert of() == found[0]


@pytest.mark.parametrize("stop", [1, 3, 4, 6, 7])
def test_an_interrupted_sketch_goes_on_to_the_same_strokes(photo, tmp_path, stop):
    state, steps = tmp_path / "state.npz", []
    inputs = SketchInputs([Box(*BOX)], name="scene.png")

    def run(limit=None):
        hooks = SketchHooks(
            lambda done, total, loss: steps.append(done), lambda: len(steps) == limit
        )
        return sketch(photo, tools(), tiny(), inputs, hooks, state=state)

    with pytest.raises(Interrupted, match="--resume"):
        run(stop)
    assert state.is_file()
    result = run()
    assert steps == list(range(1, 9))
    assert result.seconds > 0
    state.unlink()
    plain = run()
    assert result.curve == plain.curve
    assert result.best == plain.best
    for ours, theirs in zip(result.drawings, plain.drawings, strict=True):
        assert np.array_equal(ours.points, theirs.points)


def test_a_stop_at_the_last_step_is_too_late(photo, tmp_path):
    steps = []
    hooks = SketchHooks(lambda *step: steps.append(step), lambda: len(steps) == 8)
    result = sketch(photo, tools(), tiny(), hooks=hooks, state=tmp_path / "state.npz")
    assert len(result.curve) == 8


def test_a_state_of_another_picture_is_refused(photo, tmp_path):
    state, steps = tmp_path / "state.npz", []
    hooks = SketchHooks(lambda *step: steps.append(step), lambda: True)
    with pytest.raises(Interrupted):
        sketch(photo, tools(), tiny(), hooks=hooks, state=state)
    Image.fromarray(255 - scene()).save(photo)
    with pytest.raises(DataError, match="other settings"):
        sketch(photo, tools(), tiny(), hooks=hooks, state=state)
