"""`compose build-dataset cad` and `relabel` as a user calls them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .processes import compose_here

COMMAND = [sys.executable, "-m", "compose.cli", "build-dataset"]
SMALL = ("--canvas", "110,130", "--variants", "1", "--bad", "1")


def start(*arguments: object) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")}
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def run(*arguments: object) -> tuple[int, str, str]:
    with tempfile.TemporaryDirectory() as home:
        done = compose_here("build-dataset", *arguments, home=Path(home))
    return done.returncode, done.stdout, done.stderr


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photographs, in two folders."""
    root = tmp_path_factory.mktemp("given") / "holiday"
    (root / "sea").mkdir(parents=True)
    rows, columns = np.mgrid[:90, :140]
    for number, name in enumerate(("a.png", "b.jpg", "sea/a.png")):
        random = np.random.default_rng(number)
        picture = np.full((90, 140, 3), (110, 150, 210), np.float64)
        picture[55:] = np.array([80, 120, 60]) + random.normal(0, 12, (35, 140, 1))
        picture[(columns - 70) ** 2 + (rows - 50) ** 2 < 300] = (160, 40, 30)
        Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(root / name)
    return root


@pytest.fixture(scope="module")
def whole(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set made in one go."""
    out = tmp_path_factory.mktemp("whole") / "set"
    code, stdout, stderr = run("cad", photos, "--out", out, *SMALL, "--json")
    assert code == 0, stderr
    records = [json.loads(line) for line in stdout.splitlines()]
    assert [record["name"] for record in records] == ["a", "b", "sea/a"]
    for record in records:
        assert record["status"] == "ok"
        assert record["pictures"] == 1
        assert record["kept"] + sum(record["dropped"].values()) == 1
        assert all(Path(row["file"]).is_file() for row in record["files"])
    assert "engine builtin" in stderr
    assert "pictures of 3 photographs kept" in stderr
    return out


def test_killed_at_any_moment_it_ends_with_the_same_bytes(
    photos: Path, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    kept = 0
    for number in range(2):
        process = start("cad", photos, "--out", out, *SMALL, "--skip-existing", "--quiet")
        records = out / "records"
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end:
            done = len(list(records.rglob("*.json"))) if records.is_dir() else 0
            if done > kept or (number == 0 and (out / "images").is_dir()):
                kept = done
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    code, _, stderr = run("cad", photos, "--out", out, *SMALL, "--skip-existing", "--jobs", 2)
    assert code == 0, stderr
    assert contents(out) == contents(whole)


def test_parts_by_shards_are_the_whole_with_one_bad_photograph_left_out(
    photos: Path, whole: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "holiday"
    bad.mkdir()
    (bad / "broken.jpg").write_bytes(b"no picture at all")
    out = tmp_path / "set"
    codes = []
    for part in ("1/2", "0/2"):
        code, _, stderr = run("cad", photos, bad, "--out", out, *SMALL, "--shard", part, "--json")
        codes.append(code)
        assert ("broken.jpg" in stderr) is False
    assert sorted(codes) == [0, 1]
    assert contents(out) == contents(whole)


def test_versions_are_added_beside_those_that_stand(whole: Path, tmp_path: Path) -> None:
    before = contents(whole)
    code, stdout, stderr = run("relabel", whole, "--engine", "rank", "--json")
    assert code == 0, stderr
    records = [json.loads(line) for line in stdout.splitlines()]
    assert {record["version"] for record in records} == {"v003"}
    after = contents(whole)
    tables = ("labels.csv",)
    assert all(after[name] == data for name, data in before.items() if name not in tables)
    assert any(name.startswith("labels/v003/") for name in after)
    for name in set(after) - set(before):
        (whole / name).unlink()
    (whole / "labels.csv").write_bytes(before["labels.csv"])
    (whole / "labels" / "v003" / "sea").rmdir()
    (whole / "labels" / "v003").rmdir()
    code, _, stderr = run("relabel", tmp_path)
    assert code == 2
    assert "holds no set" in stderr


def test_the_page_and_parquet_are_written_where_asked_for(photos: Path, tmp_path: Path) -> None:
    from pyarrow import parquet

    out, page = tmp_path / "set", tmp_path / "page.html"
    crops = tmp_path / "crops.json"
    crops.write_text('[{"file": "a.png", "crop": [10, 5, 80, 60]}]')
    options = ("--engine", "real", "--crops", crops, "--variants", 1, "--no-filter", "--parquet")
    code, stdout, stderr = run("cad", photos / "a.png", "--out", out, *options, "--report", page)
    assert code == 0, stderr
    assert "1 of 1 kept" in stdout
    assert "1 of 1 pictures of 1 photographs kept" in page.read_text()
    rows = parquet.read_table(out / "pictures.parquet").to_pylist()
    assert [rows[0][edge] for edge in ("x1", "y1", "x2", "y2")] == [10, 5, 90, 65]
    assert len(parquet.read_table(out / "labels.parquet")) >= 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--canvas", "900"), "write it as 700,1024"),
        (("--area", "0.9,0.1"), "--area low,high"),
        (("--shard", "3/2"), "no part of the work"),
        (("--crops", "x.json"), "--engine real"),
        (("--engine", "diffusers"), "--model"),
        (("--inpainter", "magic"), "magic"),
    ],
)
def test_wrong_usage_ends_in_one_sentence(
    photos: Path, tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    code, stdout, stderr = run("cad", photos, "--out", tmp_path / "set", *options)
    assert (code, stdout) == (2, "")
    assert sentence in stderr
    assert "Traceback" not in stderr
    assert not (tmp_path / "set").exists()


def test_a_set_that_stands_is_refused_and_plans_write_nothing(
    photos: Path, whole: Path, tmp_path: Path
) -> None:
    code, _, stderr = run("cad", photos, "--out", whole, *SMALL)
    assert code == 2
    assert "--skip-existing" in stderr
    code, _, stderr = run("cad", photos, "--out", whole, *SMALL, "--seed", 7, "--skip-existing")
    assert code == 2
    assert "made otherwise (seed)" in stderr
    code, stdout, _ = run("cad", photos, "--out", whole, *SMALL, "--skip-existing", "--json")
    assert code == 0
    assert [json.loads(line)["status"] for line in stdout.splitlines()] == ["skipped"] * 3
    code, stdout, _ = run("cad", photos, "--out", tmp_path / "none", *SMALL, "--dry-run", "--json")
    assert code == 0
    assert [json.loads(line)["status"] for line in stdout.splitlines()] == ["planned"] * 3
    assert not (tmp_path / "none").exists()
