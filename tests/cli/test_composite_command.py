"""`compose composite` as a user calls it, on drawn scenes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from compose.cli.main import COMMANDS, make_app
from compose.cli.main import run as run_command
from compose.core.deep import Deep, encode_png
from compose.models.crop_builtin import weights_folder

from ..stages.composite_scenes import BLUE, HEIGHT, RED, WIDTH, block, ground, write_pair
from .processes import files

PAIR = "--object red.png --at 40,60,80,110 --object blue.png --at 60,100,110,130"


@pytest.fixture
def work(tmp_path, monkeypatch):
    write_pair(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def compose(work, capsys):
    """Run a command line, and give its exit code, lines of stdout, and stderr."""

    def call(line):
        capsys.readouterr()
        code = run_command(COMMANDS, ["composite", *line.split()])
        out, err = capsys.readouterr()
        return code, out.splitlines(), err

    return call


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def layout(count, folder=""):
    """JSON lines of so many composites."""
    rows = [
        {
            "background": "ground.png",
            "objects": [{"image": "red.png", "at": [5 + k, 60, 45 + k, 110]},
                        {"image": "blue.png", "at": [30 + k, 90, 80 + k, 130]}],
            "out": f"{folder}{k:03d}.png",
        }
        for k in range(count)
    ]  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in rows)


def sample_folder(folder):
    folder.mkdir(parents=True)
    Image.fromarray(ground()).save(folder / "image.jpg", quality=95)
    for k, (colour, box) in enumerate([(RED, (40, 60, 80, 110)), (BLUE, (60, 100, 110, 130))]):
        on_white = Image.new("RGB", (60, 50), (255, 255, 255))
        on_white.paste(Image.new("RGB", (40, 30), colour), (10, 10))
        on_white.save(folder / f"object_{k}.png")
        mask = np.zeros((HEIGHT, WIDTH), bool)
        mask[box[1] : box[3], box[0] : box[2]] = True
        Image.fromarray(mask).save(folder / f"object_{k}_mask.png")
    return folder


def test_two_objects_and_what_the_record_says(compose, work):
    code, lines, err = compose(f"ground.png {PAIR} -o out/a.png --json")
    assert code == 0
    assert err == "engine blend\n"
    (record,) = map(json.loads, lines)
    assert record["status"] == "ok"
    assert record["order"] == [1, 0]
    assert (record["engine"], record["harmonize"]) == ("blend", "learned")
    assert record["outside_difference"] == 0
    (written,) = record["files"]
    assert written["file"] == "out/a.png"
    assert written["outside_difference_in_file"] == 0
    assert [each["box"] for each in record["objects"]] == [[40, 60, 80, 110], [60, 100, 110, 130]]
    assert [each["cut"] for each in record["objects"]] == ["alpha", "alpha"]
    x1, y1, x2, y2 = record["zone"]
    made = pixels("out/a.png")
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[y1:y2, x1:x2] = False
    assert (made[outside] == ground()[outside]).all()
    assert (made[~outside] != ground()[~outside]).any()


def test_order_wins_over_the_guess_and_swapping_with_it_changes_nothing(compose):
    swapped = "--object blue.png --at 60,100,110,130 --object red.png --at 40,60,80,110"
    compose(f"ground.png {PAIR} -o auto.png")
    compose(f"ground.png {PAIR} --order 0,1 -o one.png")
    compose(f"ground.png {swapped} --order 1,0 -o two.png")
    auto, one, two = (pixels(f"{name}.png") for name in ("auto", "one", "two"))
    assert (one == two).all()
    assert one[105, 70, 0] > one[105, 70, 2]
    assert auto[105, 70, 2] > auto[105, 70, 0]


def test_a_mask_says_where_and_another_what(compose, work):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[60:110, 40:80] = True
    Image.fromarray(mask).save("where.png")
    rgb = np.zeros((60, 60, 3), np.uint8)
    rgb[10:50, 10:50] = BLUE
    Image.fromarray(rgb).save("photo.jpg")
    what = np.zeros((60, 60), bool)
    what[10:50, 10:50] = True
    Image.fromarray(what).save("what.png")
    line = "ground.png --object photo.jpg --at where.png --object-mask what.png -o a.png --json"
    code, lines, _ = compose(line)
    assert code == 0
    told = json.loads(lines[0])["objects"][0]
    assert (told["cut"], told["at"], told["box"]) == ("mask", [40, 60, 80, 110], [40, 70, 80, 110])


def test_samples_of_pics(compose, work):
    sample_folder(work / "in" / "desk")
    (work / "in" / "bad").mkdir()
    (work / "in" / "bad" / "image.jpg").touch()
    code, lines, err = compose("--input in -o out --json")
    assert code == 1
    bad, good = map(json.loads, lines)
    assert "lacks object_0.png and object_0_mask.png" in bad["error"]
    assert good["files"][0]["file"] == "out/composed/composed_desk.png"
    assert [each["cut"] for each in good["objects"]] == ["white", "white"]
    assert pixels("out/composed/composed_desk.png").shape == (HEIGHT, WIDTH, 3)
    assert "1 of 2 inputs failed" in err


def test_engine_pics_paints_its_boxes_and_nothing_else(compose, work):
    from compose.models.pics_load import save_pics

    from ..stages.composite_cases import MINI, mini_model

    save_pics(mini_model().net.state_dict(), MINI, work / "pics.safetensors")
    line = f"ground.png {PAIR} --engine pics --checkpoint pics=pics.safetensors --json"
    assert compose(f"{line} -o a.png")[0] == 0
    code, lines, _ = compose(f"{line} -o b.png")
    assert code == 0
    record = json.loads(lines[0])
    assert record["engine"] == "pics"
    assert (work / "a.png").read_bytes() == (work / "b.png").read_bytes()
    changed = (pixels("a.png") != pixels("ground.png")).any(-1)
    assert changed[60:130, 40:110].any()
    far = np.ones(changed.shape, bool)
    far[50:140, 30:120] = False
    assert not changed[far].any()


def test_layouts_in_a_file_and_on_standard_input(compose, work):
    (work / "l.jsonl").write_text(layout(2, "deep/") + '{"background": "ground.png"}\n')
    code, lines, _ = compose("--layout l.jsonl -o out --quiet")
    assert code == 1
    assert lines == ["out/deep/000.png", "out/deep/001.png"]
    result = CliRunner().invoke(
        make_app(COMMANDS), ["composite", "--layout", "-", "-o", "piped"], input=layout(2, "deep/")
    )
    assert result.exit_code == 0
    assert (work / "piped/deep/001.png").read_bytes() == (work / "out/deep/001.png").read_bytes()


def test_samples_provenance_and_report(compose, work):
    line = f"ground.png {PAIR} -o a.png --samples 2 --provenance --report r.html --json --seed 4"
    code, lines, _ = compose(line)
    assert code == 0
    record = json.loads(lines[0])
    assert [each["file"] for each in record["files"]] == ["a_1.png", "a_2.png"]
    assert (work / "a_1.png").read_bytes() != (work / "a_2.png").read_bytes()
    beside = json.loads((work / "a_2.png.json").read_text())
    assert (beside["sample"], beside["seed"], beside["order"]) == (2, 4, [1, 0])
    assert [each["path"] for each in beside["sources"]] == ["ground.png", "red.png", "blue.png"]
    assert all(len(each["sha256"]) == 64 for each in beside["sources"])
    with Image.open("a_2.png") as image:
        assert json.loads(image.text["compose"]) == beside
    page = (work / "r.html").read_text()
    assert page.count("<figure") == 3


def test_provenance_names_networks_of_one_s_own(compose, work, monkeypatch):
    line = f"ground.png {PAIR} -o a.png --provenance --overwrite"
    assert compose(line)[0] == 0
    assert "trained" not in json.loads((work / "a.png.json").read_text())
    own = work / "own"
    own.mkdir()
    file = Path(shutil.copy(weights_folder() / "harmony.onnx", own))
    monkeypatch.setenv("COMPOSE_TRAINED", str(own))
    assert compose(line)[0] == 0
    trained = json.loads((work / "a.png.json").read_text())["trained"]
    assert trained == {"harmony.onnx": hashlib.sha256(file.read_bytes()).hexdigest()}


def test_a_jpeg_says_what_its_file_lost(compose):
    Image.fromarray(ground()).save("ground.jpg", quality=80)
    code, lines, _ = compose(f"ground.jpg {PAIR} -o a.jpg --json")
    assert code == 0
    record = json.loads(lines[0])
    assert record["outside_difference"] == 0
    assert record["files"][0]["outside_difference_in_file"] > 0
    with Image.open("ground.jpg") as one, Image.open("a.jpg") as two:
        assert one.quantization == two.quantization


@pytest.mark.parametrize(
    ("line", "code", "sentence"),
    [
        ("ground.png -o a.png", 2, "there is no object"),
        ("-o a.png", 2, "exactly one of"),
        ("ground.png --input . -o a.png", 2, "exactly one of"),
        ("ground.png --object red.png -o a.png", 2, "one place an object"),
        ("ground.png --object red.png --at 1,2,3,4 -o a.tga", 2, "no suffix"),
        ("ground.png --object red.png --at 9,2,3,4 -o a.png", 2, "no extent"),
        (f"ground.png {PAIR} --object-mask a.png -o a.png", 2, "one an object"),
        (f"ground.png {PAIR} --order 0 -o a.png", 2, "each of 0,1 once"),
        (f"ground.png {PAIR} --order x -o a.png", 2, "each of 0,1 once"),
        (f"ground.png {PAIR} --engine paste -o a.png", 2, "no engine"),
        (f"ground.png {PAIR} -o ground.png --overwrite", 2, "would be replaced"),
        (f"ground.png {PAIR} -o red.png --overwrite", 2, "would be replaced"),
        ("--layout none.json -o out", 2, "cannot read the layout"),
        ("--input nowhere -o out", 2, "cannot read nowhere"),
        (f"ground.png {PAIR} --engine pics -o a.png", 1, "checkpoint pics"),
        ("none.png --object red.png --at 1,2,9,9 -o a.png", 1, "does not exist"),
        ("ground.png --object none.png --at 1,2,9,9 -o a.png", 1, "does not exist"),
        ("ground.png --object red.png --at 1,2,900,9 -o a.png", 1, "within the background"),
        ("ground.png --object red.png --at none.png -o a.png", 1, "does not exist"),
        ("ground.png --object red.png --at red.png -o a.png", 1, "the mask red.png is 48x58"),
        (
            "ground.png --object red.png --object-mask ground.png --at 1,2,9,9 -o a.png",
            1,
            "the mask ground.png is 200x150",
        ),
    ],
)
def test_what_a_user_can_do_wrong_is_one_sentence(compose, work, line, code, sentence):
    before = files(work)
    found, lines, err = compose(line)
    assert found == code
    assert lines == []
    wrong = [text for text in err.splitlines() if sentence in text]
    assert len(wrong) == 1
    assert wrong[0].endswith(".")
    assert files(work) == before


def test_existing_files_dry_runs_and_the_configuration(compose, work):
    code, lines, _ = compose(f"ground.png {PAIR} -o a.png --dry-run --samples 2 --provenance")
    assert code == 0
    assert "a_1.png, a_2.png, a_1.png.json, a_2.png.json" in lines[0]
    assert not list(work.glob("a_*"))
    (work / "c.toml").write_text('[composite]\nharmonize = "none"\nshadow = false\n')
    code, lines, _ = compose(f"ground.png {PAIR} -o a.png --config c.toml --json")
    record = json.loads(lines[0])
    assert record["harmonize"] == "none"
    assert not any(each["shadow"] for each in record["objects"])
    assert compose(f"ground.png {PAIR} -o a.png")[0] == 2
    assert compose(f"ground.png {PAIR} -o a.png --skip-existing --json")[1][0].count("skipped") == 1
    assert compose(f"ground.png {PAIR} -o a.png --overwrite")[0] == 0


def test_jobs_change_nothing(compose, work):
    (work / "l.jsonl").write_text(layout(4))
    compose("--layout l.jsonl -o one --jobs 1")
    compose("--layout l.jsonl -o two --jobs 3")
    assert files(work / "one") == files(work / "two")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_batch_goes_on_after_kill_9(compose, work):
    (work / "l.jsonl").write_text(layout(30))
    compose("--layout l.jsonl -o whole")
    command = [sys.executable, "-m", "compose.cli", "composite", "--layout", "l.jsonl", "-o", "out"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while len(list(work.glob("out/*.png"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    standing = files(work / "out")
    assert 0 < sum(not name.startswith(".") for name in standing) < 30
    code, lines, _ = compose("--layout l.jsonl -o out --skip-existing --json")
    assert code == 0
    statuses = [json.loads(line)["status"] for line in lines]
    assert statuses.count("skipped") >= 3
    assert files(work / "out") == files(work / "whole")


def test_the_specs_of_python_are_those_of_the_command(work):
    from compose.stages.composite import Outputs, composite_into, load_scene
    from compose.stages.composite_config import CompositeConfig
    from compose.stages.composite_engines import open_engine

    spec = replace(write_pair(Path("x")), order=(0, 1))
    config = CompositeConfig()
    loaded = load_scene(spec, config)
    record, made = composite_into(Outputs([Path("y.png")]), loaded, open_engine(), config)
    assert (pixels("y.png") == made[0].rgb).all()
    assert record["order"] == [0, 1]


def test_transparency_of_the_background_is_kept(compose, work):
    alpha = np.full((HEIGHT, WIDTH), 255, np.uint8)
    alpha[:, :30] = 0
    rgba = np.dstack([ground(), alpha])
    Image.fromarray(rgba).save("clear.png")
    Image.fromarray(block(40, 50, RED)).save("red.png")
    assert compose("clear.png --object red.png --at 20,60,60,110 -o a.png --no-shadow")[0] == 0
    made = pixels("a.png")
    assert made.shape[2] == 4
    assert (made[:50, :20, 3] == 0).all()
    assert (made[80:100, 24:30, 3] == 255).all()


def test_what_is_lost_of_a_background_of_16_bits_is_said(compose, work):
    deep = Deep(ground().astype(np.uint16) * 257, "RGB")
    Path("deep.png").write_bytes(encode_png(deep, None, None, b""))
    code, lines, err = compose(f"deep.png {PAIR} -o a.png --json")
    assert code == 0
    assert json.loads(lines[0])["background_bits"] == 16
    assert "deep.png has 16 bits a channel, composites have 8" in err
