"""`compose evaluate segment-inpaint` as a user calls it, on drawn pictures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.data.occlusion import SETTINGS, Scene, SceneNotes, write_json, write_scene

HEIGHT, WIDTH = 120, 180


def evaluate(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compose.cli", "evaluate", "segment-inpaint"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")}
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def disc(x: int, y: int, radius: int) -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


def drawn(*discs: tuple[np.ndarray, tuple[int, int, int]]) -> np.ndarray:
    """Discs on a faint gradient, the last in front."""
    rgb = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    rgb += np.arange(HEIGHT, dtype=np.uint8)[:, None, None] // 4
    for mask, colour in discs:
        rgb[mask] = colour
    return rgb


@pytest.fixture(scope="module")
def voc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("voc")
    for folder in ("JPEGImages", "SegmentationClass"):
        (root / folder).mkdir()
    for name, x in (("a", 60), ("b", 110)):
        mask = disc(x, 60, 30)
        rgb = drawn((mask, (200, 30, 30)))
        Image.fromarray(rgb).save(root / "JPEGImages" / f"{name}.jpg", quality=95)
        classes = np.where(mask, 12, 0).astype(np.uint8)
        Image.fromarray(classes).save(root / "SegmentationClass" / f"{name}.png")
    (root / "val.txt").write_text("a b")
    return root


@pytest.fixture(scope="module")
def occlusions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("occlusions")
    for number, x in enumerate((100, 95)):
        hidden, front = disc(70, 60, 28), disc(x, 66, 26)
        original = drawn((hidden, (200, 30, 30)))
        image = drawn((hidden, (200, 30, 30)), (front, (30, 40, 160)))
        share = float((hidden & front).sum() / hidden.sum())
        notes = SceneNotes(f"{number:05d}", f"photo{number}", "dog", 1, "other", "cat", 1.0, share)
        objects = hidden.astype(np.uint8)
        write_scene(root, Scene(notes, image, original, hidden, front, objects))
    write_json(root / SETTINGS, {"version": 1, "count": 2, "least": 0.2, "most": 0.8})
    return root


def test_mean_iou_by_rule_and_iterations(voc: Path) -> None:
    done = evaluate("--data", voc, "--iterations", 2, "--inpainter", "opencv", "--inpainter",
                    "ns", "--segmenter", "salient", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    *rows, costs = map(json.loads, done.stdout.splitlines())
    # one engine under two names is measured once; 1 is always measured
    assert [(row["merge"], row["iterations"]) for row in rows] == [
        (merge, count) for count in (1, 2) for merge in ("first-wins", "last-wins", "strict-and")
    ]
    assert len({row["miou"]["value"] for row in rows[:3]}) == 1
    for row in rows:
        assert (row["dataset"], row["split"], row["pictures"]) == ("voc", "val", 2)
        assert (row["segmenter"], row["inpainter"]) == ("salient", "ns")
        assert row["classes"]["cow"] is None
        assert 0 <= row["miou"]["low"] <= row["miou"]["value"] <= row["miou"]["high"] <= 1
    gain = rows[5]["miou"]["value"] - rows[2]["miou"]["value"]
    assert rows[5]["gain"]["difference"] == pytest.approx(gain)
    assert costs["seconds"] >= 2 * costs["seconds_by_iteration"][0] > 0
    assert costs["peak_memory"] is None or costs["peak_memory"] > 50_000_000


def test_figures_of_hidden_objects(occlusions: Path) -> None:
    done = evaluate("--data", occlusions, "--dataset", "occlusion", "--iterations", "1,2",
                    "--inpainter", "opencv", "--given-occluder", "--segmenter", "salient",
                    "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    *rows, costs = map(json.loads, done.stdout.splitlines())
    one, two = rows[:2]
    assert (one["iterations"], one["scenes"], one["given_occluder"]) == (1, 2, True)
    # at first there is nothing but the occluder, which is no false find
    assert one["amodal"]["value"] == one["recall"]["value"] == one["false"]["value"] == 0
    assert one["object_psnr"] == {"value": None, "low": None, "high": None}
    assert two["gain"]["amodal"]["difference"] == two["amodal"]["value"]
    assert two["behind_psnr"]["value"] > 15
    assert {tuple(row["hidden"]) for row in rows} <= {(0, 1), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8)}
    assert len(costs["seconds_by_iteration"]) == 2


def test_tables_for_people(occlusions: Path) -> None:
    done = evaluate("--data", occlusions, "--dataset", "occlusion", "--iterations", "1",
                    "--inpainter", "opencv", "--limit", "1")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 scenes\ninpainter  iterations  figure")
    assert "peak memory" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--iterations", "0,2"), 2, "no list of numbers"),
        (("--iterations", "many"), 2, "no list of numbers"),
        (("--merge", "none"), 2, "--merge"),
        (("--inpainter", "none"), 2, "fills no holes"),
        (("--segmenter", "none"), 2, "'none'"),
        (("--split", "train"), 1, "no list train.txt"),
        (("--dataset", "occlusion"), 1, "no occlusion.json"),
    ],
)
def test_failures_are_one_sentence(
    voc: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = evaluate("--data", voc, *arguments)
    assert done.returncode == code
    assert says in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not done.stdout
