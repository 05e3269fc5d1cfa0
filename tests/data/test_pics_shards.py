"""Shards of pairs: read as published, and nothing odd gets in."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest

from compose.core.boxes import Box
from compose.core.errors import DataError, UsageError
from compose.data.pics_shards import index_shard, read_sample
from compose.data.shard_names import JOINT, expand_braces, find_shards, set_name

from .shard_files import members, png, write_shard, write_tar


def test_a_shard_is_read_in_its_order(tmp_path: Path) -> None:
    shard = write_shard(tmp_path / "00000.tar", range(3, 6))
    found = index_shard(shard)
    assert [reference.key for reference in found] == ["000003", "000004", "000005"]
    sample = read_sample(found[1])
    assert sample.name == "000004"
    assert sample.picture.shape == (30, 40, 3)
    assert sample.boxes == (Box(4, 3, 20, 17), Box(10, 7, 26, 21))
    assert sample.ranks is None
    assert [o.rgb.shape for o in sample.objects] == [(224, 224, 3)] * 2
    assert abs(int(sample.picture[10, 24, 2]) - 4) < 12


def test_any_number_of_objects_and_their_order(tmp_path: Path) -> None:
    files = {f"a.{part}": data for part, data in members(1, 3, [2, 0, 1]).items()}
    files |= {f"deep/b.c.{part}": b"" for part in ()}
    sample = read_sample(index_shard(write_tar(tmp_path / "s.tar", files))[0])
    assert len(sample.objects) == len(sample.boxes) == 3
    assert sample.ranks == (1, 2, 0)  # object 2 is in front


def odd_tar(path: Path, what: str) -> Path:
    files = {f"a.{part}": data for part, data in members(1).items()}
    if what == "pickle":
        files["a.obj2.pyd"] = b"cos\nsystem\n(S'true'\ntR."
    elif what == "outside":
        files = {f"../a.{part}": data for part, data in members(1).items()}
    elif what == "absolute":
        files = {f"/a.{part}": data for part, data in members(1).items()}
    elif what == "missing":
        del files["a.mask1.png"]
    elif what == "no background":
        del files["a.bg.jpg"]
    elif what == "one mask more":
        files["a.mask2.png"] = files["a.mask1.png"]
    elif what == "nothing":
        files = {}
    write_tar(path, files)
    if what == "link":
        with tarfile.open(path, "a") as tar:
            info = tarfile.TarInfo("b.bg.jpg")
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(info)
    elif what == "twice":
        with tarfile.open(path, "a") as tar:
            tar.addfile(tarfile.TarInfo("a.bg.jpg"))
    elif what == "cut off":
        path.write_bytes(path.read_bytes()[:700])
    elif what == "gzip":
        import gzip

        path.write_bytes(gzip.compress(path.read_bytes()))
    return path


@pytest.mark.parametrize("what", [
    "pickle", "outside", "absolute", "missing", "no background", "one mask more", "nothing", "link",
    "twice", "cut off", "gzip",
])  # fmt: skip
def test_odd_shards_are_refused(tmp_path: Path, what: str) -> None:
    with pytest.raises(DataError) as caught:
        index_shard(odd_tar(tmp_path / "s.tar", what))
    assert "s.tar" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("what", ["damaged", "empty", "size", "json", "order"])
def test_odd_samples_are_refused(tmp_path: Path, what: str) -> None:
    files = {f"a.{part}": data for part, data in members(1).items()}
    files |= {
        "damaged": {"a.obj0.png": files["a.obj0.png"][:300]},
        "empty": {"a.mask1.png": png(np.zeros((30, 40), np.uint8))},
        "size": {"a.mask1.png": png(np.full((40, 30), 255, np.uint8))},
        "json": {"a.meta.json": b"{"},
        "order": {"a.meta.json": b'{"order": [0, 0]}'},
    }[what]
    reference = index_shard(write_tar(tmp_path / "s.tar", files))[0]
    with pytest.raises(DataError, match=r"a\.(obj0|mask1|meta)"):
        read_sample(reference)


def test_braces_are_written_out() -> None:
    assert expand_braces("x/{00008..00011}.tar") == [f"x/{n:05d}.tar" for n in range(8, 12)]
    assert expand_braces("{9..11}") == ["9", "10", "11"]
    assert expand_braces("{a,b}{0..1}") == ["a0", "a1", "b0", "b1"]
    assert expand_braces("plain") == ["plain"]
    for wrong in ("{0..1", "0}", "{5..2}", "{0..999999999}"):
        with pytest.raises(UsageError):
            expand_braces(wrong)


def test_sets_are_found(tmp_path: Path) -> None:
    for name in ("LVIS", "VITON-HD", "mine"):  # as the published folders are named, or nearly
        for number in range(2):
            write_shard(tmp_path / name / f"{number:05d}.tar", range(1))
    root = str(tmp_path)
    joint = {found.name: found for found in find_shards([root], joint=True)}
    assert {name: found.repeated for name, found in joint.items()} == {
        "lvis": 3, "vitonhd": 6, "mine": 1,
    }  # fmt: skip
    assert [p.name for p in joint["lvis"].shards] == ["00000.tar", "00001.tar"]
    assert JOINT["object365"] == 1
    assert [set_name(n) for n in ("Objects365", "MapillaryVistas", "BDD100K")] == [
        "object365", "mapillaryvistas", "bdd100k",
    ]  # fmt: skip
    assert [JOINT[n] for n in ("cityscapes", "mapillaryvistas", "bdd100k")] == [18] * 3
    assert find_shards([root], "Lvis")[0].shards == joint["lvis"].shards
    assert find_shards([f"{root}/LVIS"])[0].name == "lvis"
    pattern = f"{root}/mine/{{00000..00001}}.tar"
    assert find_shards([pattern])[0].shards == joint["mine"].shards
    assert find_shards([f"bdd100k={pattern}"], joint=True)[0].repeated == 18
    with pytest.raises(UsageError, match="--dataset-name"):
        find_shards([root])
    with pytest.raises(UsageError, match="no set 'bdd'"):
        find_shards([root], "bdd")
    with pytest.raises(UsageError, match="no file"):
        find_shards(["pipe:cat x.tar"])
    for missing in (f"{root}/mine/{{0..1}}.tar", f"{root}/nowhere"):
        with pytest.raises(DataError):
            find_shards([missing])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no shards"):
        find_shards([f"{root}/empty"])
