"""Pictures with known hidden objects, made of drawn photographs with drawn annotations."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from compose.core.errors import DataError, UsageError
from compose.core.instances import Instance
from compose.stages.occlusion import OcclusionConfig, make_scene
from compose.stages.occlusion_sources import (
    Annotated,
    AnnotatedPhoto,
    Wholeness,
    find_whole,
    is_whole,
    open_photos,
)

WIDTH, HEIGHT = 160, 100
COLOURS = [(200, 40, 40), (40, 180, 60), (40, 60, 210)]


def disc(x: int, y: int, radius: int) -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """Three photographs of a disc each, one of them with a second disc that leaves the picture."""
    for folder in ("JPEGImages", "SegmentationClass"):
        (tmp_path / folder).mkdir()
    for number, colour in enumerate(COLOURS):
        mask = disc(70 + 10 * number, 50, 20 + 3 * number)
        classes = np.where(mask, 5 + number, 0).astype(np.uint8)
        classes[cv2.dilate(mask.astype(np.uint8), np.ones((3, 3))) > mask] = 255
        if number == 2:
            classes[disc(0, 0, 20)] = 9
        pixels = np.full((HEIGHT, WIDTH, 3), 230 - 30 * number, np.uint8)
        pixels[mask] = colour
        Image.fromarray(pixels).save(tmp_path / "JPEGImages" / f"{number}.jpg", quality=95)
        Image.fromarray(classes).save(tmp_path / "SegmentationClass" / f"{number}.png")
    (tmp_path / "val.txt").write_text("0 1 2")
    return tmp_path


@pytest.fixture
def photos(voc: Path) -> list[AnnotatedPhoto]:
    return open_photos("voc", voc, "val")


CONFIG = OcclusionConfig()


def test_whole_objects_are_found(photos: list[AnnotatedPhoto]) -> None:
    seen: list[int] = []
    hidden, fronts = find_whole(
        photos, [CONFIG.hidden, CONFIG.front], advance=lambda: seen.append(1)
    )
    # the three discs in the middle; not the one at the corner, of which a quarter is in sight
    assert [one.photo for one in hidden] == [0, 1, 2]
    assert hidden == fronts
    assert hidden[0].area == disc(70, 50, 20).sum()
    assert hidden[0].share == hidden[0].area / (WIDTH * HEIGHT)
    assert len(seen) == 3


def test_scenes_keep_what_they_promise(photos: list[AnnotatedPhoto]) -> None:
    hidden, fronts = find_whole(photos, [CONFIG.hidden, CONFIG.front])
    sources = set()
    for number in range(12):
        scene = make_scene(photos, hidden, fronts, number, CONFIG, 0)
        notes = scene.notes
        share = scene.invisible.sum() / scene.amodal.sum()
        assert notes.hidden == pytest.approx(share)
        # thirds of 20 to 80 % in turn, met to within what is allowed
        low = 0.2 + 0.2 * (number % 3)
        assert low - CONFIG.near <= share <= low + 0.2 + CONFIG.near
        assert 0.2 <= share <= 0.8
        assert notes.occluder_source != notes.source
        np.testing.assert_array_equal(scene.objects == notes.number, scene.amodal)
        photo = next(one for one in photos if one.name == notes.source)
        np.testing.assert_array_equal(scene.original, photo.pixels())
        # beyond the soft edge of 3 sigma nothing has changed
        near = cv2.dilate(scene.occluder.astype(np.uint8), np.ones((9, 9))) > 0
        np.testing.assert_array_equal(scene.image[~near], scene.original[~near])
        # and well inside of it there is the occluder, in its own colour
        inner = cv2.erode(scene.occluder.astype(np.uint8), np.ones((9, 9))) > 0
        colour = COLOURS[int(notes.occluder_source)]
        assert np.abs(scene.image[inner].astype(int) - colour).mean() < 6
        sources.add(notes.source)
    assert sources == {"0", "1", "2"}


def test_a_scene_depends_on_seed_and_number_only(photos: list[AnnotatedPhoto]) -> None:
    hidden, fronts = find_whole(photos, [CONFIG.hidden, CONFIG.front])
    make_scene(photos, hidden, fronts, 0, CONFIG, 7)
    one = make_scene(photos, hidden, fronts, 1, CONFIG, 7)
    again = make_scene(photos, hidden, fronts, 1, CONFIG, 7)
    other = make_scene(photos, hidden, fronts, 1, CONFIG, 8)
    assert one.notes == again.notes
    np.testing.assert_array_equal(one.image, again.image)
    assert (one.image != other.image).any()


def test_what_cannot_be_hidden_as_wanted_is_said(photos: list[AnnotatedPhoto]) -> None:
    hidden, fronts = find_whole(photos, [CONFIG.hidden, CONFIG.front])
    tiny = replace(CONFIG, smaller=0.001, larger=0.002)  # occluders too small to hide a fifth
    with pytest.raises(DataError, match="scene 0: no object could be laid over another"):
        make_scene(photos, hidden, fronts, 0, tiny, 0)


def test_third_objects_are_spared(photos: list[AnnotatedPhoto]) -> None:
    beside = disc(70, 78, 7)  # right below the first photograph's disc
    plain = photos[0].annotated()
    crowded = Annotated((*plain.objects, Instance(beside, 1.0)), plain.unknown)
    photos[0] = replace(photos[0], read=lambda size: crowded)
    hidden, fronts = find_whole(photos, [replace(CONFIG.hidden, apart=0), CONFIG.front])
    first = [one for one in hidden if one.photo == 0 and one.place == 0]
    for number in range(6):
        scene = make_scene(photos, first, fronts, number, CONFIG, 0)
        assert (scene.occluder & beside).sum() <= CONFIG.touched * beside.sum()


@pytest.mark.parametrize(("least", "most"), [(0.5, 0.5), (0, 0.5), (0.5, 1), (float("nan"), 0.5)])
def test_ranges_that_are_none_are_refused(least: float, most: float) -> None:
    with pytest.raises(UsageError, match="no range"):
        OcclusionConfig(least=least, most=most)


def annotated(*masks: np.ndarray) -> Annotated:
    return Annotated(tuple(Instance(m, 1.0) for m in masks), np.zeros((HEIGHT, WIDTH), bool))


def box(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y1:y2, x1:x2] = True
    return mask


@pytest.mark.parametrize(
    ("masks", "whole"),
    [
        ([box(20, 20, 60, 60)], True),
        ([box(3, 3, 60, 60)], True),
        ([box(2, 20, 60, 60)], False),  # too near to the border, as are the next three
        ([box(20, 2, 60, 60)], False),
        ([box(20, 20, WIDTH - 2, 60)], False),
        ([box(20, 20, 60, HEIGHT - 2)], False),
        ([box(20, 20, 30, 30)], False),  # 100 of 16,000 pixels
        ([box(5, 5, 155, 95)], False),  # 84 % of the picture
        ([box(20, 20, 60, 60), box(65, 20, 70, 60)], True),  # 5 pixels are between them
        ([box(20, 20, 60, 60), box(64, 20, 70, 60)], False),
        ([box(20, 20, 60, 60) | box(80, 20, 84, 60)], False),  # a tenth of it is apart
        ([box(20, 20, 100, 26) | box(20, 20, 26, 90)], False),  # fills a sixth of its box
    ],
)
def test_wholeness(masks: list[np.ndarray], whole: bool) -> None:
    assert is_whole(annotated(*masks), 0, Wholeness()) is whole


def test_no_whole_object_at_all_is_an_error(photos: list[AnnotatedPhoto]) -> None:
    with pytest.raises(DataError, match="no photograph shows an object as a whole"):
        find_whole(photos, [Wholeness(least=0.9)])


def test_numbers_lay_small_objects_over_large_ones() -> None:
    both = annotated(box(30, 30, 40, 40), box(20, 20, 60, 60))
    numbers = both.numbers()
    assert (numbers == 1).sum() == 100
    assert (numbers == 2).sum() == 1500
    unknown = replace(both, unknown=box(0, 0, 25, 25)).numbers()
    assert (unknown == 255).sum() == 25 * 25 - 5 * 5


def test_coco_s_layouts(tmp_path: Path) -> None:
    square = [[20, 20, 60, 20, 60, 60, 20, 60]]
    crowd = {"size": [HEIGHT, WIDTH], "counts": [0, 100, WIDTH * HEIGHT - 100]}
    document = {
        "images": [{"id": 3, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}],
        "categories": [{"id": 7, "name": "box"}],
        "annotations": [
            {"id": 1, "image_id": 3, "category_id": 7, "iscrowd": 0, "segmentation": square},
            {"id": 2, "image_id": 3, "category_id": 7, "iscrowd": 1, "segmentation": crowd},
        ],
    }
    for lists, pictures in (("annotations", "images/val2017"), ("", "val2017")):
        root = tmp_path / (lists or "flat")
        (root / lists).mkdir(parents=True)
        (root / lists / "instances_val2017.json").write_text(json.dumps(document))
        with pytest.raises(DataError, match="no folder images/val2017"):
            open_photos("coco", root, "val")
        (root / pictures).mkdir(parents=True)
        Image.new("RGB", (WIDTH, HEIGHT)).save(root / pictures / "a.jpg")
        (photo,) = open_photos("coco", root, "val")
        found = photo.annotated()
        assert [(one.label, one.area) for one in found.objects] == [("box", 1600)]
        assert found.unknown[:, 0].all()
        assert found.unknown.sum() == 100
    with pytest.raises(DataError, match=r"no instances_train2017\.json"):
        open_photos("coco", root, "train")
    Image.new("RGB", (WIDTH - 1, HEIGHT)).save(root / pictures / "a.jpg")
    with pytest.raises(DataError, match=r"159x100, but .* is of 160x100"):
        open_photos("coco", root, "val")[0].annotated()
