from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compose.core.errors import OutputError
from compose.core.files import (
    atomic_write,
    is_part_file,
    remove_open_parts,
    remove_stale_parts,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="locks and modes of POSIX")
unprivileged = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_body_that_ends_well_replaces_the_target(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "a.bin"
    for text in ("one", "two"):
        with atomic_write(target) as part:
            assert part.parent == target.parent
            assert is_part_file(part)
            part.write_text(text)
            assert not target.exists() or target.read_text() == "one"
        assert target.read_text() == text
    assert names(target.parent) == ["a.bin"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_body_that_fails_leaves_the_target_alone(
    tmp_path: Path, error: type[BaseException]
) -> None:
    target = tmp_path / "a.bin"
    target.write_text("before")

    def write() -> None:
        with atomic_write(target) as part:
            part.write_text("half")
            raise error

    with pytest.raises(error):
        write()
    assert names(tmp_path) == ["a.bin"]
    assert target.read_text() == "before"


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127, "x" * 251 + ".jpg", "\udcff" * 255])
def test_longest_names(tmp_path: Path, name: str) -> None:
    try:
        (tmp_path / name).touch()
    except OSError:
        pytest.skip("this file system takes no such name")
    with atomic_write(tmp_path / name) as part:
        part.write_text("ok")
    assert names(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "ok"


def test_names_that_are_too_long_are_our_error(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"use a shorter name\.$"),
        atomic_write(tmp_path / ("n" * 256)),
    ):
        pass
    assert names(tmp_path) == []


def test_target_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OutputError, match="move that folder away"), atomic_write(tmp_path / "a"):
        pass
    assert names(tmp_path) == ["a"]


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with (
        pytest.raises(OutputError, match="a part of this path is a file"),
        atomic_write(tmp_path / "a" / "b" / "c"),
    ):
        pass


@unprivileged
def test_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="permissions"), atomic_write(tmp_path / "a"):
        pass


def test_full_disk_in_the_body_is_our_error(tmp_path: Path) -> None:
    def write() -> None:
        with atomic_write(tmp_path / "a\nb") as part:
            part.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"a\\nb \(No space left.*; free some space"):
        write()
    assert names(tmp_path) == []


def test_other_errors_of_the_body_pass(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "a"):
        (tmp_path / "missing").read_text()


def test_modes_follow_the_umask(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a"):
        pass
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@posix
def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    killed = (
        "import os, sys; from pathlib import Path; from compose.core.files import atomic_write\n"
        "with atomic_write(Path(sys.argv[1])) as part:\n"
        "    part.write_text('half'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", killed, str(tmp_path / "a")], check=False)
    (left,) = names(tmp_path)
    assert is_part_file(Path(left))
    with atomic_write(tmp_path / "b") as part:
        remove_stale_parts(tmp_path)
        assert names(tmp_path) == [part.name]
    assert names(tmp_path) == ["b"]
    remove_stale_parts(tmp_path / "missing")


def test_open_parts_are_removed_before_a_hard_exit(tmp_path: Path) -> None:
    def write() -> None:
        with atomic_write(tmp_path / "a"):
            remove_open_parts()
            assert names(tmp_path) == []

    with pytest.raises(OutputError):
        write()


def test_only_our_names_are_part_files() -> None:
    assert not is_part_file(Path("a.compose-part"))
    assert not is_part_file(Path(".a.jpg"))
    assert is_part_file(Path("x/.a.jpg.0011aabb.compose-part"))
