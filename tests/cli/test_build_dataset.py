"""`compose build-dataset occlusion` as a user calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.data.occlusion import read_scene, scene_names

from .processes import compose_here

Build = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = [sys.executable, "-m", "compose.cli", "build-dataset", "occlusion"]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    home = tmp_path_factory.mktemp("home")
    return lambda *arguments: compose_here("build-dataset", "occlusion", *arguments, home=home)


@pytest.fixture(scope="module")
def voc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photographs of a coloured disc each."""
    root = tmp_path_factory.mktemp("voc")
    for folder in ("JPEGImages", "SegmentationClass"):
        (root / folder).mkdir()
    rows, columns = np.mgrid[:100, :160]
    for number, colour in enumerate([(200, 40, 40), (40, 180, 60), (40, 60, 210)]):
        mask = (columns - 70 - 10 * number) ** 2 + (rows - 50) ** 2 <= (20 + 3 * number) ** 2
        pixels = np.full((100, 160, 3), 220, np.uint8)
        pixels[mask] = colour
        Image.fromarray(pixels).save(root / "JPEGImages" / f"{number}.jpg", quality=95)
        classes = np.where(mask, 12, 0).astype(np.uint8)
        Image.fromarray(classes).save(root / "SegmentationClass" / f"{number}.png")
    (root / "val.txt").write_text("0 1 2")
    return root


def contents(folder: Path) -> dict[str, bytes]:
    return {
        os.fspath(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_set_is_made_and_made_again_byte_by_byte(build: Build, voc: Path, tmp_path: Path) -> None:
    done = build("--data", voc, "--out", tmp_path / "one", "--count", 4, "--json")
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["scene"], one["status"]) for one in records] == [
        (f"{number:05d}", "ok") for number in range(4)
    ]
    assert all(0.2 <= one["hidden"] <= 0.8 for one in records)
    assert all(Path(one["file"]).is_file() for row in records for one in row["files"])
    names = scene_names(tmp_path / "one")
    for name, row in zip(names, records, strict=True):
        assert read_scene(tmp_path / "one", name).notes.hidden == row["hidden"]
    again = build("--data", voc, "--out", tmp_path / "two", "--count", 4, "--jobs", 3, "--quiet")
    assert again.returncode == 0, again.stderr
    assert len(again.stdout.splitlines()) == 7 * 4
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    for turn in ("2/3", "0/3", "1/3"):
        part = build("--data", voc, "--out", tmp_path / "parts", "--count", 4, "--shard", turn)
        assert part.returncode == 0, part.stderr
    assert contents(tmp_path / "one") == contents(tmp_path / "parts")
    other = build("--data", voc, "--out", tmp_path / "three", "--count", 4, "--seed", 1)
    assert other.returncode == 0, other.stderr
    assert "% hidden" in other.stdout
    assert contents(tmp_path / "one") != contents(tmp_path / "three")


def test_a_set_is_finished_enlarged_and_replaced(build: Build, voc: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    options = ("--data", voc, "--out", out, "--count")
    assert build(*options, 3).returncode == 0
    whole = contents(out)
    refused = build(*options, 3)
    assert refused.returncode == 2
    assert "add --skip-existing or --overwrite" in refused.stderr
    (out / "scenes" / "00001.json").unlink()  # as if killed before its last file
    (out / "images" / "00001.png").write_bytes(b"half")
    done = build(*options, 3, "--skip-existing", "--json")
    statuses = [json.loads(line)["status"] for line in done.stdout.splitlines()]
    assert statuses == ["skipped", "ok", "skipped"]
    assert contents(out) == whole
    assert build(*options, 4, "--skip-existing").returncode == 0
    assert len(scene_names(out)) == 4
    assert whole.items() - {("occlusion.json", whole["occlusion.json"])} <= contents(out).items()
    # a smaller count does not shrink it
    assert build(*options, 2, "--skip-existing").returncode == 0
    assert len(scene_names(out)) == 4
    mixed = build(*options, 4, "--skip-existing", "--seed", 5)
    assert mixed.returncode == 2
    assert "made otherwise" in mixed.stderr
    assert len(mixed.stderr.splitlines()) == 1
    assert build(*options, 2, "--overwrite", "--seed", 5).returncode == 0
    assert len(scene_names(out)) == 2


def test_dry_run_writes_nothing(build: Build, voc: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    done = build("--data", voc, "--out", out, "--count", 2, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["scene"], first["status"], len(first["outputs"])) == ("00000", "planned", 7)
    assert second["outputs"][-1] == os.fspath(out / "scenes" / "00001.json")
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--from", "coco"), 1, "instances_val2017.json"),
        (("--split", "train"), 1, "no list train.txt"),
        (("--least", "0.9"), 2, "no range"),
        (("--count", "0"), 2, "--count"),
        (("--skip-existing", "--overwrite"), 2, "exclude each other"),
    ],
)
def test_failures_are_one_sentence(
    build: Build, voc: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = build("--data", voc, "--out", tmp_path / "set", *arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout
    assert not (tmp_path / "set").exists()


def test_a_scene_that_fails_is_1_and_the_rest_is_done(
    build: Build, voc: Path, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    (out / "amodal" / "00001.png").mkdir(parents=True)  # cannot be replaced by a file
    done = build("--data", voc, "--out", out, "--count", 3, "--overwrite", "--json")
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["status"] for row in rows] == ["ok", "error", "ok"]
    assert "cannot write" in rows[1]["error"]
    assert "1 of 3 scenes failed" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_interrupted_it_goes_on(build: Build, voc: Path, tmp_path: Path) -> None:
    out, whole = tmp_path / "set", tmp_path / "whole"
    options = ["--data", os.fspath(voc), "--count", "30", "--out"]
    command = [*COMMAND, *options, os.fspath(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not list(out.glob("scenes/*.json")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("it was done before the signal came")
    assert process.returncode == 130
    assert b"--skip-existing" in stderr
    assert not list(out.rglob("*.compose-part"))
    assert 0 < len(list(out.glob("scenes/*.json"))) < 30
    assert build(*options, out, "--skip-existing").returncode == 0
    assert build(*options, whole).returncode == 0
    assert contents(out) == contents(whole)
