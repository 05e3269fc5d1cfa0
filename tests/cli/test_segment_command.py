"""`compose segment-inpaint` as a user calls it, on drawn scenes and with engines that know them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.cli.main import COMMANDS
from compose.cli.main import run as run_command

from ..stages.segment_scenes import (
    BLUE,
    GOLD,
    HEIGHT,
    RED,
    WIDTH,
    ByColour,
    Plain,
    Reveal,
    draw,
    write_scene,
)
from .processes import files

PROGRAM = Path(__file__).with_name("segmenting.py")


@pytest.fixture
def engines(monkeypatch):
    """What opens engines, and with what they were opened."""
    opened = []

    def segmenter(name, options):
        opened.append((name, options))
        return ByColour((RED, BLUE, GOLD))

    def inpainter(name, **options):
        opened.append((name, options))
        return Plain()

    monkeypatch.setattr("compose.models.segmenters.open_segmenter", segmenter)
    monkeypatch.setattr("compose.models.segmenters.open_prompt_segmenter", segmenter)
    monkeypatch.setattr("compose.models.inpainters.open_inpainter", inpainter)
    return opened


@pytest.fixture
def segment(tmp_path, monkeypatch, engines, capfdbinary):
    """Run the command in the test's folder; gives the exit code, stdout's lines and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))

    def call(*arguments, out="out"):
        given = ["segment-inpaint", *map(str, arguments), *(["--out", str(out)] if out else [])]
        code = run_command(COMMANDS, given)
        stdout, err = capfdbinary.readouterr()
        assert b"Traceback" not in err
        return code, stdout.decode().splitlines(), err.decode()

    return call


@pytest.fixture
def photos(tmp_path):
    """`in` with two scenes, one in a folder."""
    write_scene(tmp_path / "in" / "a.png", (RED, BLUE))
    write_scene(tmp_path / "in" / "sub" / "b.png", (GOLD,))
    return tmp_path / "in"


def drawn(folder):
    """The bytes of all that does not tell the time."""
    return {name: data for name, data in files(folder).items() if not name.endswith("stack.json")}


def record_of(folder):
    return json.loads((folder / "stack.json").read_text())


def test_a_folder_of_pictures(photos, segment, tmp_path, engines):
    code, out, err = segment("in")
    assert code == 0, err
    text = "\n".join(out)
    assert "in/a.png -> out/a" in text
    assert "in/sub/b.png -> out/sub/b" in text
    assert "segmenter colours, inpainter plain" in err
    assert (tmp_path / "out/a/layers/02_object.png").is_file()
    assert len(record_of(tmp_path / "out/sub/b")["objects"]) == 1
    assert len(engines) == 2  # one of each a process


def test_json_holds_one_record_a_picture(photos, segment, tmp_path):
    (photos / "bad.png").write_bytes(b"no picture")
    code, out, err = segment("in", "--json", "--jobs", 2)
    assert code == 1
    records = [json.loads(line) for line in out]
    assert [r["input"] for r in records] == ["in/a.png", "in/bad.png", "in/sub/b.png"]
    assert [r["status"] for r in records] == ["ok", "error", "ok"]
    assert records[1]["error"].endswith(".")
    assert [entry["rank"] for entry in records[0]["objects"]] == [1, 2]
    assert all((tmp_path / entry["file"]).is_file() for entry in records[0]["files"])
    assert "1 of 3 inputs failed" in err
    assert not (tmp_path / "out/bad").exists()


def test_quiet_prints_the_files(photos, segment, tmp_path):
    code, out, err = segment("in/a.png", "--quiet", "--coco", "--ora", "--keep-iterations")
    assert (code, err) == (0, "")
    assert set(out) == {f"out/a/{name}" for name in files(tmp_path / "out/a")}
    assert out[-1] == "out/a/stack.json"
    assert {"out/a/stack.ora", "out/a/coco.json", "out/a/iterations/1_hole.png"} < set(out)


def test_nothing_is_written_over_unasked(photos, segment, tmp_path):
    assert segment("in")[0] == 0
    before = files(tmp_path / "out")
    code, _, err = segment("in")
    assert code == 2
    assert "--skip-existing or --overwrite" in err
    assert files(tmp_path / "out") == before
    code, out, err = segment("in", "--skip-existing", "--json")
    assert code == 0
    assert [json.loads(line)["status"] for line in out] == ["skipped", "skipped"]
    assert files(tmp_path / "out") == before
    code, out, _ = segment("in", "--overwrite", "--json")
    assert [json.loads(line)["status"] for line in out] == ["ok", "ok"]
    assert drawn(tmp_path / "out").keys() == drawn_names(before)


def drawn_names(found):
    return {name for name in found if not name.endswith("stack.json")}


def test_layers_of_a_run_that_ended_early_are_in_nobodys_way(photos, segment, tmp_path):
    assert segment("in")[0] == 0
    whole = drawn(tmp_path / "out")
    (tmp_path / "out/a/stack.json").unlink()
    (tmp_path / "out/a/background.png").unlink()
    code, _, err = segment("in")
    assert code == 2
    assert "exist" in err
    code, out, _ = segment("in", "--skip-existing", "--json")
    assert code == 0
    assert [json.loads(line)["status"] for line in out] == ["ok", "skipped"]
    assert drawn(tmp_path / "out") == whole


def test_a_dry_run_writes_nothing(photos, segment, tmp_path, engines):
    code, out, _ = segment("in", "--dry-run", "--json", "--ora")
    assert code == 0
    records = [json.loads(line) for line in out]
    assert [r["status"] for r in records] == ["planned", "planned"]
    assert "out/a/stack.ora" in records[0]["outputs"]
    assert not (tmp_path / "out").exists()
    assert not engines


def test_two_inputs_of_one_folder_are_refused(segment, tmp_path):
    write_scene(tmp_path / "in/a.png", (RED,))
    write_scene(tmp_path / "in/a.bmp", (RED,))
    code, _, err = segment("in")
    assert code == 2
    assert "both write" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--masks-only", "--background-only"), "exclude each other"),
        (("--masks", "none.png"), "names nothing"),
        (("--segmenter", "file"), "needs --masks"),
        (("--segmenter", "best"), "best"),
        (("--inpainter", "best"), "best"),
        (("--point", "3"), "x,y,0"),
        (("--box", "1,2,3"), "not a box"),
        (("--point", "3,4", "--prompts", "p.json"), "exclude each other"),
        (("--point", "3,4", "--box", "1,2,30,40", "--box", "1,2,9,9"), "--prompts"),
        (("--merge", "best"), "--merge"),
        (("--amg", "points=3"), "points_per_side"),
        (("--amg", "points_per_side=x"), "points_per_side=32"),
        (("--segmenter", "deeplab", "--point", "3,4"), "takes no points"),
        (("--dilate", "2"), "--dilate"),
        (("--device", "tpu"), "tpu"),
        (("--checkpoint", "nonsense"), "NAME=PATH"),
        (("--prompts", "none.json"), "none.json"),
    ],
)
def test_wrong_usage_is_refused(photos, segment, tmp_path, arguments, said):
    code, _, err = segment("in/a.png", *arguments)
    assert code in (1, 2)
    assert said.lower() in err.lower()
    assert not (tmp_path / "out").exists()


def test_without_a_folder_to_write_to_it_says_so(photos, segment):
    code, _, err = segment("in", out=None)
    assert code == 2
    assert "--out" in err


def test_prompts_find_one_object(photos, segment, tmp_path):
    code, out, _ = segment("in/a.png", "--point", "100,40", "--json", "--iterations", 1)
    assert code == 0
    record = json.loads(out[0])
    assert [entry["amodal_area"] for entry in record["objects"]] == [
        int((BLUE.mask() & ~RED.mask()).sum())
    ]
    (tmp_path / "p.json").write_text(json.dumps({"a.png": [{"box": [30, 25, 80, 75]}]}))
    code, out, _ = segment("in", "--prompts", "p.json", "--json", "--iterations", 1, out="other")
    assert code == 1
    records = [json.loads(line) for line in out]
    assert [entry["amodal_area"] for entry in records[0]["objects"]] == [int(RED.mask().sum())]
    assert "no prompts for b.png" in records[1]["error"]


def test_masks_that_are_brought(photos, segment, tmp_path, engines):
    (tmp_path / "masks").mkdir()
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[BLUE.mask()], labels[RED.mask()] = 2, 1
    Image.fromarray(labels).save(tmp_path / "masks/a.png")
    Image.fromarray(GOLD.mask()).save(tmp_path / "masks/b.png")
    code, out, err = segment("in", "--masks", "masks", "--json")
    assert code == 0, err
    records = [json.loads(line) for line in out]
    assert [r["segmenter"] for r in records] == ["file", "file"]
    assert [len(r["objects"]) for r in records] == [2, 1]
    assert len(engines) == 1  # the inpainter alone
    Image.fromarray(GOLD.mask()[:-1]).save(tmp_path / "masks/b.png")
    code, out, _ = segment("in", "--masks", "masks", "--json", "--overwrite")
    assert code == 1
    assert f"{WIDTH}x{HEIGHT - 1}" in json.loads(out[1])["error"]


def test_options_reach_the_loop(photos, segment, tmp_path):
    code, _, err = segment(
        "in/a.png", "--iterations", 2, "--merge", "last-wins", "--erase", "all", "--dilate", 0.02,
        "--feather", 0.01, "--min-area", 0.01, "--min-score", 0.5, "--stability", "off",
        "--working", 100, "--seed", 9,
    )  # fmt: skip
    assert code == 0, err
    record = record_of(tmp_path / "out/a")
    arguments = record["arguments"]
    assert record["seed"] == 9
    assert record["working"] == [100, 75]
    given = {
        "iterations": 2, "merge": "last-wins", "erase": "all", "dilate": 0.02, "feather": 0.01,
        "min_area": 0.01, "min_score": 0.5, "stability": "off", "working": 100,
    }  # fmt: skip
    assert given.items() <= arguments.items()


def test_settings_of_sam_reach_it(photos, segment, engines):
    arguments = ("--sam", "folder", "--amg", "points_per_side=9", "--amg", "pred-iou-thresh=0.5")
    code, _, err = segment("in/a.png", *arguments, "--device", "cpu")
    assert code == 0, err
    (name, options), _ = engines
    assert (name, options.sam, options.device) == ("sam", "folder", "cpu")
    assert options.automatic.points_per_side == 9
    assert options.automatic.pred_iou_thresh == 0.5
    assert options.automatic.box_nms_thresh == 0.7


def test_the_config_file_and_the_environment_are_read(photos, segment, tmp_path, monkeypatch):
    (tmp_path / "c.toml").write_text("[segment-inpaint]\niterations = 1\nmerge = 'strict-and'\n")
    monkeypatch.setenv("COMPOSE_ITERATIONS", "2")
    assert segment("in/a.png", "--config", "c.toml")[0] == 0
    arguments = record_of(tmp_path / "out/a")["arguments"]
    assert (arguments["iterations"], arguments["merge"]) == (2, "strict-and")


def test_parts_of_the_output(photos, segment, tmp_path):
    assert segment("in/a.png", "--background-only", out="b")[0] == 0
    assert set(files(tmp_path / "b/a")) == {"background.png", "stack.json"}
    assert segment("in/a.png", "--masks-only", out="m")[0] == 0
    names = set(files(tmp_path / "m/a"))
    assert {"labels.png", "overlay.png", "masks/01_object_amodal.png"} < names
    assert not any(name.startswith(("layers", "background")) for name in names)


def test_the_page_shows_the_iterations(photos, segment, tmp_path):
    (photos / "bad.png").write_bytes(b"no picture")
    code, _, _ = segment("in", "--report", "page.html")
    assert code == 1
    page = (tmp_path / "page.html").read_text()
    assert "iteration 1" in page
    assert "iteration 2" in page
    assert "http" not in page.replace("http-equiv", "")
    assert 'id="failure-1"' in page
    (photos / "bad.png").unlink()
    assert segment("in", "--skip-existing", "--report", "page.html")[0] == 0
    assert (tmp_path / "page.html").read_text() == page
    (tmp_path / "page.html").unlink()
    assert segment("in", "--skip-existing", "--report", "page.html")[0] == 0
    assert "iteration 2" in (tmp_path / "page.html").read_text()


def test_what_is_behind_is_found(photos, segment, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "compose.models.inpainters.open_inpainter", lambda *a, **k: Reveal([BLUE], [], [])
    )
    code, out, _ = segment("in/a.png", "--json")
    assert code == 0
    record = json.loads(out[0])
    assert record["iterations"][1]["extended"] == [2]
    assert record["objects"][1]["amodal_area"] == int(BLUE.mask().sum())


def test_hostile_names_and_pictures(segment, tmp_path):
    folder = tmp_path / "in"
    write_scene(folder / "new\nline.png", (RED,))
    write_scene(folder / "-dash.png", (RED,))
    odd = os.fsencode(folder) + b"/\xff\xfe.png"
    os.rename(write_scene(folder / "x.png", (RED,)), odd)
    (folder / "empty.png").write_bytes(b"")
    Image.fromarray(draw((RED,))).save(folder / "whole.jpg")
    data = (folder / "whole.jpg").read_bytes()
    (folder / "half.jpg").write_bytes(data[: len(data) // 2])
    code, out, _ = segment("in", "--json", "--max-pixels", WIDTH * HEIGHT)
    assert code == 1
    records = [json.loads(line) for line in out]
    status = {Path(r["input"]).name: r["status"] for r in records}
    assert status["new\nline.png"] == status["-dash.png"] == status["\udcff\udcfe.png"] == "ok"
    assert status["empty.png"] == status["half.jpg"] == "error"
    assert all("\n" not in r.get("error", "") for r in records)
    code, out, _ = segment("in/whole.jpg", "--json", "--max-pixels", 100, out="small")
    assert code == 1
    assert "--max-pixels" in json.loads(out[0])["error"]


def process(tmp_path, *arguments, pause="0"):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")}
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(PROGRAM), "segment-inpaint", *arguments],
        cwd=tmp_path,
        env=clean | {"COMPOSE_TEST_PAUSE": pause, "COMPOSE_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_interrupted_and_taken_up_again(photos, tmp_path):
    whole = process(tmp_path, "in", "--out", "whole")
    _, err = whole.communicate(timeout=60)
    assert whole.returncode == 0, err
    running = process(tmp_path, "in", "--out", "out", pause="0.5")
    assert running.stderr is not None
    for line in running.stderr:
        if b"look" in line:
            break
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"--skip-existing" in err
    assert not list(tmp_path.glob("out/**/stack.json"))
    assert not list(tmp_path.rglob("*.compose-part"))
    again = process(tmp_path, "in", "--out", "out", "--skip-existing")
    _, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    assert drawn(tmp_path / "out") == drawn(tmp_path / "whole")


def test_help_needs_no_heavy_imports():
    code = (
        "import sys; sys.argv = ['compose', 'segment-inpaint', '--help']\n"
        "from compose.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'torch', 'cv2', 'PIL', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert done.stdout.decode().splitlines()[-1] == "[]"
    assert "--erase" in done.stdout.decode()
