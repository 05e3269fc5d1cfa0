"""`compose evaluate crop --data NAME:DIR` as a user calls it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from compose.cli.evaluate import app
from compose.core.errors import UsageError

from ..stages.crop_scenes import fcdb

runner = CliRunner()


@pytest.fixture
def gaicd(tmp_path: Path) -> Path:
    """Two photographs of 100 x 60 with three rated crops each, rows first."""
    root = tmp_path / "gaicd"
    (root / "images/test").mkdir(parents=True)
    (root / "annotations").mkdir()
    for name in ("1", "2"):
        Image.new("RGB", (100, 60), "teal").save(root / f"images/test/{name}.jpg")
        lines = ["0 0 60 100 4.5", "0 0 60 50 2.0", "0 0 30 100 1.5", "0 0 9 9 -2"]
        (root / f"annotations/{name}.txt").write_text("\n".join(lines))
    return root


def flms(tmp_path: Path) -> Path:
    root = tmp_path / "flms"
    (root / "image").mkdir(parents=True)
    Image.new("RGB", (100, 60), "teal").save(root / "image/a.png")
    (root / "image_crop.json").write_text(json.dumps({"a.png": [[0, 0, 100, 60]]}))
    return root


def test_one_record_an_engine_the_published_rows_and_the_differences(gaicd: Path) -> None:
    done = runner.invoke(
        app,
        ["crop", "--data", f"gaicd:{gaicd}", "--engine", "full", "--engine", "centre", "--json"],
    )
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    full, centre, difference = rows[0], rows[1], rows[-1]
    assert (full["engine"], full["photographs"], full["published"]) == ("full", 2, "")
    assert (full["hit_best@5@0.90"], full["srcc"]) == (1, pytest.approx(0.866, abs=1e-3))
    # 5 % off every side keep 90 x 54 of 100 x 60, less than .85
    assert centre["hit_best@5@0.85"] == 0
    published = [row for row in rows if row.get("published")]
    assert len(published) == len(rows) - 3
    assert all("acc_1_of_5" not in row for row in published)
    assert difference["iou_best"]["difference"] == pytest.approx(0.19)


def test_several_sets_and_every_figure_in_files(gaicd: Path, tmp_path: Path) -> None:
    table, page = tmp_path / "t.csv", tmp_path / "t.md"
    arguments = ["crop", "--data", f"gaicd:{gaicd}", "--data", f"flms:{flms(tmp_path)}"]
    arguments += ["--engine", "full", "--table", str(table), "--table", str(page)]
    done = runner.invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "* as published, not measured here" in done.stdout
    assert done.stdout.startswith("gaicd test, 2 photographs")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    ours = [row for row in rows if not row["published"]]
    assert [(row["dataset"], row["method"]) for row in ours] == [
        ("gaicd", "full"),
        ("flms", "full"),
    ]
    assert ours[1]["iou_1"] == "1.0"
    assert "| gaicd | test | full |" in page.read_text()
    # they stand now
    again = runner.invoke(app, arguments)
    assert again.exit_code != 0


def test_a_folder_alone_fills_the_table_too(gaicd: Path, tmp_path: Path) -> None:
    data, table = fcdb(tmp_path / "fcdb", 3), tmp_path / "t.csv"
    arguments = ["crop", "--data", str(data), "--engine", "full"]
    done = runner.invoke(app, [*arguments, "--table", str(table), "--data", f"gaicd:{gaicd}"])
    assert done.exit_code == 0, done.output
    first = next(csv.DictReader(table.read_text().splitlines()))
    assert (first["dataset"], first["method"], first["photographs"]) == ("fcdb", "full", "2")
    assert 0 < float(first["iou_1"]) < 1
    refused = runner.invoke(app, [*arguments, "--eps", "0.5"])
    assert isinstance(refused.exception, UsageError)
    assert "--eps" in str(refused.exception)


def test_a_folder_may_be_told_what_it_is(gaicd: Path) -> None:
    done = runner.invoke(
        app,
        ["crop", "--data", str(gaicd), "--dataset", "gaicd", "--engine", "full", "--limit", "1"],
    )
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("gaicd test, 1 photographs")


def test_unknown_sets_are_wrong_usage(tmp_path: Path) -> None:
    done = runner.invoke(app, ["crop", "--data", f"coco:{tmp_path}", "--engine", "full"])
    assert isinstance(done.exception, UsageError)
    assert "fcdb, flms" in str(done.exception)
