"""`compose crop` in processes of its own, on drawn pictures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

CROPPING = Path(__file__).with_name("cropping.py")


def draw(path, width, height, seed=0, **options):
    y, x = np.mgrid[0:height, 0:width]
    tone = 40 * np.random.default_rng(seed).random(3)
    rgb = np.stack([x * 200 / width, y * 200 / height, 0 * x + 90], -1) + tone
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb.astype(np.uint8)).save(path, **options)
    return path


def files(folder):
    return {
        os.fspath(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def records(stdout):
    return [json.loads(line) for line in stdout.splitlines()]


def size_of(path):
    with Image.open(path) as image:
        return image.size


@pytest.fixture
def start(tmp_path):
    def popen(*arguments: Any, engine: str | None = "voters", **options: Any) -> Any:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")}
        chosen = ["--engine", engine] if engine else []
        command = [sys.executable, "-W", "error", CROPPING, "crop", *arguments, *chosen]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=tmp_path, env=clean, **(pipes | options))

    return popen


@pytest.fixture
def crop(start):
    def run(*arguments: Any, input: bytes = b"", **options: Any) -> Any:
        process = start(*arguments, **options)
        stdout, stderr = process.communicate(input, timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    return run


@pytest.fixture
def photos(tmp_path):
    """`in` with three good pictures, one of them in a folder, and two that fail."""
    draw(tmp_path / "in" / "a.jpg", 120, 80, 1)
    draw(tmp_path / "in" / "b.png", 70, 110, 2)
    draw(tmp_path / "in" / "sub" / "c.webp", 90, 90, 3)
    (tmp_path / "in" / "empty.jpg").write_bytes(b"")
    whole = (tmp_path / "in" / "a.jpg").read_bytes()
    (tmp_path / "in" / "half.jpg").write_bytes(whole[: len(whole) // 2])
    return tmp_path / "in"


def test_it_prints_a_table_and_writes_nothing(crop, photos, tmp_path):
    before = files(tmp_path)
    done = crop("in/a.jpg", "in/b.png", "--topk", "2")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0
    assert lines[0] == "in/a.jpg (120x80)"
    assert lines[1].split() == ["rank", "box", "score", "aspect"]
    assert [line.split()[0] for line in lines[2:4]] == ["1", "2"]
    assert lines[4:6] == ["", "in/b.png (70x110)"]
    assert files(tmp_path) == before


def test_records_and_failures(crop, photos):
    done = crop("in", "--json", "--topk", "3")
    assert done.returncode == 1
    found = records(done.stdout)
    assert [(record["input"], record["status"]) for record in found] == [
        ("in/a.jpg", "ok"),
        ("in/b.png", "ok"),
        ("in/empty.jpg", "error"),
        ("in/half.jpg", "error"),
        ("in/sub/c.webp", "ok"),
    ]
    first = found[0]
    assert list(first) == ["input", "status", "width", "height", "engine", "crops", "seconds"]
    assert (first["width"], first["height"], first["engine"]) == (120, 80, "voters")
    for crop_ in first["crops"]:
        assert list(crop_) == ["rank", "box", "score", "aspect"]
        x1, y1, x2, y2 = crop_["box"]
        assert 0 <= x1 < x2 <= 120
        assert 0 <= y1 < y2 <= 80
    for record in found[2:4]:
        assert list(record) == ["input", "status", "error"]
        assert record["error"].endswith(".")
    assert b"Traceback" not in done.stderr


def test_outputs_mirror_the_inputs_and_failures_leave_none(crop, photos, tmp_path):
    done = crop(
        "in", "--out", "o", "--overlay", "v", "--topk", "2", "--report", "p/page.html", "--json"
    )
    assert done.returncode == 1
    assert list(files(tmp_path / "o")) == [
        "a_1.jpg", "a_2.jpg", "b_1.png", "b_2.png", "sub/c_1.webp", "sub/c_2.webp"
    ]  # fmt: skip
    assert list(files(tmp_path / "v")) == [
        "a_overlay.jpg", "b_overlay.png", "sub/c_webp_overlay.png"
    ]  # fmt: skip
    assert list(files(tmp_path / "p")) == ["page.html"]
    for record in records(done.stdout):
        for found in record.get("crops", ()):
            x1, y1, x2, y2 = found["box"]
            assert size_of(tmp_path / found["file"]) == (x2 - x1, y2 - y1)
    assert size_of(tmp_path / "v" / "a_overlay.jpg") == (120, 80)
    page = (tmp_path / "p" / "page.html").read_text("utf-8")
    assert page.count("<img") == 3 * 3
    for text in ("in/empty.jpg", "in/half.jpg", "3 pictures · 2 failed"):
        assert text in page


def test_quiet_prints_what_was_written(crop, photos):
    done = crop("in/a.jpg", "--out", "o", "--overlay", "v", "--topk", "2", "--quiet")
    assert done.stdout.decode().split() == ["o/a_1.jpg", "o/a_2.jpg", "v/a_overlay.jpg"]


def test_same_seed_same_bytes(crop, photos, tmp_path):
    for name in ("x", "y"):
        arguments = ("--out", name, "--overlay", name, "--report", f"{name}/p.html", "--seed", "7")
        crop("in/a.jpg", "in/sub", *arguments)
    assert len(files(tmp_path / "x")) == 2 * 4 + 1
    assert files(tmp_path / "x") == files(tmp_path / "y")
    once, twice = (records(crop("in/a.jpg", "--json").stdout)[0] for _ in range(2))
    assert {**once, "seconds": 0} == {**twice, "seconds": 0}


def test_several_aspects(crop, photos, tmp_path):
    arguments = ("in/a.jpg", "--aspect", "16:9", "--aspect", "4:5", "--topk", "2")
    record = records(crop(*arguments, "--out", "o", "--json").stdout)[0]
    assert [(c["rank"], c["aspect"]) for c in record["crops"]] == [
        (1, "16:9"),
        (2, "16:9"),
        (1, "4:5"),
        (2, "4:5"),
    ]
    assert list(files(tmp_path / "o")) == [
        "a_16x9_1.jpg",
        "a_16x9_2.jpg",
        "a_4x5_1.jpg",
        "a_4x5_2.jpg",
    ]


def test_size_needs_upscale_for_small_pictures(crop, photos, tmp_path):
    arguments = ("in/a.jpg", "in/b.png", "--size", "75x60", "--out", "o", "--topk", "1", "--json")
    done = crop(*arguments)
    large, small = records(done.stdout)
    assert done.returncode == 1
    assert "too small for crops of 75x60" in small["error"]
    assert "--upscale" in small["error"]
    x1, y1, x2, y2 = large["crops"][0]["box"]
    assert x2 - x1 >= 75
    assert y2 - y1 >= 60
    assert crop(*arguments, "--upscale", "--overwrite").returncode == 0
    assert {size_of(path) for path in (tmp_path / "o").iterdir()} == {(75, 60)}


def test_keep_subject_and_least_area(crop, photos, tmp_path):
    mask = np.zeros((80, 120), np.uint8)
    mask[70:78, 100:118] = 255
    (tmp_path / "masks").mkdir()
    Image.fromarray(mask).save(tmp_path / "masks" / "a.png")
    arguments = ("in/a.jpg", "in/b.png", "--subject", "masks", "--keep", "2,3,9,9", "--json")
    done = crop(*arguments, "--min-area", "0.3")
    first, second = records(done.stdout)
    assert "holds no mask" in second["error"]
    for found in first["crops"]:
        x1, y1, x2, y2 = found["box"]
        assert (x1 <= 2, y1 <= 3, x2 >= 118, y2 >= 78) == (True,) * 4
    wide = records(crop("in/a.jpg", "--min-area", "0.7", "--json").stdout)[0]
    for x1, y1, x2, y2 in (found["box"] for found in wide["crops"]):
        assert (x2 - x1) * (y2 - y1) >= 0.7 * 120 * 80 - 0.5


def test_crop_hints_is_one_annotation_a_line(crop, photos):
    done = crop("in/a.jpg", "in/empty.jpg", "--format", "crop-hints", "--topk", "2")
    good, bad = records(done.stdout)
    assert list(good) == ["cropHintsAnnotation"]
    hints = good["cropHintsAnnotation"]["cropHints"]
    assert len(hints) == 2
    for hint in hints:
        assert set(hint) == {"boundingPoly", "confidence", "importanceFraction"}
        assert [set(v) for v in hint["boundingPoly"]["vertices"]] == [{"x", "y"}] * 4
    assert list(bad) == ["error"]
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--aspect", "wide"], "'wide' is no aspect"),
        (["--size", "5"], "'5' is no size"),
        (["--size", "5x5", "--aspect", "1:1"], "leave the aspects out"),
        (["--upscale"], "needs a size"),
        (["--keep", "1,2,3"], "is not a box"),
        (["--subject", "gone.png"], "does not exist"),
        (["--min-area", "2"], "min-area"),
        (["--aspect", "1:1", "--aspect", "1:1"], "asked for twice"),
        (["--format", "crop-hints", "--quiet"], "exclude each other"),
        (["--format", "xml"], "format"),
    ],
)
def test_wrong_usage_is_one_sentence(crop, photos, arguments, sentence):
    done = crop("in/a.jpg", *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert sentence in done.stderr.decode()
    assert done.stderr.startswith(b"error: ")
    assert done.stderr.count(b"\n") == 1


def test_an_unknown_engine_is_refused_even_in_a_dry_run(crop, photos):
    done = crop("in/a.jpg", "--dry-run", engine="best")
    assert done.returncode == 2
    assert b"'best' is no crop engine; use auto, builtin, rank, full, centre" in done.stderr


def test_dry_run_plans_every_file_and_writes_none(crop, photos, tmp_path):
    before = files(tmp_path)
    arguments = ("--out", "o", "--overlay", "v", "--report", "p.html", "--topk", "2")
    done = crop("in/a.jpg", *arguments, "--dry-run", "--json")
    assert records(done.stdout) == [
        {
            "input": "in/a.jpg",
            "status": "planned",
            "outputs": ["o/a_1.jpg", "o/a_2.jpg", "v/a_overlay.jpg"],
        }
    ]
    assert files(tmp_path) == before


def test_clashes_are_refused_before_work(crop, photos, tmp_path):
    draw(tmp_path / "other" / "a.jpg", 40, 30)
    before = files(tmp_path)
    clash = crop("in/a.jpg", "other/a.jpg", "--out", "o")
    assert clash.returncode == 2
    assert b"would both write" in clash.stderr
    draw(tmp_path / "in" / "a_3.jpg", 40, 30)
    onto = crop("in", "--out", "in")
    assert onto.returncode == 2
    assert b"a_3.jpg is an input and would be replaced" in onto.stderr
    (tmp_path / "in" / "a_3.jpg").unlink()
    assert files(tmp_path) == before


def test_existing_outputs_are_refused_skipped_or_replaced(crop, photos, tmp_path):
    arguments = ("in/a.jpg", "--out", "o", "--overlay", "v", "--report", "p.html")
    assert crop(*arguments, engine="full").returncode == 0  # one crop, fewer than planned
    before = files(tmp_path)
    assert list(files(tmp_path / "o")) == ["a_1.jpg"]
    refused = crop(*arguments, engine="full")
    assert refused.returncode == 2
    assert b"add --skip-existing or --overwrite" in refused.stderr
    skipped = crop(*arguments, "--skip-existing", "--json", engine="full")
    assert skipped.returncode == 0
    assert records(skipped.stdout) == [
        {"input": "in/a.jpg", "status": "skipped", "outputs": ["o/a_1.jpg", "v/a_overlay.jpg"]}
    ]
    assert files(tmp_path) == before
    assert crop(*arguments, "--overwrite", engine="centre").returncode == 0
    changed = files(tmp_path)
    assert changed.keys() == before.keys()
    assert changed["o/a_1.jpg"] != before["o/a_1.jpg"]


def test_a_page_names_what_was_skipped(crop, photos, tmp_path):
    crop("in/a.jpg", "--out", "o", "--report", "p.html")
    done = crop("in/a.jpg", "in/b.png", "--out", "o", "--report", "p.html", "--skip-existing")
    assert done.returncode == 0
    page = (tmp_path / "p.html").read_text("utf-8")
    assert "1 picture · 1 skipped" in page


def test_paths_on_stdin_and_a_reader_that_leaves(start, crop, photos):
    done = crop("-", "--null", "--json", input=b"in/a.jpg\0in/b.png\0")
    assert [record["input"] for record in records(done.stdout)] == ["in/a.jpg", "in/b.png"]
    many = start("in", "--json", "--jobs", "1")
    assert many.stdout.readline()
    many.stdout.close()
    stderr = many.stderr.read()
    many.stdin.close()
    many.stderr.close()
    assert many.wait(60) == 1
    assert b"Traceback" not in stderr
    assert b"Broken" not in stderr


def test_jobs_change_nothing(crop, photos, tmp_path):
    for jobs in ("1", "3"):
        crop("in", "--out", f"o{jobs}", "--overlay", f"o{jobs}", "--jobs", jobs)
    assert files(tmp_path / "o1") == files(tmp_path / "o3")


def test_killed_at_any_time_the_same_command_finishes(start, crop, tmp_path):
    for number in range(14):
        draw(tmp_path / "in" / f"{number:02}.jpg", 500, 380, number, quality=92)
    arguments = ("--overlay", "o/drawn", "--report", "o/page.html", "--json", "--topk", "3")
    assert crop("in", "--out", "o", *arguments).returncode == 0
    whole = files(tmp_path / "o")
    assert len(whole) == 14 * 4 + 1
    for after in (1, 5, 12):
        for path in sorted((tmp_path / "o").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        process = start("in", "--out", "o", *arguments)
        for _ in range(after):
            process.stdout.readline()
        process.kill()
        process.communicate()
        left = files(tmp_path / "o")
        finished = {name: data for name, data in left.items() if not name.endswith("-part")}
        assert finished.items() <= whole.items()
        assert len(finished) < len(whole)
        assert crop("in", "--out", "o", *arguments, "--skip-existing").returncode == 0
        assert files(tmp_path / "o") == whole


def test_an_interrupted_run_leaves_no_page(start, crop, tmp_path):
    for number in range(12):
        draw(tmp_path / "in" / f"{number:02}.jpg", 500, 380, number)
    process = start("in", "--report", "page.html", "--json", "--jobs", "1")
    process.stdout.readline()
    process.terminate()
    process.communicate()
    assert process.returncode == 130
    assert sorted(os.listdir(tmp_path)) == ["in"]


def test_help_imports_nothing_heavy(tmp_path):
    code = (
        "import sys\nfrom compose.cli.main import COMMANDS, run\n"
        "code = run(COMMANDS, ['crop', '--help'])\n"
        "heavy = {'numpy', 'PIL', 'torch', 'onnxruntime', 'cv2', 'rich'} & set(sys.modules)\n"
        "assert code == 0 and not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert b"--topk" in done.stdout
