"""`compose evaluate sketch` as a user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from compose.core.drawing import Drawing
from compose.data.svg import write_svg

pytest.importorskip("torch")

BUILTIN = ("--perceptual", "builtin", "--embedding", "builtin", "--device", "cpu")


def compose(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compose.cli", "evaluate", "sketch", *map(str, arguments)]
    environment = {**os.environ, "COMPOSE_HOME": os.fspath(home), "OMP_NUM_THREADS": "1"}
    environment.pop("COMPOSE_MODELS", None)
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def line(x: float, strokes: int = 1) -> Drawing:
    points = np.array([[(x, 0), (x, 20), (x, 40), (x, 60)]] * strokes, float)
    return Drawing(
        points, np.full(strokes, 3.0), np.zeros((strokes, 3)), np.ones(strokes), (90, 60)
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two photographs with one upright edge at 30, a good run and a bad file of each."""
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        picture = Image.new("RGB", (90, 60), (230, 225, 220))
        ImageDraw.Draw(picture).rectangle((0, 0, 29, 59), "black")
        picture.save(tmp_path / f"in/{name}.png")
        run = tmp_path / "runs" / name
        run.mkdir(parents=True)
        write_svg(line(30), run / "final.svg")
        Image.new("RGB", (90, 60)).save(run / "edges.png")
        target = os.fspath(tmp_path / f"in/{name}.png")
        (run / "run.json").write_text(json.dumps({"target": target, "seconds": 2.0}))
        (tmp_path / "other").mkdir(exist_ok=True)
        write_svg(line(70, strokes=2), tmp_path / "other" / f"{name}.svg")
    return tmp_path


def records(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(text) for text in done.stdout.splitlines()]


def test_runs_against_other_sketches(tree: Path) -> None:
    done = compose(tree / "runs", "--against", tree / "other", "--targets", tree / "in", *BUILTIN,
                   "--canvas", 90, "--json", home=tree)  # fmt: skip
    assert done.returncode == 0, done.stderr
    *sketches, first, second, ssim, distance, cosine, recall, precision, f1 = records(done)
    assert [Path(r["input"]).relative_to(tree).as_posix() for r in sketches] == [
        "runs/a/final.svg", "runs/b/final.svg", "other/a.svg", "other/b.svg",
    ]  # fmt: skip
    assert [record["set"] for record in sketches] == ["sketches"] * 2 + ["against"] * 2
    good, _, bad, _ = sketches
    assert (good["edge_recall"], good["edge_precision"], good["strokes"]) == (1, 1, 1)
    assert (bad["edge_recall"], bad["edge_precision"], bad["strokes"]) == (0, 0, 2)
    assert good["length"] == pytest.approx(60, rel=1e-3)
    assert (good["seconds"], bad["seconds"]) == (2, None)
    assert good["perceptual_network"] == good["cosine_network"] == "builtin"
    assert (first["set"], first["sketches"], first["mean"]["edge_f1"]) == ("sketches", 2, 1)
    assert (second["set"], second["mean"]["edge_f1"]) == ("against", 0)
    measures = [row["measure"] for row in (ssim, distance, cosine, recall, precision, f1)]
    assert measures == ["ssim", "perceptual", "cosine", "edge_recall", "edge_precision", "edge_f1"]
    assert (recall["difference"], recall["wins"], recall["photographs"]) == (1, 2, 2)
    assert ssim["difference"] == pytest.approx(good["ssim"] - bad["ssim"])


def test_a_table_names_the_networks_and_failures_do_not_stop_it(tree: Path) -> None:
    (tree / "runs/c.svg").write_text("<svg")
    filled = tree / "runs/a/final.svg"
    filled.write_text(filled.read_text().replace("</svg>", '<circle r="3" fill="red"/></svg>'))
    Image.new("RGB", (90, 60), "white").save(tree / "in/c.png")
    done = compose(tree / "runs", "--targets", tree / "in", "--device", "cpu", home=tree)
    assert done.returncode == 1
    assert done.stdout.split()[:3] == ["sketch", "SSIM", "distance"]
    assert "mean (2)" in done.stdout
    assert "c.svg" not in done.stdout
    assert "c.svg" in done.stderr
    assert "measured without fills: 1" in done.stderr
    assert "perceptual: builtin" in done.stderr
    assert "clip-rn101" in done.stderr  # what would be better
    assert "Traceback" not in done.stderr


def test_sketches_of_unknown_photographs_fail_one_by_one(tree: Path) -> None:
    done = compose(tree / "other/a.svg", tree / "runs/b/final.svg", *BUILTIN, "--json", home=tree)
    assert done.returncode == 1
    unknown, known, mean = records(done)
    assert "--targets" in unknown["error"]
    assert known["status"] == "ok"
    assert "set" not in known
    assert mean["sketches"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--perceptual", "vgg17"],
        ["--device", "gpu"],
        ["--targets", "nowhere"],
        ["--against", "-"],
        ["--canvas", "4097"],
    ],
)
def test_wrong_usage_ends_before_any_work(tree: Path, arguments: list[str]) -> None:
    done = compose(tree / "runs", "--json", *arguments, home=tree)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert not done.stdout


@pytest.mark.parametrize("against", ["runs", "runs/../runs/a", "runs/b/final.svg"])
def test_sketches_are_not_compared_with_themselves(tree: Path, against: str) -> None:
    done = compose(tree / "runs", "--against", tree / against, *BUILTIN, home=tree)
    assert done.returncode == 2
    assert "is among the sketches and in --against too; give --against other" in done.stderr
    assert not done.stdout


def test_a_run_is_compared_with_a_drawing_on_its_way(tree: Path) -> None:
    write_svg(line(70), tree / "runs/a/step.svg")
    done = compose(tree / "runs", "--against", tree / "runs/a/step.svg", *BUILTIN, "--json",
                   home=tree)  # fmt: skip
    assert done.returncode == 0, done.stderr
    sketches = [record for record in records(done) if "input" in record]
    assert [(Path(record["input"]).name, record["set"]) for record in sketches] == [
        ("final.svg", "sketches"), ("final.svg", "sketches"), ("step.svg", "against"),
    ]  # fmt: skip
    assert any(record.get("measure") == "edge_f1" for record in records(done))
