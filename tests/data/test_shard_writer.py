"""Shards: the same bytes for the same samples, finished only with their statistics."""

from __future__ import annotations

import errno
import json
import os
import pickle
import tarfile
import uuid
from pathlib import Path

import pytest

from compose.core.errors import ComposeError, DataError, OutputError, UsageError
from compose.data.pics_shards import index_shard, read_sample
from compose.data.shard_check import check_shard
from compose.data.shard_store import LocalStore, ShardStore, open_store, read_bytes, write_bytes
from compose.data.shard_writer import (
    is_finished,
    read_stats,
    sample_key,
    shard_stems,
    write_shard,
)

from .shard_files import members

SAMPLES = [(f"{number:06d}", members(number)) for number in range(3)]


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ShardStore:
    if request.param == "folder":
        return open_store(tmp_path / "set")
    pytest.importorskip("fsspec")
    return open_store(f"memory://{uuid.uuid4().hex}/set")


def test_a_shard_is_written_and_checked(store: ShardStore) -> None:
    stats = write_shard(
        store, "train/x/00000", "pairs", iter(SAMPLES), lambda: {"labels": {"a": 3}}
    )
    assert (stats.samples, stats.members) == (3, 15)
    sent: ShardStore = pickle.loads(pickle.dumps(store))
    assert read_stats(sent, "train/x/00000") == stats
    assert is_finished(sent, "train/x/00000")
    assert store.files() == ["train/x/00000.json", "train/x/00000.tar"]
    assert shard_stems(store) == ["train/x/00000"]
    assert (
        stats.bytes
        == store.size("train/x/00000.tar")
        == len(read_bytes(store, "train/x/00000.tar"))
    )
    checked = check_shard(store, "train/x/00000")
    assert (checked.samples, checked.problems) == (3, [])
    store.remove("train/x/00000.json")
    store.remove("train/x/00000.json")
    assert not is_finished(store, "train/x/00000")
    assert "not finished" in check_shard(store, "train/x/00000").problems[0]


def test_bytes_depend_on_samples_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_shard(LocalStore(tmp_path / name), "0", "pairs", SAMPLES)
        os.utime(tmp_path / name)
    for file in ("0.tar", "0.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    with tarfile.open(tmp_path / "a" / "0.tar") as tar:
        for info in tar:
            assert (info.mtime, info.uid, info.gid, info.uname, info.gname) == (0, 0, 0, "", "")
            assert info.mode == 0o644
    found = index_shard(tmp_path / "a" / "0.tar")
    assert [read_sample(reference).name for reference in found] == [key for key, _ in SAMPLES]


def test_a_shard_of_no_samples_has_no_tar(store: ShardStore) -> None:
    write_bytes(store, "0.tar", b"old")
    stats = write_shard(store, "0", "pairs", [])
    assert (stats.samples, stats.bytes, store.size("0.tar")) == (0, 0, None)
    assert is_finished(store, "0")
    assert check_shard(store, "0").problems == []


@pytest.mark.parametrize("samples", [
    [("a", {"bg.jpg": b""})], [("a.b", {"bg.jpg": b"x"})], [("../a", {"bg.jpg": b"x"})],
    [("a", {"bg.jpg": b"x"}), ("a", {"bg.jpg": b"y"})],
])  # fmt: skip
def test_what_no_reader_would_take_is_not_written(
    samples: list[tuple[str, dict[str, bytes]]], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"shard|empty"):
        write_shard(LocalStore(tmp_path), "0", "pairs", samples)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    def samples() -> object:
        yield SAMPLES[0]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store = LocalStore(tmp_path)
    write_shard(store, "0", "pairs", SAMPLES)
    with pytest.raises(OutputError, match="free some space"):
        write_shard(store, "0", "pairs", samples())  # type: ignore[arg-type]
    assert not is_finished(store, "0")  # what stood is whole and yet to be written anew
    assert os.listdir(tmp_path) == ["0.tar"]


@pytest.mark.parametrize(
    "damage", ["bytes", "longer", "shorter", "counts", "json", "no tar", "other"]
)
def test_damage_is_found(damage: str, tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    write_shard(store, "00000", "pairs", SAMPLES)
    tar, stats = tmp_path / "00000.tar", tmp_path / "00000.json"
    data = tar.read_bytes()
    with tarfile.open(tar) as opened:
        middle = opened.getmembers()[0].offset_data + 400
    values = json.loads(stats.read_text())
    if damage == "bytes":
        tar.write_bytes(data[:middle] + b"!!!!" + data[middle + 4 :])
    elif damage == "longer":
        tar.write_bytes(data + bytes(512))
    elif damage == "shorter":
        tar.write_bytes(data[:-9000])
    elif damage == "counts":
        stats.write_text(json.dumps(values | {"samples": 4, "members": 16}))
    elif damage == "json":
        stats.write_text("{")
    elif damage == "no tar":
        tar.unlink()
    else:
        stats.write_text(json.dumps(values | {"version": 7}))
    problems = check_shard(store, "00000").problems
    assert problems
    assert all("\n" not in problem for problem in problems)
    if damage == "counts":
        assert len(problems) == 2
    if damage == "bytes":
        assert "another hash" in problems[0]
    if damage in ("bytes", "longer"):
        assert is_finished(store, "00000") is (damage == "bytes")


def test_pictures_that_do_not_decode_are_found(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    broken = members(1) | {"obj1.png": members(1)["obj1.png"][:200]}
    write_shard(store, "00000", "pairs", [("a", members(0)), ("b", broken), ("c", members(2))])
    checked = check_shard(store, "00000")
    assert checked.samples == 3
    assert len(checked.problems) == 1
    assert "b.obj1.png" in checked.problems[0]
    write_shard(store, "00001", "other", [("a", {"jpg": b"no picture", "json": b"{", "txt": b"t"})])
    assert "jpg" in check_shard(store, "00001").problems[0]


def test_keys_are_plain_and_apart() -> None:
    assert sample_key("000000391895") == "000000391895"
    names = ["a.b", "a_b", "a/b", "ü", "x" * 200, "x" * 201, "\udce4"]
    keys = [sample_key(name) for name in names]
    assert len(set(keys)) == len(keys)
    assert all(sample_key(key) == key for key in keys)


def test_places_that_are_no_places_are_refused(tmp_path: Path) -> None:
    for place in ("pipe:cat x.tar", "simplecache::memory://x", "nosuch://x"):
        with pytest.raises(UsageError):
            open_store(place)
    with pytest.raises(DataError):
        read_bytes(LocalStore(tmp_path), "missing")
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(ComposeError, match="another folder"):
        write_bytes(LocalStore(blocked), "x", b"")
