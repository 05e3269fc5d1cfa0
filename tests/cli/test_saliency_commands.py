"""`compose evaluate saliency` and `compose train saliency` as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .processes import compose


@pytest.fixture
def subjects(tmp_path: Path) -> Path:
    """Two photographs of 48 x 32 with a bright square in the middle."""
    root = tmp_path / "subjects"
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    mask = np.zeros((32, 48), np.uint8)
    mask[8:24, 16:32] = 255
    for name in ("a", "b"):
        pixels = np.full((32, 48, 3), 50, np.uint8)
        pixels[mask > 0] = (220, 200, 40)
        Image.fromarray(pixels).save(root / "images" / f"{name}.jpg", quality=95)
        Image.fromarray(mask).save(root / "masks" / f"{name}.png")
    for part in ("train", "val"):
        (root / f"{part}.txt").write_text("a\nb\n")
    return root


def test_evaluating_prints_what_is_here_and_compares(subjects: Path, tmp_path: Path) -> None:
    done = compose("evaluate", "saliency", "--data", subjects, "--json", home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    builtin, centre, difference = map(json.loads, done.stdout.splitlines())
    assert (builtin["engine"], centre["engine"]) == ("builtin", "centre")
    assert builtin["images"] == 2
    assert builtin["split"] == "val"
    gain = builtin["iou"] - centre["iou"]
    assert difference["iou"]["difference"] == pytest.approx(gain)
    # the bump is above 1/2 in an ellipse of half axes .294 of the sides: .272 of the area
    assert centre["iou"] == pytest.approx((1 / 6) / 0.272, abs=0.08)


def test_evaluating_prints_a_table_for_people(subjects: Path, tmp_path: Path) -> None:
    done = compose(
        "evaluate", "saliency", "--data", subjects, "--engine", "centre", home=tmp_path / "home"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:3] == ["engine", "mean", "abs."]
    assert "centre" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--engine", "best"), 2, "builtin"),
        (("--engine", "u2netp"), 1, "compose models pull u2netp"),
        (("--split", "train", "--weights", "none"), 1, "saliency.onnx"),
    ],
)
def test_failures_of_evaluating_are_one_sentence(
    subjects: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = compose("evaluate", "saliency", "--data", subjects, *arguments, home=tmp_path / "home")
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_training_writes_what_evaluating_takes(subjects: Path, tmp_path: Path) -> None:
    out, home = tmp_path / "out", tmp_path / "home"
    train = ("train", "saliency", "--data", subjects, "--out", out, "--epochs", 1)
    planned = compose(*train, "--dry-run", "--json", home=home)
    assert planned.returncode == 0, planned.stderr
    assert json.loads(planned.stdout)["outputs"][0] == str(out / "saliency.onnx")
    assert not out.exists()
    done = compose(*train, "--quiet", home=home)
    assert done.returncode == 0, done.stderr
    files = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name for path in files][:2] == ["saliency.onnx", "saliency.safetensors"]
    assert all(path.is_file() for path in files)
    refused = compose(*train, home=home)
    assert refused.returncode == 2
    assert "--overwrite" in refused.stderr
    done = compose("evaluate", "saliency", "--data", subjects, "--weights", out,
                   "--engine", "builtin", "--json", home=home)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["engine"] == "builtin"


def test_training_without_data_is_one_sentence(tmp_path: Path) -> None:
    done = compose(
        "train", "saliency", "--data", tmp_path, "--out", tmp_path / "o", home=tmp_path / "home"
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "images" in done.stderr
