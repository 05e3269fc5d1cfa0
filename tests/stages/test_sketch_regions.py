"""Regions from boxes, masks, MROSS's copies, and saliency, on a drawn scene that is not square."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from compose.core.boxes import Box
from compose.core.errors import ImageError, InputError, MaskError, UsageError
from compose.stages.sketch_edges import edge_map
from compose.stages.sketch_region_files import find_region_files, is_region_file, read_region_mask
from compose.stages.sketch_regions import (
    Region,
    parse_region,
    region_edges,
    regions_from_files,
    regions_from_options,
)
from compose.stages.sketch_subjects import automatic_regions
from compose.stages.sketch_target import prepare_target

WIDTH, HEIGHT = 448, 300  # twice the canvas


def scene():
    """A textured wall, a red disc with a white heart on the left, a blue box on the right."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rgb = np.stack([150 + 20 * np.sin(x / 9), 160 + 20 * np.sin(y / 7), 150 + 0 * x], -1)
    rgb[(x - 110) ** 2 + (y - 150) ** 2 < 70**2] = (200, 30, 30)
    rgb[(x - 110) ** 2 + (y - 150) ** 2 < 25**2] = 255
    rgb[100:220, 300:400] = (30, 40, 200)
    return rgb.astype(np.uint8)


def disc(radius):
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return (x - 110) ** 2 + (y - 150) ** 2 < radius**2


def on_canvas(mask):
    return mask.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean((1, 3)) > 0.5


def agreement(a, b):
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


@pytest.fixture
def folder(tmp_path):
    Image.fromarray(scene()).save(tmp_path / "scene.png")
    return tmp_path


@pytest.fixture
def target(folder):
    return prepare_target(folder / "scene.png")


@pytest.fixture
def write(folder):
    def make(pixels, name="scene_roi1.png", **options):
        Image.fromarray(np.asarray(pixels)).save(folder / name, **options)
        return folder / name

    return make


def white_out(mask):
    return np.where(mask[..., None], scene(), 255).astype(np.uint8)


# files


@pytest.mark.parametrize("name", ["scene_roi1.png", "scene_roi1.jpg"])
def test_a_copy_white_outside(write, target, name):
    path = write(white_out(disc(80)), name)
    # the white heart belongs to the region around it
    assert agreement(read_region_mask(path, target), on_canvas(disc(80))) > 0.97


def test_a_copy_transparent_outside_whatever_colours_hide_there(write, target):
    alpha = np.where(disc(80), 255, 0).astype(np.uint8)
    path = write(np.dstack([scene(), alpha]))
    assert agreement(read_region_mask(path, target), on_canvas(disc(80))) > 0.97


def test_a_copy_white_outside_with_an_alpha_that_says_nothing(write, target):
    path = write(np.dstack([white_out(disc(80)), np.full((HEIGHT, WIDTH), 255, np.uint8)]))
    assert agreement(read_region_mask(path, target), on_canvas(disc(80))) > 0.97


def test_a_cut_out_target_and_its_region_white_outside(folder, write):
    alpha = np.where(disc(90), 255, 0).astype(np.uint8)
    write(np.dstack([scene(), alpha]), "cut.png")
    left = disc(90) & (np.arange(WIDTH) < 110)
    path = write(np.dstack([white_out(left), alpha]), "cut_roi1.png")
    mask = read_region_mask(path, prepare_target(folder / "cut.png"))
    assert agreement(mask, on_canvas(left)) > 0.9


@pytest.mark.parametrize("light", [255, 1])
def test_a_mask(write, target, light):
    path = write((disc(80) * light).astype(np.uint8))
    assert agreement(read_region_mask(path, target), on_canvas(disc(80))) > 0.97


def test_a_mask_that_is_black_where_the_target_is(folder, write):
    night = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    night[disc(80)] = (90, 90, 110)
    write(night, "night.png")
    path = write((disc(80) * 255).astype(np.uint8), "night_roi1.png")
    mask = read_region_mask(path, prepare_target(folder / "night.png"))
    assert agreement(mask, on_canvas(disc(80))) > 0.97


def test_a_copy_of_a_black_and_white_target(folder, write):
    lines = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    lines[disc(80) & ~disc(60)] = 0
    lines[100:220, 300:400] = 0
    write(lines, "lines.png")
    path = write(np.where(disc(90)[..., None], lines, 255), "lines_roi1.png")
    mask = read_region_mask(path, prepare_target(folder / "lines.png"))
    assert agreement(mask, on_canvas(disc(80))) > 0.95


def test_a_hole_that_was_painted_white_stays_outside(write, target):
    ring = disc(80) & ~disc(50)
    mask = read_region_mask(write(white_out(ring)), target)
    assert not mask[75, 35]  # red in the scene, white in the copy
    assert mask[75, 20]


def test_specks_are_swept(write, target):
    copy = white_out(disc(80))
    copy[10:16, 430:436] = scene()[10:16, 430:436]
    assert not read_region_mask(write(copy), target)[:, 150:].any()


def test_a_smaller_copy_of_the_same_proportions(write, target):
    small = Image.fromarray(white_out(disc(80))).resize((WIDTH // 2, HEIGHT // 2))
    assert agreement(read_region_mask(write(small), target), on_canvas(disc(80))) > 0.95


@pytest.mark.parametrize("copy", [False, True])
def test_files_go_where_the_target_goes_on_a_white_square(folder, write, copy):
    square = prepare_target(folder / "scene.png", fix_scale=True)
    path = write(white_out(disc(80)) if copy else (disc(80) * 255).astype(np.uint8))
    mask = read_region_mask(path, square)
    radius = 80 * 224 / (WIDTH + 20)
    assert mask.sum() == pytest.approx(np.pi * radius**2, rel=0.03)
    rows, columns = np.nonzero(mask)
    middle = square.placement.points(np.array([110.5, 150.5]))
    assert np.abs(middle - (columns.mean() + 0.5, rows.mean() + 0.5)).max() < 0.6


def test_other_proportions_are_refused(write, target):
    with pytest.raises(MaskError, match=r"scene_roi1\.png is 100x300 but its picture is 448x300"):
        read_region_mask(write(np.full((300, 100), 255, np.uint8)), target)


def test_other_pictures_are_refused(write, target):
    with pytest.raises(MaskError, match="neither a mask nor its picture"):
        read_region_mask(write(255 - scene()), target)


def test_empty_regions_are_refused(write, target):
    with pytest.raises(MaskError, match="empty"):
        read_region_mask(write(np.zeros((HEIGHT, WIDTH), np.uint8)), target)
    cut = np.dstack([scene(), np.zeros((HEIGHT, WIDTH), np.uint8)])
    with pytest.raises(MaskError, match="marks nothing"):
        read_region_mask(write(cut), target)


def test_what_is_no_picture_is_refused(folder, target):
    (folder / "scene_roi1.png").write_text("no picture")
    with pytest.raises(ImageError):
        regions_from_files(folder / "scene.png", target)


def test_files_beside_the_target_in_their_order(folder, write, target):
    box = np.zeros((HEIGHT, WIDTH), bool)
    box[100:220, 300:400] = True
    for name, mask in (("roi10", disc(60)), ("roi2", box), ("roi1-1", box), ("roix", box)):
        write(white_out(mask), f"scene_{name}.png")
    write(white_out(box), "scene2_roi1.png")
    found = regions_from_files(folder / "scene.png", target)
    assert [(r.name, r.source) for r in found] == [("roi2", "file"), ("roi10", "file")]
    assert agreement(found[0].mask, on_canvas(box)) > 0.97


def test_patterns_in_a_name_are_only_letters(folder, write):
    write(scene(), "a[1]+.png")
    write(scene(), "a[1]+_roi1.png")
    write(scene(), "a1_roi1.png")
    assert find_region_files(folder / "a[1]+.png") == [("roi1", folder / "a[1]+_roi1.png")]


def test_region_files_are_no_targets(folder, write):
    for name in ("scene_roi1.png", "scene_roi2.jpg", "scene_roi1-1.png", "lonely_roi1.png"):
        write(scene(), name)
    region = {p.name for p in folder.iterdir() if is_region_file(p)}
    assert region == {"scene_roi1.png", "scene_roi2.jpg", "scene_roi1-1.png"}


# options


def test_boxes_are_pixels_of_the_original(target):
    (region,) = regions_from_options([Box(300, 100, 400, 220)], target)
    assert (region.name, region.source) == ("roi1", "option")
    rows, columns = np.nonzero(region.mask)
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == (150, 200, 50, 110)


def test_boxes_are_cut_at_the_border_and_never_empty(target):
    wide, tiny = regions_from_options(
        [Box(-50, -50, 1000, 20), Box(447.5, 299.5, 900, 900)], target
    )
    assert wide.mask[:10].all()
    assert not wide.mask[10:].any()
    assert np.argwhere(tiny.mask).tolist() == [[149, 223]]


def test_boxes_beside_the_picture_are_refused(target):
    with pytest.raises(InputError, match="448,0,500,20 lies outside the picture of 448x300"):
        regions_from_options([Box(448, 0, 500, 20)], target)


def test_what_a_user_names(folder):
    assert parse_region("1,2,3.5,4") == Box(1, 2, 3.5, 4)
    assert parse_region(str(folder / "scene.png")) == folder / "scene.png"
    with pytest.raises(UsageError, match="does not exist"):
        parse_region("missing.png")
    with pytest.raises(UsageError, match="extent"):
        parse_region("5,5,1,9")
    with pytest.raises(UsageError, match="not a box"):
        parse_region("a,b,c,d")


def test_files_with_commas_are_files(folder, monkeypatch):
    monkeypatch.chdir(folder)
    os.replace("scene.png", "1,2,3,4")
    assert parse_region("1,2,3,4") == Path("1,2,3,4")


def test_options_keep_their_order(write, target):
    path = write(white_out(disc(80)), "mine.png")
    found = regions_from_options([Box(300, 100, 400, 220), path], target)
    assert [r.name for r in found] == ["roi1", "roi2"]
    assert found[0].mask[80, 175]
    assert found[1].mask[75, 20]


# edges


def test_the_border_of_a_white_out_is_no_edge(write, target):
    path = write(white_out(disc(110)))
    mask = read_region_mask(path, target)
    whited = edge_map(np.where(mask[..., None], target.rgb, 255).astype(np.uint8))
    border = on_canvas(disc(115)) & ~on_canvas(disc(100))
    assert whited[border].sum() > 200  # what Canny makes of the copy
    edges = edge_map(target.rgb)
    assert edges[border].sum() == region_edges(edges, mask)[border].sum() == 0


def test_a_tight_region_keeps_its_outline(target):
    edges = edge_map(target.rgb)
    tight = region_edges(edges, on_canvas(disc(69)))
    outline = on_canvas(disc(76)) & ~on_canvas(disc(64))
    assert (tight[outline] == edges[outline]).all()
    assert tight[outline].sum() > 150
    assert not tight[:, 100:].any()


# automatic


def saliency_map(*subjects):
    """Blurred, as a network gives it; `subjects` are masks and levels."""
    values = np.full((HEIGHT // 2, WIDTH // 2), 0.05, np.float32)
    for mask, level in subjects:
        values[mask] = level
    return cv2.GaussianBlur(values, (0, 0), 2)


def rectangle(top, bottom, left, right):
    mask = np.zeros((HEIGHT // 2, WIDTH // 2), bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.fixture
def edges():
    return np.random.default_rng(0).random((HEIGHT // 2, WIDTH // 2)) < 0.1


def test_subjects_by_how_salient_they_are_in_all(edges):
    small, large = rectangle(20, 50, 150, 190), rectangle(30, 120, 20, 90)
    found = automatic_regions(saliency_map((small, 0.95), (large, 0.9)), 2, edges)
    assert [(r.name, r.source) for r in found] == [("auto1", "automatic"), ("auto2", "automatic")]
    assert agreement(found[0].mask, large) > 0.9
    assert agreement(found[1].mask, small) > 0.85


def test_when_subjects_run_out_their_cores_follow(edges):
    body, face = rectangle(20, 130, 30, 130), rectangle(30, 60, 60, 90)
    found = automatic_regions(saliency_map((body, 0.6), (face, 1.0)), 3, edges)
    assert len(found) == 2
    assert agreement(found[0].mask, body) > 0.9
    assert agreement(found[1].mask, face) > 0.8


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_flat_maps_have_no_subject(edges, level):
    flat = np.full(edges.shape, level, np.float32)
    assert automatic_regions(flat, 2, edges) == []


def test_almost_all_of_the_canvas_is_no_subject(edges):
    nearly = rectangle(5, 145, 5, 220)
    assert automatic_regions(saliency_map((nearly, 0.9)), 2, edges) == []
    face = rectangle(30, 90, 60, 120)
    (found,) = automatic_regions(saliency_map((nearly, 0.5), (face, 0.95)), 1, edges)
    assert agreement(found.mask, face) > 0.85


def test_regions_without_edges_are_none(edges):
    left, right = rectangle(30, 120, 20, 90), rectangle(30, 120, 130, 200)
    edges[:, :110] = False
    found = automatic_regions(saliency_map((left, 0.9), (right, 0.8)), 3, edges)
    assert agreement(found[0].mask, right) > 0.85
    assert not any((region.mask & left).any() for region in found)


def test_specks_of_saliency_are_no_subjects(edges):
    big, speck = rectangle(30, 120, 20, 90), rectangle(70, 76, 180, 186)
    found = automatic_regions(saliency_map((big, 0.9), (speck, 1.0)), 4, edges)
    assert agreement(found[0].mask, big) > 0.9
    assert not any((region.mask & speck).any() for region in found)


def test_the_core_of_an_equally_salient_subject_is_its_detail():
    body, face = rectangle(20, 130, 30, 170), rectangle(40, 70, 120, 155)
    edges = np.zeros(body.shape, bool)
    edges[20:130, [30, 169]] = edges[[20, 129], 30:170] = True  # the outline, which does not count
    edges[face] = np.random.default_rng(0).random(face.sum()) < 0.15
    found = automatic_regions(saliency_map((body, 1.0)), 2, edges)
    assert agreement(found[0].mask, body) > 0.9
    assert face[found[1].mask].mean() > 0.7
    assert found[1].mask[face].mean() > 0.7


def test_regions_differ():
    density = np.linspace(0.3, 0, WIDTH // 2)
    edges = np.random.default_rng(0).random((HEIGHT // 2, WIDTH // 2)) < density
    found = automatic_regions(saliency_map((rectangle(10, 140, 20, 200), 1.0)), 9, edges)
    assert len({region.name for region in found}) == len(found) > 1
    for k, one in enumerate(found):
        assert all(agreement(one.mask, other.mask) < 0.75 for other in found[:k])


def test_none_wanted_none_found(edges):
    assert automatic_regions(saliency_map((rectangle(30, 120, 20, 90), 0.9)), 0, edges) == []


def test_regions_are_compared_as_themselves():
    mask = rectangle(0, 1, 0, 1)
    assert Region("a", mask, "file") != Region("a", mask, "file")
