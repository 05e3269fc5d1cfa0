"""What is kept of photographs is used again while nothing changed, and not once anything did."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from compose.core.boxes import Box
from compose.core.errors import ImageError, ModelError
from compose.core.instances import Instance
from compose.core.masks import Mask
from compose.models.crop_builtin import weights_folder
from compose.models.crop_net import CropNet
from compose.stages import contour_examples, crop_feed, harmony_examples, outline_examples
from compose.stages.crop_augment import CropAugmentConfig
from compose.stages.crop_feed import CropFeed
from compose.stages.crop_sources import CropExample, Mixture
from compose.stages.crop_views import compute_views
from compose.stages.inpaint_sources import PhotoSource
from compose.stages.occlusion_sources import Annotated, AnnotatedPhoto
from compose.stages.outline_examples import held_out
from compose.stages.outline_sources import OutlineSource

from .crop_scenes import FAST, TINY, examples
from .test_train_crop import NET


def picture(path: Path, seed: int) -> Path:
    """A file of noise of 90 x 70, always as large."""
    random = np.random.default_rng(seed)
    Image.fromarray(random.integers(0, 255, (70, 90, 3)).astype(np.uint8)).save(path)
    return path


def box(left: int) -> Mask:
    """30 x 40 pixels of 90 x 70."""
    mask = np.zeros((70, 90), bool)
    mask[20:60, left : left + 30] = True
    return mask


class Harmony:
    """Two photographs for the harmoniser, the second of which borrows a shape."""

    def __init__(self, folder: Path) -> None:
        self.kept, self.left = folder / "kept", 10
        self.files = [picture(folder / f"{k}.png", k) for k in range(3)]

    def read(self, count: int = 2, seed: int = 0) -> tuple[Any, int]:
        """The windows, and how many photographs were looked at."""
        seen: list[str] = []

        def begin(what: str, total: int) -> Callable[[], object]:
            return lambda: seen.append(what)

        sources = [PhotoSource("a", self.files[0], lambda: [box(self.left)])]
        sources += [PhotoSource(file.name, file, list) for file in self.files[1:count]]
        found = harmony_examples.read_examples(sources, self.kept, seed, begin=begin)
        assert seen.count("masks") == count
        return found.windows, seen.count("photographs")


def test_harmony_windows_belong_to_photographs_masks_and_seed(tmp_path: Path) -> None:
    scene = Harmony(tmp_path)
    first, looks = scene.read()
    assert looks == 2
    again, looks = scene.read()
    assert looks == 0
    np.testing.assert_array_equal(again, first)
    more, looks = scene.read(3)
    assert (len(first), len(more), looks) == (2, 3, 3)
    seeded, looks = scene.read(seed=1)
    assert looks == 2
    assert (seeded != first).any()
    scene.left = 50
    moved, looks = scene.read()
    assert looks == 2
    assert (moved != first).any()
    picture(scene.files[0], 9)
    other, looks = scene.read()
    assert looks == 2
    assert (other != moved).any()
    scene.left = 10
    picture(scene.files[0], 0)
    assert scene.read()[1] == 0  # the first ones are there still


class Finder:
    """A segmenter that finds one box."""

    name = "finder"

    def __init__(self, opened: list[int], left: int) -> None:
        opened.append(left)
        self.left = left

    def segment(self, rgb: np.ndarray) -> list[Instance]:
        """See `Segmenter`."""
        return [Instance(box(self.left), 1.0)]


def outline_photo(file: Path, name: str, left: int, hidden: bool = False) -> OutlineSource:
    unknown = np.zeros((70, 90), bool)
    unknown[:5] = hidden
    found = Annotated((Instance(box(left), 1.0),), unknown)
    return OutlineSource(AnnotatedPhoto(name, file, lambda size: found), 1.0)


def test_outline_windows_belong_to_masks_weights_and_part(tmp_path: Path) -> None:
    file, weights = picture(tmp_path / "a.png", 0), tmp_path / "net.onnx"
    weights.write_bytes(b"one")
    learned, held = (next(n for n in "abcdefghij" if held_out(n) == yes) for yes in (False, True))
    opened: list[int] = []

    def read(name: str = learned, left: int = 30, hidden: bool = False, found: int = 32) -> Any:
        source = outline_photo(file, name, left, hidden)
        return outline_examples.compute_examples(
            [source], lambda: Finder(opened, found), tmp_path / "kept", weights=[weights]
        )

    first = read()
    assert [e.found for e in first] == [True, False]
    assert len(read()) == 2
    assert len(opened) == 1
    assert (read(left=36)[0].truth != first[0].truth).any()
    assert (read(hidden=True)[0].counts != first[0].counts).any()
    assert [e.found for e in read(held)] == [True]  # what is held out only measures
    assert len(opened) == 4
    weights.write_bytes(b"two")
    assert (read(found=28)[0].rgb != first[0].rgb).any()  # the window is around what is found
    assert len(opened) == 5
    read(found=28)
    assert len(opened) == 5
    weights.unlink()
    with pytest.raises(ModelError, match=r"^[^\n]*net\.onnx cannot be read [^\n]+\.$"):
        read()


class Teacher(nn.Module):
    """All edges are as sure as its one weight."""

    def __init__(self, sure: float) -> None:
        super().__init__()
        self.sure, self.calls = nn.Parameter(torch.tensor(sure)), 0

    def forward(self, pictures: Tensor) -> Tensor:
        """See `Hed`."""
        self.calls += 1
        return self.sure.expand(1, 1, *pictures.shape[2:])


def test_contour_maps_belong_to_the_teacher_s_weights(tmp_path: Path) -> None:
    sources = [PhotoSource("a", picture(tmp_path / "a.png", 0), list)]
    one, same, other = Teacher(0.2), Teacher(0.2), Teacher(0.6)
    values = []
    for teacher in (one, same, other):
        found: Any = contour_examples.compute_examples(sources, teacher, tmp_path / "kept")  # type: ignore[arg-type]
        values.append(int(found[0].contours[0, 0]))
    assert values == [51, 51, 153]
    assert (one.calls, same.calls, other.calls) == (1, 0, 1)


def test_crop_features_belong_to_what_is_in_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    net = CropNet(NET).eval()
    files = [picture(tmp_path / f"{k}.png", k) for k in range(2)]
    features, calls = net.features, list[int]()
    monkeypatch.setattr(net, "features", lambda *x: (calls.append(1), features(*x))[1])

    def read() -> np.ndarray:
        return np.array(compute_views(net, files, tmp_path / "kept").maps["fine"])

    first = read()
    np.testing.assert_array_equal(read(), first)
    assert len(calls) == 2
    picture(files[1], 7)
    assert (read()[:, 1] != first[:, 1]).any()
    assert len(calls) == 4
    files[0].unlink()
    with pytest.raises(ImageError, match=r"^[^\n]+ cannot be read [^\n]+\.$"):
        read()


def views_of(
    shown: list[CropExample], cache: Path, **changes: Any
) -> tuple[list[np.ndarray], list[Path]]:
    """The finest map of each photograph's first view, and the files there are then."""
    net = dataclasses.replace(TINY, **changes)
    feed = CropFeed(Mixture([shown]), net, CropAugmentConfig(square=96), FAST.loss.targets,
                    views=2, cache=cache)  # fmt: skip
    items = [feed.view(example, 0) for example in shown]
    maps = [item.maps[0] for item in items if item.maps is not None]
    return maps, sorted(path for path in cache.rglob("*") if path.is_file())


def test_crop_views_belong_to_what_is_in_the_files_and_to_the_subject(tmp_path: Path) -> None:
    shown, cache = examples(tmp_path / "photos", 2), tmp_path / "kept"
    first, files = views_of(shown, cache)
    times = [file.stat().st_mtime_ns for file in files]
    again, files = views_of(shown, cache)
    assert len(files) == 2
    assert [file.stat().st_mtime_ns for file in files] == times
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    old = shown[1].picture.stat().st_mtime_ns
    Image.fromarray(np.full((80, 120, 3), 99, np.uint8)).save(shown[1].picture)
    assert shown[1].picture.stat().st_mtime_ns != old
    changed, files = views_of(shown, cache)
    assert len(files) == 3
    np.testing.assert_array_equal(changed[0], first[0])
    assert (changed[1] != first[1]).any()
    views_of([dataclasses.replace(shown[0], subject=Box(1, 2, 30, 40))], cache)
    assert len(views_of(shown, cache)[1]) == 4


def test_crop_views_belong_to_the_trunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, cache = examples(tmp_path / "photos", 1), tmp_path / "kept"
    _, files = views_of(shown, cache)
    other = tmp_path / "weights"
    other.mkdir()
    lite = weights_folder() / "crop_trunk_lite.onnx"
    (other / lite.name).write_bytes(lite.read_bytes() + b"0")
    monkeypatch.setattr(crop_feed, "weights_folder", lambda: other)
    _, more = views_of(shown, cache)
    assert (len(files), len(more)) == (1, 2)


def test_a_photograph_is_hashed_once_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, hashed = examples(tmp_path / "photos", 1), list[Path]()
    digest = crop_feed.photo_digest
    monkeypatch.setattr(
        crop_feed, "photo_digest", lambda path: (hashed.append(path), digest(path))[1]
    )
    feed = CropFeed(Mixture([shown]), TINY, CropAugmentConfig(square=96), FAST.loss.targets,
                    views=2, cache=tmp_path / "kept")  # fmt: skip
    for epoch in range(4):
        feed.view(shown[0], epoch)
    assert hashed == [shown[0].picture]
