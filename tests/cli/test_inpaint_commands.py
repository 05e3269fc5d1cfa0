"""`compose train inpaint` and `compose evaluate inpaint` as a user calls them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .processes import compose


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Eight photographs of 64 x 48 with a box that is marked."""
    root = tmp_path / "data"
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    mask = np.zeros((48, 64), np.uint8)
    mask[10:30, 20:50] = 255
    names = [f"s{number}" for number in range(8)]
    for number, name in enumerate(names):
        y, x = np.mgrid[0:48, 0:64]
        grey = 120 + 80 * np.sin((x + number * y) / 5)
        pixels = np.repeat(grey[..., None], 3, 2).astype(np.uint8)
        Image.fromarray(pixels).save(root / "images" / f"{name}.jpg", quality=95)
        Image.fromarray(mask).save(root / "masks" / f"{name}.png")
    for part in ("train", "val"):
        (root / f"{part}.txt").write_text("\n".join(names))
    return root


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_terminated_it_keeps_its_state_and_goes_on_over_older_files(
    data: Path, tmp_path: Path
) -> None:
    out, home = tmp_path / "out", tmp_path / "home"
    out.mkdir()
    (out / "inpaint.onnx").write_bytes(b"of an earlier training")
    train = ("train", "inpaint", data, "--out", out, "--steps", 100_000)
    resumed = compose(*train, "--resume", home=home)
    assert resumed.returncode == 2  # there is nothing to go on from yet
    assert "--overwrite" in resumed.stderr
    environment = {**os.environ, "COMPOSE_HOME": str(home)}
    command = [sys.executable, "-m", "compose.cli", *map(str, train), "--overwrite"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 200
    while not (out / "inpaint_state.pt").is_file() and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 130, said
    assert "interrupted after step" in said
    assert "--resume" in said
    assert (out / "inpaint_state.pt").is_file()
    planned = compose(*train, "--resume", "--dry-run", home=home)
    assert planned.returncode == 0, planned.stderr
    shown = compose("train", "inpaint", data / "images", "--out", out, "--steps", 100_000,
                    "--resume", home=home)  # fmt: skip
    assert shown.returncode == 1
    assert "on other photographs" in shown.stderr
    assert (out / "inpaint.onnx").read_bytes() == b"of an earlier training"


def test_training_writes_what_evaluating_takes(data: Path, tmp_path: Path) -> None:
    out, home = tmp_path / "out", tmp_path / "home"
    train = ("train", "inpaint", data, "--out", out, "--steps", 1)
    planned = compose(*train, "--dry-run", "--json", home=home)
    assert planned.returncode == 0, planned.stderr
    assert json.loads(planned.stdout)["outputs"][0] == str(out / "inpaint.onnx")
    assert not out.exists()
    done = compose(*train, "--quiet", home=home)
    assert done.returncode == 0, done.stderr
    files = [Path(line).name for line in done.stdout.splitlines()]
    assert files == ["inpaint.onnx", "inpaint.safetensors", "inpaint_metrics.jsonl"]
    refused = compose(*train, home=home)
    assert refused.returncode == 2
    assert "--overwrite" in refused.stderr
    done = compose("evaluate", "inpaint", data, "--inpainter", "builtin", "--inpainter", "opencv",
                   "--checkpoint", f"inpaint={out / 'inpaint.onnx'}", "--limit", 3, "--json",
                   home=home)  # fmt: skip
    assert done.returncode == 0, done.stderr
    ours, opencv, difference = map(json.loads, done.stdout.splitlines())
    assert (ours["engine"], opencv["engine"]) == ("builtin", "ns")
    assert ours["images"] == 3
    assert (ours["split"], ours["encoder"]) == ("val", "builtin")
    gain = ours["psnr"]["value"] - opencv["psnr"]["value"]
    assert difference["psnr"]["difference"] == pytest.approx(gain)


def test_evaluating_prints_a_table_for_people(data: Path, tmp_path: Path) -> None:
    done = compose("evaluate", "inpaint", data, "--inpainter", "telea", "--limit", 2,
                   "--masks", data, home=tmp_path / "home")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:4] == ["engine", "psnr", "ssim", "distance"]
    assert "telea" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--inpainter", "best"), 2, "patchmatch"),
        (("--encoder", "best"), 2, "builtin"),
        (("--encoder", "vgg16-hed"), 1, "compose models pull"),
        (("--inpainter", "migan"), 1, "compose models pull migan"),
        (("--inpainter", "plainest"), 1, "compose models pull migan"),
        (("--inpainter", "telea", "--split", "test"), 1, "test.txt"),
        (("--inpainter", "telea", "--masks", "nowhere"), 1, "nowhere"),
    ],
)
def test_failures_of_evaluating_are_one_sentence(
    data: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = compose("evaluate", "inpaint", data, *arguments, home=tmp_path / "home")
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_training_without_data_is_one_sentence(tmp_path: Path) -> None:
    done = compose("train", "inpaint", tmp_path / "no", "--out", tmp_path / "o",
                   home=tmp_path / "home")  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "give" in done.stderr
