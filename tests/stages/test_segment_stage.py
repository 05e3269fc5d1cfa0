"""One picture taken apart, from its file to theirs."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
import zipfile

import numpy as np
import pytest
from PIL import Image

from compose.core.errors import InputError, UsageError
from compose.core.masks import mask_box
from compose.core.rle import decode_rle
from compose.stages.segment_accept import iou
from compose.stages.segment_config import SegmentConfig
from compose.stages.segment_first import NoSegmenter
from compose.stages.segment_inpaint import SegmentInputs, segment_into, take_apart
from compose.stages.segment_layers import in_order, paint_layers
from compose.stages.segment_loop import LoopHooks
from compose.stages.segment_names import Wanted, object_name, stack_outputs
from compose.stages.segment_prompts import Request
from compose.stages.segment_tools import SegmentTools

from .segment_scenes import (
    BLUE,
    GOLD,
    GREEN,
    GROUND,
    HEIGHT,
    RED,
    WIDTH,
    ByColour,
    Plain,
    Reveal,
    Thing,
    draw,
    write_scene,
)

ALL = (RED, BLUE, GREEN, GOLD)
CONFIG = SegmentConfig(dilate=0, dilate_least=3, feather=0, min_area=0.001)
EVERYTHING = Wanted(coco=True, ora=True, iterations=True)


def tools(*scenes, things=ALL):
    return SegmentTools(ByColour(things), Reveal(*(scenes or ([],))))


@pytest.fixture
def scene(tmp_path):
    """Red before blue, and gold apart."""
    return write_scene(tmp_path / "in" / "scene.png", (RED, BLUE, GOLD))


def peeling():
    """Engines that show the blue disc whole when the red one is gone, then the ground."""
    return tools([BLUE], [], [])


def run(folder, path, engines=None, config=CONFIG, inputs=None, wanted=EVERYTHING, **more):
    inputs = inputs or SegmentInputs(name=path.name)
    return segment_into(
        folder, path, engines or peeling(), config, inputs, LoopHooks(), wanted, **more
    )


def opened(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_everything_is_written_and_told(tmp_path, scene):
    folder = tmp_path / "out" / "scene"
    record, _ = run(folder, scene)
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    names = [object_name(rank, None) for rank in (1, 2, 3)]
    assert written == {
        *(f"layers/{name}.png" for name in names),
        *(f"masks/{name}_{kind}.png" for name in names for kind in ("visible", "amodal")),
        *(f"iterations/{n}{end}.png" for n in (1, 2, 3) for end in ("", "_found", "_hole")),
        "background.png", "labels.png", "overlay.png", "coco.json", "stack.ora", "stack.json",
    }  # fmt: skip
    told = {entry["file"] for entry in record["files"]}
    assert told == {str(folder / name) for name in written}
    kept = json.loads((folder / "stack.json").read_text())
    assert kept["input"] == str(scene)
    assert kept["objects"] == record["objects"]
    assert kept["arguments"]["iterations"] == 3
    assert (kept["width"], kept["height"]) == (WIDTH, HEIGHT)


def test_order_boxes_and_masks_are_true(tmp_path, scene):
    folder = tmp_path / "out"
    record, parts = run(folder, scene)
    ranks = {}
    for entry in record["objects"]:
        amodal = opened(folder / entry["amodal"])
        visible = opened(folder / entry["visible"])
        thing = next(t for t in (RED, BLUE, GOLD) if np.array_equal(amodal, t.mask()))
        ranks[thing] = entry["rank"]
        assert entry["amodal_box"] == [int(edge) for edge in mask_box(thing.mask())]
        assert np.array_equal(visible, thing.mask() & ~(RED.mask() & (thing is not RED)))
        assert entry["area"] == visible.sum()
        assert entry["amodal_area"] == amodal.sum()
        assert entry["hidden"] == pytest.approx(1 - visible.sum() / amodal.sum(), abs=1e-4)
        assert np.array_equal(opened(folder / "labels.png") == entry["rank"], visible)
    assert ranks[RED] < ranks[BLUE]
    assert record["before"] == [[ranks[RED], ranks[BLUE]]]
    assert record["iterations"][1]["extended"] == [ranks[BLUE]]
    assert record["iterations"][0]["found"] == [1, 2, 3]
    with Image.open(folder / "labels.png") as labels:
        assert labels.mode == "P"
    assert [k.number for k in in_order(parts.result)] == list(parts.result.order)


def test_the_background_is_clean_and_else_the_picture(tmp_path, scene):
    folder = tmp_path / "out"
    _, parts = run(folder, scene)
    background = opened(folder / "background.png")
    assert (background == GROUND).all()
    original = opened(scene)
    assert np.array_equal(background[~parts.result.holes], original[~parts.result.holes])


def test_the_layers_show_what_was_hidden(tmp_path, scene):
    folder = tmp_path / "out"
    record, _ = run(folder, scene)
    blue = next(
        e for e in record["objects"] if np.array_equal(opened(folder / e["amodal"]), BLUE.mask())
    )
    layer = opened(folder / blue["layer"])
    assert layer.shape == (HEIGHT, WIDTH, 4)
    solid = layer[..., 3] == 255
    assert (layer[solid][:, :3] == BLUE.colour).all()
    hidden = BLUE.mask() & RED.mask()
    assert solid[hidden].mean() > 0.9
    outside = ~BLUE.mask() & ~RED.mask()
    assert (layer[outside][:, 3] < 255).all()
    assert (layer[layer[..., 3] == 0] == 0).all()


def test_the_stack_gives_the_picture_back(scene):
    parts = take_apart(scene, peeling(), CONFIG)
    layers = []
    stack = paint_layers(parts.result, layers.append)
    by_hand = parts.result.clean.full.astype(float)
    for layer in layers:
        rows = slice(layer.y, layer.y + layer.rgba.shape[0])
        columns = slice(layer.x, layer.x + layer.rgba.shape[1])
        alpha = layer.rgba[..., 3:] / 255
        by_hand[rows, columns] *= 1 - alpha
        by_hand[rows, columns] += layer.rgba[..., :3] * alpha
    assert np.abs(by_hand - stack).max() <= 2
    assert [layer.rank for layer in layers] == [3, 2, 1]
    difference = np.abs(stack.astype(int) - opened(scene)).max(2)
    assert difference.mean() < 0.5
    assert (difference > 8).mean() < 0.01


def test_the_error_is_reported(tmp_path, scene):
    record, _ = run(tmp_path / "a", scene)
    assert 0 <= record["recomposition"]["mean"] < 0.5
    none, _ = run(tmp_path / "c", scene, wanted=Wanted(layers=False))
    assert none["recomposition"] is None


def test_open_raster_holds_the_layers(tmp_path, scene):
    folder = tmp_path / "out"
    record, _ = run(folder, scene)
    with zipfile.ZipFile(folder / "stack.ora") as file:
        layers = ET.fromstring(file.read("stack.xml")).findall("./stack/layer")
        names = [layer.get("name") for layer in layers]
        assert names == ["01_object", "02_object", "03_object", "background"]
        for layer, entry in zip(layers, record["objects"], strict=False):
            image = np.asarray(Image.open(io.BytesIO(file.read(layer.get("src")))))
            x, y = int(layer.get("x")), int(layer.get("y"))
            full = opened(folder / entry["layer"])
            assert np.array_equal(full[y : y + image.shape[0], x : x + image.shape[1]], image)
            assert full[..., 3].astype(int).sum() == image[..., 3].astype(int).sum()


def test_coco_holds_the_masks(tmp_path, scene):
    folder = tmp_path / "out"
    record, _ = run(folder, scene)
    document = json.loads((folder / "coco.json").read_text())
    assert document["images"][0]["file_name"] == "scene.png"
    for row, entry in zip(document["annotations"], record["objects"], strict=True):
        assert np.array_equal(decode_rle(row["segmentation"]), opened(folder / entry["amodal"]))
        assert np.array_equal(decode_rle(row["visible"]), opened(folder / entry["visible"]))
        assert (row["rank"], row["iteration"]) == (entry["rank"], entry["iteration"])


@pytest.mark.parametrize(
    ("wanted", "names", "fills"),
    [
        (Wanted(layers=False, background=False), {"labels.png", "overlay.png", "masks"}, 2),
        (Wanted(layers=False, masks=False), {"background.png"}, 3),
    ],
)
def test_parts_of_it_alone(tmp_path, scene, wanted, names, fills):
    engines = peeling()
    run(tmp_path / "out", scene, engines, wanted=wanted)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*names, "stack.json"}
    assert len(engines.inpainter.holes) == fills


def test_equal_seeds_give_equal_bytes(tmp_path, scene):
    def bytes_of(folder):
        return {p.name: p.read_bytes() for p in folder.rglob("*.*") if p.name != "stack.json"}

    run(tmp_path / "a", scene)
    run(tmp_path / "b", scene)
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")
    engines = [peeling() for _ in range(3)]
    run(tmp_path / "c", scene, engines[0], seed=1)
    run(tmp_path / "d", scene, engines[1], seed=2)
    run(tmp_path / "e", scene, engines[2], seed=1, inputs=SegmentInputs(name="other"))
    seeds = [tuple(each.inpainter.seeds) for each in engines]
    assert len(set(seeds)) == 3


def test_a_second_run_replaces_the_first_and_nothing_else(tmp_path, scene):
    folder = tmp_path / "out"
    run(folder, scene)
    (folder / "layers" / "mine.png").write_bytes(b"mine")
    (folder / "notes.txt").write_bytes(b"mine")
    run(folder, scene, tools(things=(GOLD,)), wanted=Wanted())
    assert sorted(path.name for path in (folder / "layers").iterdir()) == [
        "01_object.png", "mine.png",
    ]  # fmt: skip
    assert sorted(path.name for path in (folder / "masks").iterdir()) == [
        "01_object_amodal.png", "01_object_visible.png",
    ]  # fmt: skip
    assert not list((folder / "iterations").iterdir())
    assert not (folder / "coco.json").exists()
    assert (folder / "notes.txt").read_bytes() == b"mine"


def test_what_stands_is_part_of_the_plan(tmp_path, scene):
    folder = tmp_path / "out"
    before = stack_outputs(folder, EVERYTHING)
    assert before[-1] == folder / "stack.json"
    run(folder, scene)
    after = stack_outputs(folder, EVERYTHING)
    assert folder / "layers" / "01_object.png" in after
    assert {path for path in folder.rglob("*") if path.is_file()} <= set(after)


def test_a_scene_without_objects_is_its_own_background(tmp_path):
    path = write_scene(tmp_path / "empty.png", ())
    record, _ = run(tmp_path / "out", path)
    assert record["objects"] == record["before"] == []
    assert record["recomposition"] == {"mean": 0, "largest": 0, "changed": 0}
    assert np.array_equal(opened(tmp_path / "out/background.png"), opened(path))
    assert not opened(tmp_path / "out/labels.png").any()
    assert json.loads((tmp_path / "out/coco.json").read_text())["annotations"] == []


def test_a_picture_larger_than_the_search(tmp_path):
    size = (4 * WIDTH, 4 * HEIGHT)
    things = [Thing(t.colour, tuple(4 * e for e in t.box), t.round) for t in (RED, BLUE)]
    path = write_scene(tmp_path / "large.png", things, size)
    masks = tmp_path / "masks"
    masks.mkdir()
    for number, thing in enumerate(things):
        Image.fromarray(thing.mask(size)).save(masks / f"{number}.png")
    config = SegmentConfig(working=128, dilate=0, dilate_least=3, feather=0)
    engines = SegmentTools(NoSegmenter(), Plain())
    inputs = SegmentInputs(masks=masks, name="large.png")
    record, parts = run(tmp_path / "out", path, engines, config, inputs)
    assert record["working"] == [128, 96]
    assert [entry["rank"] for entry in record["objects"]] == [1, 2]
    for entry, thing in zip(record["objects"], things, strict=True):
        amodal, truth = opened(tmp_path / "out" / entry["amodal"]), thing.mask(size)
        assert amodal.shape == (size[1], size[0])
        assert iou(amodal, truth) > 0.97
        assert opened(tmp_path / "out" / entry["layer"]).shape == (size[1], size[0], 4)
    background = opened(tmp_path / "out/background.png")
    assert (background == GROUND).all()
    assert parts.visible.shape == (size[1], size[0])
    assert record["recomposition"]["changed"] < 0.01


def test_masks_that_are_brought_are_taken_as_they_are(tmp_path, scene):
    masks = tmp_path / "masks"
    masks.mkdir()
    for name, mask in (("1", RED.mask()), ("2", BLUE.mask())):
        Image.fromarray(mask).save(masks / f"{name}.png")
    inputs = SegmentInputs(masks=masks, name="scene.png")
    engines = SegmentTools(NoSegmenter(), Reveal([BLUE], [], []))
    record, parts = run(tmp_path / "out", scene, engines, inputs=inputs)
    assert record["segmenter"] == "file"
    found = [k.amodal for k in parts.result.instances]
    assert any(np.array_equal(mask, RED.mask()) for mask in found)
    assert any(np.array_equal(mask, BLUE.mask()) for mask in found)
    assert len(found) == 2
    background = opened(tmp_path / "out/background.png")
    assert (background[GOLD.mask()] == GOLD.colour).all()
    assert (background[RED.mask() | BLUE.mask()] == GROUND).all()


def test_what_is_pointed_at_and_what_stands_behind_it(tmp_path, scene):
    point = Request(((55, 50, True),))
    inputs = SegmentInputs(requests=[point], name="scene.png")
    record, parts = run(tmp_path / "out", scene, inputs=inputs)
    masks = [k.amodal for k in parts.result.instances]
    assert np.array_equal(masks[0], RED.mask())
    assert [k.iteration for k in parts.result.instances] == [0, 1]
    assert (masks[1] & ~BLUE.mask()).sum() == 0  # gold is not behind it
    assert record["iterations"][1]["rejected"] == {"not hidden": 1}


def test_prompts_and_masks_exclude_each_other(tmp_path):
    with pytest.raises(UsageError, match="exclude"):
        SegmentInputs(masks=tmp_path, requests=[Request(((1, 2, True),))])


def test_a_segmenter_without_prompts_says_so(scene):
    inputs = SegmentInputs(requests=[Request(((1, 2, True),))])
    with pytest.raises(UsageError, match="takes no prompts"):
        take_apart(scene, SegmentTools(NoSegmenter(), Reveal([])), CONFIG, inputs)
    shared = SegmentTools.shared(NoSegmenter(), Reveal([]))
    with pytest.raises(UsageError, match="takes no prompts"):
        take_apart(scene, shared, CONFIG, inputs)


def test_transparency_is_laid_over_white(tmp_path):
    rgba = np.dstack([draw((RED,)), np.where(RED.mask(), 255, 0).astype(np.uint8)])
    Image.fromarray(rgba).save(tmp_path / "cut.png")
    parts = take_apart(tmp_path / "cut.png", tools(things=(RED,)), CONFIG)
    assert len(parts.result.instances) == 1
    assert (parts.result.clean.full[~parts.result.holes] == 255).all()


def test_a_failure_leaves_an_earlier_run_alone(tmp_path, scene):
    folder = tmp_path / "out"
    run(folder, scene)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    (tmp_path / "bad.png").write_bytes(scene.read_bytes()[:200])
    with pytest.raises(InputError):
        run(folder, tmp_path / "bad.png")
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("label", "name"),
    [
        (None, "01_object"), ("dog", "01_dog"), ("potted plant", "01_potted-plant"),
        ("../../etc/passwd", "01_etc-passwd"), ("", "01_object"), ("\n", "01_object"),
        ("Hund ñ", "01_Hund"), ("x" * 500, "01_" + "x" * 40), ("a/b\\c:d", "01_a-b-c-d"),
    ],
)  # fmt: skip
def test_labels_cannot_leave_the_folder(label, name):
    assert object_name(1, label) == name
