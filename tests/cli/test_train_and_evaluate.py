"""`compose evaluate crop` and `compose train crop` as a user calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image


def compose(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compose.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def fcdb(tmp_path: Path) -> Path:
    """Two photographs of 100 x 60, both cropped to the whole."""
    root = tmp_path / "fcdb"
    (root / "images").mkdir(parents=True)
    for name in ("a.png", "b.png"):
        Image.new("RGB", (100, 60), "teal").save(root / "images" / name)
    crops = [{"file": name, "crop": [0, 0, 100, 60]} for name in ("a.png", "b.png")]
    pair = {"a": [0, 0, 100, 60], "b": [0, 0, 50, 60], "votes_a": 5, "votes_b": 0}
    for split in ("train", "val"):
        (root / f"{split}.json").write_text(json.dumps(crops))
    (root / "pairs.json").write_text(json.dumps([{"file": "a.png", **pair}]))
    return root


def test_evaluate_prints_one_record_an_engine_and_its_comparisons(fcdb: Path) -> None:
    done = compose("evaluate", "crop", "--data", fcdb, "--engine", "full", "--engine", "centre",
                   "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    full, centre, difference = map(json.loads, done.stdout.splitlines())
    assert (full["engine"], full["iou"], full["displacement"]) == ("full", 1.0, 0.0)
    assert (full["pair_accuracy"], full["pairs"], full["images"]) == (1.0, 1, 2)
    # 5 % of 60 are 3 pixels: (5, 3, 95, 57) keeps 90 x 54 of 100 x 60
    assert centre["iou"] == pytest.approx(90 * 54 / 6000)
    assert difference["iou"]["difference"] == pytest.approx(1 - 0.81)


def test_evaluate_prints_a_table_for_people(fcdb: Path) -> None:
    done = compose("evaluate", "crop", "--data", fcdb, "--engine", "full")
    assert done.returncode == 0
    assert done.stdout.split()[:2] == ["engine", "IoU"]
    assert "1.0000" in done.stdout


@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_missing_data_get_one_sentence(tmp_path: Path, command: str) -> None:
    extra = ["--out", tmp_path / "out"] if command == "train" else ["--engine", "full"]
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-m", "compose.cli", command, "crop", "--data", str(tmp_path), *extra],
        capture_output=True, text=True, check=False, env={"COMPOSE_HOME": str(home), "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_an_unknown_engine_is_wrong_usage(fcdb: Path) -> None:
    done = compose("evaluate", "crop", "--data", fcdb, "--engine", "best")
    assert done.returncode == 2
    assert "builtin" in done.stderr


def test_a_dry_run_of_training_writes_nothing(fcdb: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = compose("train", "crop", "--data", fcdb, "--out", out, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["status"] == "planned"
    assert str(out / "crop_builtin.onnx") in record["outputs"]
    assert not out.exists()


def test_training_refuses_to_replace_before_work(fcdb: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "crop_rank.onnx").write_text("mine")
    done = compose("train", "crop", "--data", fcdb, "--out", out, "--engine", "rank")
    assert done.returncode == 2
    assert "--overwrite" in done.stderr
    assert (out / "crop_rank.onnx").read_text() == "mine"
