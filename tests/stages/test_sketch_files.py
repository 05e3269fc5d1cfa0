"""A sketch from the picture to its folder: every file, what it says, and what is left alone."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from compose.core.boxes import Box
from compose.core.errors import DataError, ImageError, Interrupted
from compose.core.report import Report
from compose.data.svg import read_svg
from compose.stages.sketch import SketchHooks, SketchInputs, sketch, sketch_into
from compose.stages.sketch_names import sketch_folder, sketch_outputs
from compose.stages.sketch_raster import raster
from compose.stages.sketch_report import add_sketch

from .sketch_scenes import BOX, tiny, tools, write_scene

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def photo(tmp_path):
    return write_scene(tmp_path / "in" / "scene.png")


@pytest.fixture
def run(photo, tmp_path):
    def into(config=None, hooks=None, path=photo, **options):
        inputs = SketchInputs([Box(*BOX)] if (config or tiny()).rounds > 1 else [], name="scene")
        return sketch_into(
            tmp_path / "out", path, tools(), config or tiny(), inputs, hooks or SketchHooks(),
            **options,
        )  # fmt: skip

    return into


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def files(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("animate", [None, ".webp", ".gif"])
@pytest.mark.parametrize("sketches", [1, 3])
def test_all_files_are_those_that_were_planned(run, tmp_path, animate, sketches):
    record = run(tiny(sketches=sketches), animate=animate)
    planned = sketch_outputs(tmp_path / "out", sketches, 2, animate)
    state = tmp_path / "out" / "state.npz"
    assert files(tmp_path / "out") == set(planned) - {state}
    assert {entry["file"] for entry in record["files"]} == {str(p) for p in planned if p != state}


def test_the_record_says_what_was_done(run, photo, tmp_path):
    record = run()
    written = json.loads((tmp_path / "out" / "run.json").read_text())
    assert {**written, "files": record["files"]} == {**record, "curve": written["curve"]}
    assert written["target"] == str(photo)
    assert (written["width"], written["height"]) == (48, 32)
    assert written["strokes"] == 10 == sum(entry["strokes"] for entry in written["rounds"])
    assert [entry["region"] for entry in written["rounds"]] == ["scene", "roi1"]
    assert written["arguments"]["seed"] == 0
    assert written["versions"]["torch"] == torch.__version__
    assert len(written["curve"]) == 8
    totals = [loss["total"] for loss in written["losses"]]
    assert written["best"] == int(np.argmin(totals))


def test_drawings_are_the_results(run, photo, tmp_path):
    run(tiny(sketches=3))
    inputs = SketchInputs([Box(*BOX)], name="scene")
    result = sketch(photo, tools(), tiny(sketches=3), inputs)
    out = tmp_path / "out"
    for number, drawing in enumerate(result.drawings):
        read = read_svg(out / f"sketches/seed-{number}.svg")
        assert np.allclose(read.points, drawing.points, atol=0.01)
        assert np.allclose(read.width, 1.5)
        assert read.size == (48, 32)
        assert np.array_equal(pixels(out / f"sketches/seed-{number}.png"), raster(drawing))
    best = (out / f"sketches/seed-{result.best}.svg").read_bytes()
    assert (out / "final.svg").read_bytes() == best
    assert np.array_equal(pixels(out / "final.png"), raster(result.drawings[result.best]))
    first = len(result.ends[0])
    assert [len(read_svg(out / f"rounds/round-{k}.svg")) for k in (1, 2)] == [first, 10]
    last = read_svg(out / "rounds/round-2.svg").points
    assert np.array_equal(last, read_svg(out / "final.svg").points)


def test_strokes_are_layered_by_round(run, tmp_path):
    record = run()
    root = ET.parse(tmp_path / "out" / "final.svg").getroot()
    groups = [g for g in root.iter("{http://www.w3.org/2000/svg}g") if "round" in g.get("id", "")]
    counts = [len(list(g.iter("{http://www.w3.org/2000/svg}path"))) for g in groups]
    assert counts == [entry["strokes"] for entry in record["rounds"]]


def test_maps_show_edges_and_seeds(run, tmp_path):
    run()
    out = tmp_path / "out"
    whole, inside = pixels(out / "edges.png"), pixels(out / "edges-roi1.png")
    assert whole.shape == inside.shape == (32, 48, 3)
    assert 0 < (inside == 0).sum() < (whole == 0).sum()
    assert (whole[inside == 0] == 0).all()
    seeds = pixels(out / "seeds.png")
    assert np.ptp(seeds, axis=-1).max() > 100  # dots in colours
    assert pixels(out / "target.png").shape == (32, 48, 3)


def test_animations_move_and_end_with_the_drawing(run, tmp_path):
    run(tiny(iterations=8), animate=".webp")
    out = tmp_path / "out"
    with Image.open(out / "fitting.webp") as film:
        assert film.n_frames > 1
        film.seek(film.n_frames - 1)
        last = np.asarray(film.convert("RGB")).astype(int)
    assert np.abs(last - pixels(out / "final.png")).max() <= 1
    drawn = read_svg(out / "drawing.svg")
    assert np.array_equal(drawn.points, read_svg(out / "final.svg").points)
    assert "@keyframes" in (out / "drawing.svg").read_text()


def test_a_new_run_replaces_the_old_and_nothing_else(run, tmp_path):
    run(tiny(sketches=3, rounds=2), animate=".gif")
    others = [tmp_path / "out" / name for name in ("rounds/my.svg", "final-mine.svg", "final.ai")]
    for path in others:
        path.write_text("mine")
    run(tiny(sketches=1, rounds=1))
    expected = set(sketch_outputs(tmp_path / "out", 1, 1)) - {tmp_path / "out" / "state.npz"}
    assert files(tmp_path / "out") == expected | set(others)


def test_one_picture_gives_the_same_bytes_twice(run, tmp_path):
    run(animate=".gif")
    first = {p: p.read_bytes() for p in files(tmp_path / "out") if p.suffix != ".json"}
    run(animate=".gif")
    assert first == {p: p.read_bytes() for p in files(tmp_path / "out") if p.suffix != ".json"}


def test_a_failure_leaves_the_old_files(run, photo, tmp_path):
    run()
    first = {path: path.read_bytes() for path in files(tmp_path / "out")}
    photo.write_bytes(b"no picture")
    with pytest.raises(ImageError):
        run()
    assert first == {path: path.read_bytes() for path in files(tmp_path / "out")}


def test_an_interrupted_new_run_is_not_taken_for_the_old_one(run, tmp_path):
    run()
    with pytest.raises(Interrupted):
        run(hooks=SketchHooks(should_stop=lambda: True))
    out = tmp_path / "out"
    assert not (out / "run.json").exists()
    assert (out / "state.npz").is_file()
    run(resume=True)
    assert (out / "run.json").is_file()
    assert not (out / "state.npz").exists()


def test_a_new_run_takes_no_state_of_an_old_one(run, tmp_path):
    with pytest.raises(Interrupted):
        run(hooks=SketchHooks(should_stop=lambda: True))
    steps = []
    run(hooks=SketchHooks(lambda *step: steps.append(step)))
    assert len(steps) == 8


def test_the_folder_is_named_after_the_target():
    assert sketch_folder(Path("o"), Path("sub/a.b.jpg")) == Path("o/sub/a.b")


# the page


def page_of(folder, path, name="scene.png"):
    with Report(path, "Sketches", "lead") as report:
        add_sketch(report, name, folder)
    return path.read_text("utf-8")


def test_the_page_has_the_target_beside_all_sketches(run, tmp_path):
    record = run(tiny(sketches=3))
    text = page_of(tmp_path / "out", tmp_path / "page.html")
    assert text.count("data:image/svg+xml;base64,") == 4  # of three seeds, and round 1
    assert text.count("data:image/jpeg;base64,") == 3  # target, edges, seeds
    for loss in record["losses"]:
        assert f"loss {loss['total']:.4f}" in text
    assert text.count('class="tag"') == 1
    assert "http" not in text.replace("http-equiv", "")
    assert "10 strokes: scene" in text


def test_the_page_outlives_the_target(run, photo, tmp_path):
    run(tiny(sketches=1))
    photo.unlink()
    assert "data:image/jpeg" in page_of(tmp_path / "out", tmp_path / "page.html")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"best": 7, "losses": []}', "null", "\xff"])
def test_a_page_of_a_damaged_run_is_one_sentence(run, tmp_path, text):
    run()
    (tmp_path / "out" / "run.json").write_text(text, "latin-1")
    with pytest.raises(DataError, match=r"run\.json is not what a run writes"):
        page_of(tmp_path / "out", tmp_path / "page.html")


def test_colours_are_in_both_forms(run, tmp_path):
    run(tiny(color="optimise", color_rate=0.5))
    out = tmp_path / "out"
    assert np.ptp(read_svg(out / "final.svg").color, axis=1).max() > 0.02
    assert np.ptp(pixels(out / "final.png"), axis=-1).max() > 5
