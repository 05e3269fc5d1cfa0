"""Sets of pairs: samples as PICS reads them, and the same bytes whoever builds them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compose.core.batch import Summary
from compose.core.errors import UsageError
from compose.data.pics_sample import read_sample as read_folder
from compose.data.pics_sample import sample_folders
from compose.data.pics_shards import decode_pair
from compose.data.raw_sets import RawSet
from compose.data.shard_names import find_shards
from compose.data.shard_store import LocalStore, ShardStore, open_store
from compose.stages.build_pairs import Course, PairsBuild, PairsConfig
from compose.stages.composite_sources import ShardSource
from compose.stages.pair_mining import MiningConfig
from compose.stages.pair_sample import find_order, make_sample
from compose.stages.pair_units import Unit, Written

from ..data.raw_trees import HEIGHT, TALL, TREES, WIDE, WIDTH, coco_tree, rect_mask


@pytest.fixture(scope="module")
def coco(tmp_path_factory: pytest.TempPathFactory) -> RawSet:
    return RawSet("coco", coco_tree(tmp_path_factory.mktemp("coco"), 12))


def run(
    store: ShardStore, sets: list[RawSet], config: PairsConfig, course: Course | None = None
) -> list[tuple[str, int]]:
    """Build what is missing; what was written."""
    build = PairsBuild(store, sets, config)
    build.begin(overwrite=False)
    course = course or Course()
    plan, mined = build.mine(course)
    assert mined.exit_code == 0
    number, of = course.shard
    units = [u for k, u in enumerate(build.units(plan)) if k % of == number]
    rows: list[tuple[str, int]] = []

    def emit(unit: Unit, written: Written) -> None:
        rows.append((unit.stem, written.samples))

    summary: Summary = build.write([u for u in units if build.standing(u) is None], course, emit)
    assert summary.exit_code == 0
    return rows


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", sorted(TREES))
def test_samples_are_what_pics_reads(name: str, tmp_path: Path) -> None:
    raw = RawSet(name, TREES[name](tmp_path / "raw", 3))
    run(LocalStore(tmp_path / "set"), [raw], PairsConfig(test_share=0))
    shards = find_shards([str(tmp_path / "set" / "train")], joint=True)
    source = ShardSource(shards, seed=0)
    assert source.size >= 3
    sample = source.sample(0, 0)
    assert sample.picture.shape == (HEIGHT, WIDTH, 3)
    assert sample.ranks is not None
    assert [each.rgb.shape for each in sample.objects] == [(224, 224, 3)] * 2
    for each in sample.objects:  # on white, and tight but for the padding
        assert (each.rgb[[0, -1]] == 255).all()
        assert (each.rgb[:, [0, -1]] == 255).all()
        dark = (each.rgb < 200).any(-1)
        assert 0.6 < max(np.ptp(np.flatnonzero(dark.any(k))) for k in (0, 1)) / 224 < 0.95


def test_a_sample_tells_how_its_objects_meet(coco: RawSet) -> None:
    picture = coco.pictures("train")[0]
    parts, meta = make_sample(picture, (1, 3), "coco", 0)
    assert list(parts) == ["bg.jpg", "obj0.png", "mask0.png", "obj1.png", "mask1.png", "meta.json"]
    assert json.loads(parts["meta.json"]) == meta
    assert parts["bg.jpg"] == picture.photo.read_bytes()
    seen = rect_mask(TALL), rect_mask(WIDE) & ~rect_mask(TALL)
    for k in range(2):
        with Image.open(io.BytesIO(parts[f"mask{k}.png"])) as mask:
            assert mask.mode == "L"
            assert ((np.asarray(mask) == 255) == seen[k]).all()
        with Image.open(io.BytesIO(parts[f"obj{k}.png"])) as cut:
            assert (cut.mode, cut.size) == ("RGBA", (224, 224))
            alpha = np.asarray(cut)[..., 3]
            assert (np.asarray(cut)[alpha == 0][:, :3] == 255).all()
    assert [each["annotation"] for each in meta["objects"]] == [1, 3]
    assert meta["objects"][1]["box"] == list(map(float, WIDE))
    (pair,) = meta["pairs"]
    both = 10 * 27
    areas = 30 * 52, 50 * 35
    assert pair["overlap"] == both
    assert pair["containment"] == [round(both / areas[0], 6), round(both / areas[1], 6)]
    assert pair["iou"] == pytest.approx(both / (sum(areas) - both), abs=1e-6)
    assert pair["contact"] > 30
    # both claim a sixth of TALL, the smaller one, so it counts as in front
    assert (meta["order"], meta["order_by"]) == ([0, 1], "masks")


def test_who_is_in_front(tmp_path: Path) -> None:
    street = RawSet("cityscapes", TREES["cityscapes"](tmp_path)).pictures("train")[0]
    _, meta = make_sample(street, (1, 3), "cityscapes", 0)
    assert (meta["order"], meta["order_by"]) == ([1, 0], "annotation")
    first = coco_tree(tmp_path / "coco")
    objects = RawSet("coco", first).pictures("train")[0].objects()
    apart = [np.zeros((80, 120), bool) for _ in range(3)]
    for k, (y, x) in enumerate([(5, 5), (60, 80), (30, 40)]):
        apart[k][y : y + 10, x : x + 10] = True
    assert find_order([objects[0]] * 3, apart) == ([1, 2, 0], "ground")


def test_what_lies_upon_another_is_in_front(tmp_path: Path) -> None:
    """A plate in a hole that was left in a table, and an L whose bay a square bites into."""
    objects = RawSet("coco", coco_tree(tmp_path)).pictures("train")[0].objects()[:2]
    table, plate = rect_mask((5, 20, 100, 70)), rect_mask((40, 30, 70, 60))
    assert find_order(objects, [table & ~plate, plate]) == ([1, 0], "masks")
    bay, square = rect_mask((10, 10, 60, 60)), rect_mask((40, 5, 90, 40))
    assert find_order(objects, [bay & ~square, square]) == ([1, 0], "masks")
    assert find_order(objects, [square, bay & ~square]) == ([0, 1], "masks")


def test_photographs_that_are_no_plain_jpeg_become_one(tmp_path: Path) -> None:
    root = coco_tree(tmp_path, 2)
    path = root / "train2017" / f"{1:012d}.jpg"
    with Image.open(path) as image:
        pixels = np.asarray(image)
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.fromarray(pixels[::-1, ::-1]).save(path, exif=exif, quality=97)
    parts, _ = make_sample(RawSet("coco", root).pictures("train")[0], (1, 3), "coco", 0)
    sample = decode_pair(parts, "a", "b")
    assert np.abs(sample.picture.astype(int) - pixels).mean() < 3


def test_whoever_builds_the_bytes_are_the_same(
    coco: RawSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compose.stages.build_pairs.BLOCK", 4)
    config = PairsConfig(samples_per_shard=3, test_share=0.3, seed=7)
    rows = run(LocalStore(tmp_path / "one"), [coco], config)
    assert sum(count for _, count in rows) == 12
    assert {stem.split("/")[0] for stem, _ in rows} == {"train", "test"}
    assert all(count == 3 for stem, count in rows if stem.endswith("00000"))
    run(LocalStore(tmp_path / "two"), [coco], config, Course(jobs=2))
    for number in (2, 0, 1):
        run(LocalStore(tmp_path / "three"), [coco], config, Course(shard=(number, 3)))
    whole = contents(tmp_path / "one")
    assert whole == contents(tmp_path / "two") == contents(tmp_path / "three")
    assert run(LocalStore(tmp_path / "one"), [coco], config) == []
    victim = next(name for name in whole if name.endswith("00001.json"))
    (tmp_path / "one" / victim).unlink()
    (tmp_path / "one" / "plan" / "coco" / "00001.jsonl").unlink()
    assert len(run(LocalStore(tmp_path / "one"), [coco], config)) == 1
    assert contents(tmp_path / "one") == whole


def test_a_store_elsewhere_gets_the_same_bytes(coco: RawSet, tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    config = PairsConfig(samples_per_shard=5)
    run(LocalStore(tmp_path), [coco], config)
    store = open_store("memory://test-build-pairs/set")
    run(store, [coco], config)
    there = {}
    for file in store.files():
        with store.open(file) as stream:
            there[file] = stream.read()
    assert there == contents(tmp_path)
    assert run(store, [coco], config) == []


def test_folders_are_what_pics_writes(coco: RawSet, tmp_path: Path) -> None:
    config = PairsConfig(form="folders", samples_per_shard=5, test_share=0)
    rows = run(LocalStore(tmp_path), [coco], config)
    assert [count for _, count in rows] == [5, 5, 2]
    folders = sample_folders(tmp_path / "train" / "coco")
    assert len(folders) == 12
    spec = read_folder(folders[3])
    assert spec.background.name == "image.jpg"
    assert [each.image.name for each in spec.objects] == ["object_0.png", "object_1.png"]
    whole = contents(tmp_path)
    (folders[3] / "meta.json").unlink()
    (folders[3] / "object_1_mask.png").write_bytes(b"half")
    assert len(run(LocalStore(tmp_path), [coco], config)) == 1
    assert contents(tmp_path) == whole


def test_the_same_photograph_is_on_one_side_in_every_set(coco: RawSet, tmp_path: Path) -> None:
    lvis = RawSet("lvis", TREES["lvis"](tmp_path / "lvis", 12))
    run(LocalStore(tmp_path / "set"), [coco, lvis], PairsConfig(test_share=0.4))
    sides: dict[str, set[str]] = {}
    for path in (tmp_path / "set").rglob("*.tar"):
        for shard in find_shards([str(path)]):
            source = ShardSource([shard], 0)
            names = {source.sample(0, k).name for k in range(source.size)}
            sides.setdefault(path.parent.parent.name, set()).update(names)
    assert len(sides["train"]) + len(sides["test"]) == 12
    assert not sides["train"] & sides["test"]


def test_damaged_pictures_are_told_and_the_rest_is_done(tmp_path: Path) -> None:
    root = coco_tree(tmp_path / "raw", 6)
    photo = root / "train2017" / f"{2:012d}.jpg"
    photo.write_bytes(photo.read_bytes()[:700])  # its header is whole
    (root / "train2017" / f"{3:012d}.jpg").write_bytes(b"no picture")
    (root / "train2017" / f"{4:012d}.jpg").unlink()
    build = PairsBuild(
        LocalStore(tmp_path / "set"), [RawSet("coco", root)], PairsConfig(test_share=0)
    )
    build.begin(overwrite=False)
    plan, _ = build.mine(Course())
    assert [finding.id[-1] for finding in plan["coco"] if finding.error] == ["3", "4"]
    told: list[Written] = []
    build.write(build.units(plan), Course(), lambda unit, written: told.append(written))
    assert (told[0].samples, [name[-1] for name, _ in told[0].failures]) == (3, ["2"])
    assert build.standing(build.units(plan)[0]) == told[0]


@pytest.mark.parametrize("change", [
    {"seed": 1}, {"samples_per_shard": 7}, {"mining": MiningConfig(0.05)}, {"form": "folders"},
    {"test_share": 0.5},
])  # fmt: skip
def test_another_set_is_not_mixed_in(change: dict[str, Any], coco: RawSet, tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    run(store, [coco], PairsConfig())
    build = PairsBuild(store, [coco], PairsConfig(**change))
    with pytest.raises(UsageError, match="begun with another"):
        build.begin(overwrite=False)
    (tmp_path / "train" / "coco" / "notes.txt").touch()
    (tmp_path / "mine.txt").touch()  # what is not of the set stays
    build.begin(overwrite=True)
    assert list(contents(tmp_path)) == ["mine.txt", "pairs.json"]


def test_a_set_half_removed_is_not_mixed_in(
    coco: RawSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path)
    run(store, [coco], PairsConfig())
    build = PairsBuild(store, [coco], PairsConfig(seed=1))
    removed: list[str] = []

    def remove(file: str) -> None:  # as if killed while it removes the old set
        if removed:
            raise KeyboardInterrupt
        removed.append(file)

    monkeypatch.setattr(store, "remove", remove)
    with pytest.raises(KeyboardInterrupt):
        build.begin(overwrite=True)
    with pytest.raises(UsageError, match="begun with another seed"):
        build.begin(overwrite=False)
