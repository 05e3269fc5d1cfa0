"""Hostile tars are refused in one sentence, soon, by everything that reads shards."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from compose.core.errors import DataError
from compose.data.pics_shards import PARTS, index_shard
from compose.data.safe_tar import read_headers
from compose.data.shard_check import check_shard
from compose.data.shard_read import index_members, read_samples
from compose.data.shard_store import LocalStore

from .shard_files import members, write_tar

GOOD_PARTS = list(members(1).items())
GOOD = {f"a.{part}": data for part, data in GOOD_PARTS}


def with_member(path: Path, kind: bytes = tarfile.REGTYPE, **fields: object) -> Path:
    write_tar(path, GOOD)
    info = tarfile.TarInfo("b.bg.jpg")
    info.type = kind
    for name, value in fields.items():
        setattr(info, name, value)
    data = b"x" * info.size
    with tarfile.open(path, "a", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(info, io.BytesIO(data))
    return path


def raw_header(path: Path, name: str, size: int, kind: bytes = b"0") -> Path:
    """A member whose header promises more than there is."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    return path


def nested_headers(path: Path) -> Path:
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 12
    one = info.tobuf(tarfile.USTAR_FORMAT) + b"12 mtime=12\n".ljust(512, b"\0")
    path.write_bytes(one * 3000 + bytes(1024))
    return path


def damaged_middle(path: Path) -> Path:
    """The header of the second member is noise, for which tarfile just stops."""
    write_tar(path, GOOD)
    data = bytearray(path.read_bytes())
    with tarfile.open(path) as tar:
        second = tar.getmembers()[1].offset
    data[second : second + 512] = os.urandom(512)
    path.write_bytes(data)
    return path


HOSTILE: dict[str, Callable[[Path], Path]] = {
    "path traversal": lambda p: with_member(p, name="../../b.bg.jpg", size=3),
    "absolute": lambda p: with_member(p, name="/etc/b.bg.jpg", size=3),
    "backslashes": lambda p: with_member(p, name="..\\b.bg.jpg", size=3),
    "symbolic link": lambda p: with_member(p, tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": lambda p: with_member(p, tarfile.LNKTYPE, linkname="a.bg.jpg"),
    "device": lambda p: with_member(p, tarfile.CHRTYPE, devmajor=1, devminor=3),
    "fifo": lambda p: with_member(p, tarfile.FIFOTYPE),
    "pickle": lambda p: with_member(p, name="b.pickle", size=3),
    "python": lambda p: with_member(p, name="a.pyd", size=3),
    "pipe": lambda p: with_member(p, name="pipe:touch x", size=3),
    "empty": lambda p: with_member(p, size=0),
    "promises more": lambda p: raw_header(p, "a.bg.jpg", 5000 * 1024),
    "promises far more": lambda p: raw_header(p, "a.bg.jpg", 2**62),
    "negative": lambda p: raw_header(p, "a.bg.jpg", -512),
    "a long name": lambda p: raw_header(p, "././@LongLink", 2**30, tarfile.GNUTYPE_LONGNAME),
    "sparse": lambda p: raw_header(p, "a.bg.jpg", 512, tarfile.GNUTYPE_SPARSE),
    "nested headers": nested_headers,
    "damaged in the middle": damaged_middle,
    "no tar": lambda p: (p.write_bytes(b"\x80\x04cos\nsystem\n(S'touch x'\ntR." * 99) and p) or p,
    "nothing": lambda p: p.touch() or p,
}  # fmt: skip


@pytest.mark.parametrize("what", list(HOSTILE))
def test_hostile_tars_are_refused_by_every_reader(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = HOSTILE[what](tmp_path / "00000.tar")
    with pytest.raises(DataError) as caught:
        index_shard(path)
    said = [str(caught.value), *check_shard(LocalStore(tmp_path), "00000").problems]
    assert len(said) >= 2
    for sentence in said:
        assert "00000.tar" in sentence
        assert "\n" not in sentence
        assert len(sentence) < 300
    assert os.listdir(tmp_path) == ["00000.tar"]


def test_a_million_empty_members_are_refused_at_the_first(tmp_path: Path) -> None:
    header = tarfile.TarInfo("a.bg.jpg").tobuf(tarfile.USTAR_FORMAT)
    path = tmp_path / "00000.tar"
    with path.open("wb") as file:
        for _ in range(100):
            file.write(header * 10_000)
        file.write(bytes(1024))
    with pytest.raises(DataError, match="is empty"):
        index_shard(path)


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compose.data.safe_tar.MOST", 40)
    path = tmp_path / "00000.tar"
    with tarfile.open(path, "w") as tar:
        for number in range(50):
            info = tarfile.TarInfo(f"folder{number}")
            info.type = tarfile.DIRTYPE
            tar.addfile(info)
    with pytest.raises(DataError, match="more than 40 members"):
        index_shard(path)


def test_good_tars_pass_in_every_form(tmp_path: Path) -> None:
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        path = tmp_path / f"{form}.tar"
        with tarfile.open(path, "w", format=form) as tar:
            for name, data in GOOD.items():
                info = tarfile.TarInfo(f"{'deep/' * 30}{name}")
                info.size, info.mtime = len(data), 1.5 if form == tarfile.PAX_FORMAT else 2
                tar.addfile(info, io.BytesIO(data))
        with path.open("rb") as file:
            found = list(read_headers(file, path.name, PARTS))
            assert [member.part for member in found] == list(members(1))
            for member in found:
                file.seek(member.offset)
                assert file.read(member.size) == GOOD[f"a.{member.part}"]


def test_a_sample_in_two_places_is_named(tmp_path: Path) -> None:
    a, b = members(1), members(2)
    apart = {"a.bg.jpg": a.pop("bg.jpg"), **{f"b.{part}": data for part, data in b.items()}}
    path = write_tar(tmp_path / "00000.tar", apart | {f"a.{part}": d for part, d in a.items()})
    found = check_shard(LocalStore(tmp_path), "00000").problems
    assert [problem for problem in found if "lie together" in problem]
    assert len(index_shard(path)) == 2  # who reads by place does not mind


def test_samples_come_in_their_order_and_folders(tmp_path: Path) -> None:
    files = {f"{key}.{part}": data for key in ("d.x/a", "__b__") for part, data in GOOD_PARTS}
    with write_tar(tmp_path / "00000.tar", files).open("rb") as file:
        found = dict(read_samples(file, "00000.tar", index_members(file, "00000.tar", "pairs")))
    assert list(found) == ["d.x/a", "__b__"]
    assert all(parts == dict(GOOD_PARTS) for parts in found.values())
