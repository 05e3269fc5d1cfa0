"""`compose train crop --engine procrop|multi-in-one`, and crops by what it wrote."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from typer.testing import CliRunner

from compose.cli.train import app
from compose.core.errors import UsageError

from ..data.crop_trees import gaicd
from ..models.tiny_blip import CHANNELS, save_blip
from ..stages.crop_scenes import fcdb, painted
from .processes import compose


def test_train_resume_and_crop(tmp_path: Path) -> None:
    data, out, home = fcdb(tmp_path / "fcdb"), tmp_path / "out", tmp_path / "home"
    train = ("train", "crop", "--engine", "procrop", "--data", data, "--refs", data / "images",
             "--out", out, "--batch-size", 4, "--device", "cpu")  # fmt: skip
    tried = compose(*train, "--dry-run", "--json", home=home)
    assert tried.returncode == 0, tried.stderr
    lines = [json.loads(line) for line in tried.stdout.splitlines()]
    assert [line.get("step") for line in lines] == [1, 2, None]
    assert lines[2]["outputs"][0] == str(out / "procrop.safetensors")
    assert not out.exists()
    done = compose(*train, "--max-steps", 3, "--save-every", 2, "--json", home=home)
    assert done.returncode == 0, done.stderr
    told = json.loads((out / "config.json").read_text())
    assert (told["net"]["fusion"], told["net"]["reference_tokens"], told["steps"]) == (
        "paper", 16, 3,
    )  # fmt: skip
    refused = CliRunner().invoke(app, [str(part) for part in train[1:]])
    assert isinstance(refused.exception, UsageError)
    assert "--overwrite" in str(refused.exception)
    photo = data / "images" / "0.png"
    name = f"procrop={out / 'procrop.safetensors'}"
    cropped = compose("crop", photo, "--engine", "procrop", "--checkpoint", name, "--json",
                      home=home)  # fmt: skip
    assert cropped.returncode == 0, cropped.stderr
    record = json.loads(cropped.stdout)
    assert record["engine"] == "procrop"
    assert 1 <= len(record["crops"]) <= 5
    missing = compose("crop", photo, "--engine", "procrop", home=home)
    assert missing.returncode == 1
    assert "--checkpoint procrop=FILE" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_texts_of_references_are_learned_from_and_shown(tmp_path: Path) -> None:
    data, out, home = fcdb(tmp_path / "fcdb", 4), tmp_path / "out", tmp_path / "home"
    (tmp_path / "blip").mkdir()
    blip = save_blip(tmp_path / "blip")
    (data / "images" / "0.txt").write_text("a boat by the shore\n")
    train = ("train", "crop", "--engine", "procrop", "--data", data, "--refs", data / "images",
             "--text", blip, "--batch-size", 2, "--max-steps", 2, "--device", "cpu", "--quiet",
             "--out", out)  # fmt: skip
    done = compose(*train, home=home)
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "config.json").read_text())["net"]["text_channels"] == CHANNELS
    crop = ("crop", data / "images" / "1.png", "--engine", "procrop", "--refs", data / "images",
            "--checkpoint", f"procrop={out / 'procrop.safetensors'}", "--json")  # fmt: skip
    cropped = compose(*crop, "--checkpoint", f"blip={blip}", home=home)
    assert cropped.returncode == 0, cropped.stderr
    assert json.loads(cropped.stdout)["crops"]
    measure = ("evaluate", "crop", "--data", data, "--engine", "procrop", "--split", "train",
               "--checkpoint", f"procrop={out / 'procrop.safetensors'}", "--json")  # fmt: skip
    told = ("--refs", data / "images", "--checkpoint", f"blip={blip}")
    figures = [compose(*measure, *more, home=home) for more in ((), told)]
    assert [run.returncode for run in figures] == [0, 0], figures[1].stderr
    assert all(json.loads(run.stdout)["engine"] == "procrop" for run in figures)
    assert figures[0].stdout != figures[1].stdout  # the references are seen
    other = compose(*measure[:4], "--engine", "full", *told, home=home)
    assert other.returncode == 2
    assert "--engine procrop" in other.stderr
    without = compose(*crop, home=home)
    assert without.returncode == 1
    assert "--checkpoint blip=FOLDER" in without.stderr
    assert "Traceback" not in without.stderr


def test_weak_and_mixed(tmp_path: Path) -> None:
    cad, data, out = painted(tmp_path / "cad"), fcdb(tmp_path / "fcdb", 4), tmp_path / "out"
    rated = gaicd(tmp_path / "gaicd")
    done = compose("train", "crop", "--engine", "multi-in-one", "--cad", cad, "--data", data,
                   "--data", f"gaicd:{rated}", "--out", out, "--batch-size", 4, "--max-steps", 4,
                   "--rounds", 1, "--device", "cpu", "--quiet", home=tmp_path / "home")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [Path(line).name for line in done.stdout.splitlines()] == [
        "multi-in-one.safetensors", "metrics.jsonl", "config.json",
    ]  # fmt: skip
    assert (out / "labels" / "v0002.json").is_file()
    assert (out / "stage-2-1" / "multi-in-one.safetensors").is_file()


def test_what_contradicts_is_refused(tmp_path: Path) -> None:
    out, data = tmp_path / "out", fcdb(tmp_path / "fcdb", 2)
    for more, told in (
        ((), "--data"),
        (("--engine", "procrop"), "--cad"),
        (("--engine", "procrop", "--data", data, "--fusion", "paper"), "--refs"),
        (("--engine", "procrop", "--data", data, "--text", data), "--refs"),
        (("--engine", "procrop", "--data", data, "--context", "topk"), "--context"),
        (("--engine", "multi-in-one", "--data", data, "--context", "topk"), "--context-model"),
        (("--engine", "multi-in-one", "--data", data, "--refs", data), "--refs"),
        (("--data", data, "--cad", data), "--cad"),
        (("--data", f"gaicd:{data}"), "one FCDB alone"),
        (("--engine", "procrop", "--data", f"flms:{data}"), "test set"),
        (("--engine", "procrop", "--data", f"goacd:{data}"), "gaicd"),
        (("--engine", "procrop", "--data", data), "--batch-size"),
    ):
        done = CliRunner().invoke(app, ["crop", "--out", str(out), *map(str, more)])
        assert isinstance(done.exception, UsageError), done.output
        assert told in str(done.exception)
        assert not out.exists()


def test_asked_to_end_it_keeps_its_place(tmp_path: Path) -> None:
    data, out = fcdb(tmp_path / "fcdb"), tmp_path / "out"
    train = ["train", "crop", "--engine", "procrop", "--data", str(data), "--out", str(out),
             "--batch-size", "2", "--device", "cpu"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "compose.cli", *train, "--max-steps", "100000", "--save-every", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "COMPOSE_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    end = time.monotonic() + 200
    while not list(out.glob("checkpoints/*/state.pt")) and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=100)
    assert process.returncode == 130, stderr
    assert "--resume auto" in stderr
    assert not list(out.rglob("*.compose-part"))
    assert not (out / "procrop.safetensors").exists()


def test_options_without_effect_are_refused(tmp_path: Path) -> None:
    data = fcdb(tmp_path / "fcdb", 2)
    done = CliRunner().invoke(
        app, ["crop", "--data", str(data), "--out", str(tmp_path / "out"), "--max-steps", "3",
              "--resume", "auto", "--device", "cpu"],
    )  # fmt: skip
    assert isinstance(done.exception, UsageError), done.output
    assert "--max-steps, --resume, --device have no effect" in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_a_dry_run_keeps_no_features(tmp_path: Path) -> None:
    data, kept = fcdb(tmp_path / "fcdb", 4), tmp_path / "features"
    done = compose("train", "crop", "--engine", "procrop", "--data", data,
                   "--out", tmp_path / "out", "--batch-size", 2, "--features", kept, "--dry-run",
                   "--device", "cpu", home=tmp_path / "home")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not kept.exists()
