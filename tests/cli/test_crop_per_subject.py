"""`compose crop --per-subject` in processes of its own, on drawn pictures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CROPPING = Path(__file__).with_name("cropping.py")  # has the engine `voters`, which is quick


def crop(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, CROPPING, "crop", *arguments, "--per-subject"]
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two pictures of two subjects each, and a folder of masks that has them as label maps."""
    for name, shift in (("a", 0), ("b", 20)):
        rgb = np.full((120, 200, 3), 90, np.uint8)
        labels = np.zeros((120, 200), np.uint8)
        labels[40:90, 10 + shift : 60 + shift] = 1
        labels[30:70, 140:180] = 2
        rgb[labels > 0] = (200, 160, 40)
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(rgb).save(tmp_path / f"in/{name}.png")
        mask = Image.fromarray(labels)
        mask.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0] + [0] * 759)
        mask.save(tmp_path / f"masks/{name}.png")
    return tmp_path


def test_a_batch_is_grouped_by_subject_and_a_bad_file_fails_alone(pictures: Path) -> None:
    (pictures / "in/c.png").write_bytes(b"no picture")
    arguments = [pictures / "in", "--engine", "voters", "--subject", pictures / "masks"]
    arguments += ["--out", pictures / "out", "--overlay", pictures / "over", "--topk", 2]
    done = crop(*arguments, "--json")
    assert done.returncode == 1, done.stderr
    first, second, bad = [json.loads(line) for line in done.stdout.splitlines()]
    assert bad["status"] == "error"
    assert first["subjects"] == [
        {"subject": 1, "box": [10, 40, 60, 90], "point": [35.0, 65.0], "score": 1.0},
        {"subject": 2, "box": [140, 30, 180, 70], "point": [160.0, 50.0], "score": 1.0},
    ]
    assert second["subjects"][0]["box"] == [30, 40, 80, 90]
    for record in (first, second):
        for found in record["crops"]:
            subject = record["subjects"][found["subject"] - 1]["box"]
            assert found["box"][0] <= subject[0]
            assert found["box"][1] <= subject[1]
            assert found["box"][2] >= subject[2]
            assert found["box"][3] >= subject[3]
            assert Path(found["file"]).name.startswith(f"{Path(record['input']).stem}_s")
            with Image.open(found["file"]) as cut:
                width, height = found["box"][2] - found["box"][0], found["box"][3] - found["box"][1]
                assert cut.size == (width, height)
        assert Path(record["overlay"]["file"]).is_file()
    # all that stands stays, and what was found is not looked for again
    again = crop(*arguments, "--json", "--skip-existing")
    assert again.returncode == 1
    statuses = [json.loads(line)["status"] for line in again.stdout.splitlines()]
    assert statuses == ["skipped", "skipped", "error"]


def test_aspects_and_the_table_for_people(pictures: Path) -> None:
    done = crop(
        pictures / "in/a.png", "--engine", "voters", "--subject", pictures / "masks/a.png",
        "--aspect", "1:1", "--aspect", "4:3", "--topk", 1, "--out", pictures / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (pictures / "out").iterdir()) == [
        "a_s1_1x1_1.png",
        "a_s1_4x3_1.png",
        "a_s2_1x1_1.png",
        "a_s2_4x3_1.png",
    ]
    lines = done.stdout.splitlines()
    assert lines[1].split()[:3] == ["subject", "rank", "box"]
    assert lines[-2].startswith("subject 1  10,40,60,90  around 35,65")
    for name in ("a_s1_1x1_1.png", "a_s2_1x1_1.png"):
        with Image.open(pictures / "out" / name) as cut:
            assert abs(cut.width - cut.height) <= 1


def test_the_plan_names_what_may_be_written(pictures: Path) -> None:
    done = crop(
        pictures / "in/a.png", "--engine", "voters", "--out", pictures / "out", "--topk", 1,
        "--dry-run", "--json",
    )  # fmt: skip
    (record,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(path).name for path in record["outputs"]] == [
        f"a_s{number}_1.png" for number in range(1, 7)
    ]
    assert not (pictures / "out").exists()


def test_the_network_that_ships_finds_what_stands_out(tmp_path: Path) -> None:
    y, x = np.mgrid[0:300, 0:480]
    rgb = np.stack([60 + y * 60 / 300, 90 + x * 40 / 480, 120 + 0 * x], -1)
    for centre, radius, colour in (
        ((130, 160), 70, (220, 60, 40)),
        ((370, 150), 60, (240, 220, 60)),
    ):
        rgb[(x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2] = colour
    Image.fromarray(rgb.astype(np.uint8)).save(tmp_path / "balls.png")
    done = crop(tmp_path / "balls.png", "--engine", "voters", "--json", "--topk", 1)
    assert done.returncode == 0, done.stderr
    (record,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert record["finder"] == "builtin"
    assert 1 <= len(record["subjects"]) <= 6
    for subject in record["subjects"]:
        x1, y1, x2, y2 = subject["box"]
        assert 0 <= x1 < x2 <= 480
        assert 0 <= y1 < y2 <= 300
        assert x1 <= subject["point"][0] <= x2
    assert {found["subject"] for found in record["crops"]} == {
        subject["subject"] for subject in record["subjects"]
    }


def test_a_finder_is_chosen(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(pictures / "home"))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)
    found = crop(pictures / "in", "--engine", "voters", "--json", "--finder", "builtin")
    assert found.returncode == 0, found.stderr
    told = crop(pictures / "in", "--engine", "voters", "--json")
    assert "finder builtin" in told.stderr
    records = [[json.loads(line)["subjects"] for line in done.stdout.splitlines()]
               for done in (found, told)]  # fmt: skip
    assert records[0] == records[1]
    absent = crop(pictures / "in", "--engine", "voters", "--finder", "objects")
    assert absent.returncode == 1
    assert len(absent.stderr.splitlines()) == 1
    assert "compose models pull mobile-sam" in absent.stderr
    masks = ["--subject", pictures / "masks", "--finder", "builtin"]
    unused = crop(pictures / "in", "--engine", "voters", *masks)
    assert unused.returncode == 2
    assert "--finder has no effect" in unused.stderr
