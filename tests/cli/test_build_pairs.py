"""`compose build-dataset pairs`, `verify` and `report` as a user calls them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from compose.core.files import is_part_file

from ..data.raw_trees import coco_tree
from .processes import compose_here, files

SHARDS = ("--samples-per-shard", 12, "--test-share", 0.2)


@pytest.fixture(scope="module")
def coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty pairs."""
    return coco_tree(tmp_path_factory.mktemp("coco"), 60)


@pytest.fixture(scope="module")
def whole(coco: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The set of an undisturbed run."""
    out = tmp_path_factory.mktemp("whole") / "set"
    done = compose_here("build-dataset", "pairs", "--raw", f"coco:{coco}", "--out", out, *SHARDS,
                        "--json", home=out.parent)  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["status"] for row in rows} == {"ok"}
    assert sum(row["samples"] for row in rows) == 60
    assert all(Path(row["file"]).is_file() for row in rows)
    return out


def test_several_jobs_give_the_same_bytes(coco: Path, whole: Path, tmp_path: Path) -> None:
    arguments = ("build-dataset", "pairs", "--raw", f"coco:{coco}", *SHARDS)
    done = compose_here(
        *arguments, "--out", tmp_path / "two", "--jobs", 2, "--quiet", home=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert [Path(line).suffix for line in done.stdout.splitlines()] == [".tar"] * 6
    assert files(tmp_path / "two") == files(whole)
    refused = compose_here(*arguments, "--out", tmp_path / "two", home=tmp_path)
    assert refused.returncode == 2
    assert "--skip-existing" in refused.stderr
    again = compose_here(*arguments, "--out", tmp_path / "two", "--skip-existing", "--json",
                         home=tmp_path)  # fmt: skip
    assert {json.loads(line)["status"] for line in again.stdout.splitlines()} == {"skipped"}
    assert files(tmp_path / "two") == files(whole)


def test_builders_of_an_array_give_the_same_bytes(coco: Path, whole: Path, tmp_path: Path) -> None:
    for turn in ("1/2", "0/2"):
        done = compose_here("build-dataset", "pairs", "--raw", f"coco:{coco}", *SHARDS, "--out",
                            tmp_path / "set", "--shard", turn, home=tmp_path)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "with a pair" in done.stdout
    assert files(tmp_path / "set") == files(whole)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_run_is_finished_to_the_same_bytes(
    coco: Path, whole: Path, tmp_path: Path
) -> None:
    """The small form of benchmarks/dataset_kill.py."""
    out = tmp_path / "set"
    command = [sys.executable, "-m", "compose.cli", "build-dataset", "pairs", "--skip-existing"]
    command += ["--raw", f"coco:{coco}", "--out", str(out), *map(str, SHARDS)]
    chance = random.Random(5)
    truth, killed = files(whole), 0
    for standing in (1, 4):  # files, after which it is killed
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if sum(path.is_file() for path in out.rglob("*")) >= standing:
                break
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        left = {name: data for name, data in files(out).items() if not is_part_file(Path(name))}
        assert left.items() <= truth.items()
    assert killed  # it may have been quicker once
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert files(out) == truth


def test_ctrl_c_ends_with_130_and_can_be_gone_on_with(
    coco: Path, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    command = [sys.executable, "-m", "compose.cli", "build-dataset", "pairs", "--skip-existing"]
    command += ["--raw", f"coco:{coco}", "--out", str(out), *map(str, SHARDS), "--jobs", "2"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (out / "train").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers as well
    _, said = process.communicate(timeout=60)
    if process.returncode != 0:  # it may have been quicker
        assert process.returncode == 130
        assert "interrupted" in said
        assert "Traceback" not in said
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert files(out) == files(whole)


def test_a_full_disk_is_one_sentence_and_can_be_gone_on_with(
    coco: Path, whole: Path, tmp_path: Path
) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=240k", "tmpfs", str(place)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        arguments = ("build-dataset", "pairs", "--raw", f"coco:{coco}", *SHARDS, "--out",
                     place / "set", "--skip-existing")  # fmt: skip
        for jobs in (1, 2):
            done = compose_here(*arguments, "--jobs", jobs, home=tmp_path)
            assert done.returncode == 1
            assert len(done.stderr.splitlines()) == 1
            assert "No space left on device" in done.stderr
            assert "free some space" in done.stderr
            left = files(place / "set")
            assert 0 < len(left) < len(files(whole))
            assert left.items() <= files(whole).items()
        subprocess.run(["mount", "-o", "remount,size=20m", str(place)], check=True)
        done = compose_here(*arguments, home=tmp_path)
        assert done.returncode == 0, done.stderr
        assert files(place / "set") == files(whole)
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_dry_runs_write_nothing(coco: Path, tmp_path: Path) -> None:
    done = compose_here("build-dataset", "pairs", "--raw", f"coco:{coco}", "--dry-run", "--json",
                        "--out", tmp_path / "set", home=tmp_path)  # fmt: skip
    assert json.loads(done.stdout) == {"set": "coco", "status": "planned", "pictures": 61}
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(("arguments", "code", "says"), [
    (("--raw", "voc:x"), 2, "is no data set"),
    (("--raw", "coco:nowhere"), 1, "there is no folder"),
    (("--raw", "coco:.", "--shard", "2/2"), 2, "from 0 to N-1"),
    (("--raw", "coco:.", "--shard", "0/2", "--overwrite"), 2, "remove it first"),
    (("--raw", "coco:.", "--out", "pipe:cat"), 2, "no place for shards"),
    (("--raw", "coco:.", "--objects", "4"), 2, "--objects"),
])  # fmt: skip
def test_failures_are_one_sentence(
    arguments: tuple[str, ...], code: int, says: str, tmp_path: Path
) -> None:
    done = compose_here(
        "build-dataset", "pairs", "--out", tmp_path / "set", *arguments, home=tmp_path
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "set").exists()


def test_damaged_pictures_are_1_and_the_rest_is_done(tmp_path: Path) -> None:
    root = coco_tree(tmp_path / "raw", 3)
    (root / "train2017" / f"{2:012d}.jpg").write_bytes(b"no picture")
    done = compose_here("build-dataset", "pairs", "--raw", f"coco:{root}", "--test-share", 0,
                        "--json", "--out", tmp_path / "set", home=tmp_path)  # fmt: skip
    assert done.returncode == 1
    failure, shard = map(json.loads, done.stdout.splitlines())
    assert (failure["picture"], failure["status"]) == (f"{2:012d}", "error")
    assert (shard["status"], shard["samples"]) == ("ok", 2)
    assert "1 of 4 pictures could not be used" in done.stderr


def test_shards_are_verified(whole: Path, tmp_path: Path) -> None:
    done = compose_here("build-dataset", "verify", whole, "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(row["samples"] for row in rows) == 60
    copy = tmp_path / "copy"
    (copy / "train").mkdir(parents=True)
    for name, data in files(whole / "train" / "coco").items():
        (copy / "train" / name).write_bytes(data)
    tar = copy / "train" / "00001.tar"
    data = bytearray(tar.read_bytes())
    data[len(data) // 2] ^= 255
    tar.write_bytes(data)
    (copy / "train" / "00002.json").unlink()
    done = compose_here("build-dataset", "verify", copy, "--jobs", 2, home=tmp_path)
    assert done.returncode == 1
    assert "another hash" in done.stderr
    assert "not finished" in done.stderr
    assert "2 of these damaged" in done.stdout
    given = ("--jobs", 1, "--fail-fast", "--json")
    first = compose_here("build-dataset", "verify", copy, *given, home=tmp_path)
    assert first.returncode == 1
    states = [json.loads(line)["status"] for line in first.stdout.splitlines()]
    assert states == ["ok", "error"]
    assert "the rest was not looked at" in first.stderr
    one = compose_here("build-dataset", "verify", copy / "train" / "00000.tar", home=tmp_path)
    assert one.returncode == 0, one.stderr
    none = compose_here("build-dataset", "verify", tmp_path / "nothing", home=tmp_path)
    assert none.returncode == 1
    assert "has no shards" in none.stderr


def test_a_page_shows_samples(whole: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    arguments = ("build-dataset", "report", whole, "--out", page, "--samples", 5)
    done = compose_here(*arguments, "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "file": str(page), "shards": 6, "samples": 60, "shown": 5,
    }  # fmt: skip
    text = page.read_text()
    assert text.count("<article>") == 5
    assert text.count('src="data:image/jpeg') == 4 * 5
    assert "contact" in text
    assert "http://" not in text
    assert "https://" not in text
    assert compose_here(*arguments, home=tmp_path).returncode == 2
    assert compose_here(*arguments, "--overwrite", home=tmp_path).returncode == 0
    assert page.read_text() == text
