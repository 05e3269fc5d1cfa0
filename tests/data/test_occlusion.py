"""A set of occlusions written and read again, and what is said of one that is not whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.core.errors import DataError, ImageError
from compose.data.occlusion import (
    SETTINGS,
    Scene,
    SceneNotes,
    hidden_span,
    read_scene,
    scene_files,
    scene_names,
    write_json,
    write_scene,
)

NOTES = SceneNotes("00000", "photo", "dog", 2, "other", None, 0.75, 0.25)


@pytest.fixture
def scene() -> Scene:
    """12 x 8: an object of 4 x 4 whose right column is hidden."""
    random = np.random.default_rng(0)
    original = random.integers(0, 256, (8, 12, 3), np.uint8)
    amodal, occluder = np.zeros((2, 8, 12), bool)
    amodal[2:6, 2:6], occluder[1:7, 5:9] = True, True
    image = np.where(occluder[..., None], np.uint8(9), original).astype(np.uint8)
    objects = np.where(amodal, 2, 0).astype(np.uint8)
    objects[0], objects[7] = 1, 255
    return Scene(NOTES, image, original, amodal, occluder, objects)


@pytest.fixture
def root(tmp_path: Path, scene: Scene) -> Path:
    write_scene(tmp_path, scene)
    write_json(tmp_path / SETTINGS, {"version": 1, "count": 1, "least": 0.2, "most": 0.8})
    return tmp_path


def test_what_is_written_is_read(root: Path, scene: Scene) -> None:
    assert scene_names(root) == ["00000"]
    assert hidden_span(root) == (0.2, 0.8)
    found = read_scene(root, "00000")
    assert found.notes == NOTES
    for name in ("image", "original", "amodal", "occluder", "objects", "visible", "invisible"):
        np.testing.assert_array_equal(getattr(found, name), getattr(scene, name), err_msg=name)
    assert found.visible.sum() == 12
    assert found.invisible.sum() == 4


def test_other_programs_can_read_the_files(root: Path, scene: Scene) -> None:
    with Image.open(root / "amodal" / "00000.png") as mask:
        np.testing.assert_array_equal(np.asarray(mask.convert("L")) > 127, scene.amodal)
    with Image.open(root / "objects" / "00000.png") as objects:
        assert objects.mode == "P"
        np.testing.assert_array_equal(np.asarray(objects), scene.objects)


def test_equal_scenes_give_equal_bytes(root: Path, scene: Scene, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in scene_files(root, "00000")]
    again = [path.read_bytes() for path in write_scene(tmp_path / "again", scene)]
    assert first == again


def test_the_json_is_written_last_and_goes_first(
    root: Path, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is broken off while it replaces a scene leaves none that looks whole."""

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("compose.data.occlusion.write_label_map", broken)
    with pytest.raises(KeyboardInterrupt):
        write_scene(root, scene)
    assert not scene_files(root, "00000")[-1].exists()
    with pytest.raises(DataError, match=r"0 of its 1 scenes; finish it with .* --skip-existing"):
        scene_names(root)


def test_what_is_no_set_is_refused(root: Path) -> None:
    with pytest.raises(DataError, match=r"no occlusion\.json"):
        scene_names(root / "images")
    for values in ({"version": 2, "count": 1}, {"version": 1}, {"version": 1, "count": 0}):
        write_json(root / SETTINGS, values)
        with pytest.raises(DataError, match="not of version 1"):
            scene_names(root)
    for text in ("[]", "{", "[" * 100_000):
        (root / SETTINGS).write_text(text)
        with pytest.raises(DataError, match="make the set anew"):
            scene_names(root)
    write_json(root / SETTINGS, {"version": 1, "count": 1, "least": 0.5, "most": "all"})
    with pytest.raises(DataError, match="no range"):
        hidden_span(root)


def test_masks_that_do_not_go_together_are_refused(root: Path, scene: Scene) -> None:
    Image.fromarray(scene.amodal).save(root / "visible" / "00000.png")
    with pytest.raises(DataError, match="leaves of the hidden object"):
        read_scene(root, "00000")


def test_a_missing_or_smaller_picture_is_named(root: Path, scene: Scene) -> None:
    Image.new("RGB", (11, 8)).save(root / "originals" / "00000.png")
    with pytest.raises(DataError, match="another size"):
        read_scene(root, "00000")
    (root / "originals" / "00000.png").unlink()
    with pytest.raises(ImageError, match="does not exist"):
        read_scene(root, "00000")


@pytest.mark.parametrize(
    "change", [{"number": "2"}, {"hidden": None}, {"name": "00001"}, {"more": 1}]
)
def test_notes_of_another_form_are_refused(root: Path, change: dict[str, object]) -> None:
    path = root / "scenes" / "00000.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match="make the set anew"):
        read_scene(root, "00000")


def test_nothing_hidden_is_no_scene(tmp_path: Path, scene: Scene) -> None:
    apart = np.zeros_like(scene.occluder)
    apart[:, 10] = True
    write_scene(tmp_path, replace(scene, occluder=apart))
    with pytest.raises(DataError, match="make the set anew"):
        read_scene(tmp_path, "00000")
