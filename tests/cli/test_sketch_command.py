"""`compose sketch` as a user calls it, on drawn scenes and with networks that take a moment."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from compose.cli.main import COMMANDS
from compose.cli.main import run as run_command
from compose.core.drawing import Drawing
from compose.data.svg import read_svg, write_svg

from ..models.discs_network import DiscsNetwork
from ..models.line_file import line_file
from ..stages.sketch_scenes import BOX, HEIGHT, WIDTH, Blur, Right, scene, write_scene
from .processes import files

TINY = ("--canvas", "48", "--iterations", "2", "--strokes", "8", "--num-sketches", "2",
        "--washes", "0")  # fmt: skip


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The folder the command runs in, with networks that take a moment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("compose.models.encoders.open_encoders", lambda *given: Blur())
    monkeypatch.setattr("compose.models.saliency.open_saliency", lambda *given, **more: Right())
    return tmp_path


@pytest.fixture
def sketch(here, capfdbinary):
    """Run the command; gives the exit code, stdout's lines and stderr."""

    def call(*arguments, tiny=TINY):
        given = ["sketch", *map(str, (*tiny, *arguments))]
        code = run_command(COMMANDS, given)
        out, err = capfdbinary.readouterr()
        assert b"Traceback" not in err
        return code, out.decode().splitlines(), err.decode()

    return call


@pytest.fixture
def photo(here):
    return write_scene(here / "scene.png")


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def drawn(folder):
    """The bytes of all that does not tell the time."""
    return {name: data for name, data in files(folder).items() if not name.endswith("run.json")}


def regions_of(record):
    return [(entry["region"], entry["source"]) for entry in record["rounds"]]


# what is drawn, and where it goes


def test_without_targets_it_draws_target_images_into_output_sketches(here, sketch):
    write_scene(here / "target_images" / "a.png")
    write_scene(here / "target_images" / "sub" / "b.jpg")
    copy = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    copy[:, 70:] = scene()[:, 70:]
    Image.fromarray(copy).save(here / "target_images" / "a_roi1.png")
    code, out, _ = sketch()
    assert code == 0
    assert len(out) == 2
    found = {path.parent for path in (here / "output_sketches").rglob("final.svg")}
    assert found == {here / "output_sketches" / "a", here / "output_sketches" / "sub" / "b"}
    assert regions_of(record_of(here / "output_sketches" / "a"))[1] == ("roi1", "file")
    assert regions_of(record_of(here / "output_sketches" / "sub" / "b"))[1] == (
        "auto1",
        "automatic",
    )


@pytest.mark.parametrize("given", ["scene_roi1.png", "./scene_roi1.png"])
def test_a_region_file_is_drawn_when_it_is_named(photo, sketch, given):
    write_scene(photo.with_name("scene_roi1.png"))
    code, out, _ = sketch(given, "--json")
    assert code == 0
    assert json.loads(out[0])["strokes"] == 8


def test_lines_are_those_of_segments_where_mobile_sam_is_here(photo, here, sketch, monkeypatch):
    def lines(*arguments):
        code, _, err = sketch("scene.png", *arguments, "--overwrite")
        assert code == 0, err
        record = record_of(here / "output_sketches/scene")
        return record["arguments"]["edges"], record["contours"]

    assert lines() == ("contours", "builtin")
    plain = drawn(here / "output_sketches/scene")
    weights = here / "home/models/mobile_sam.pt"
    weights.parent.mkdir(parents=True, exist_ok=True)
    weights.touch()
    monkeypatch.setattr("compose.models.mobile_sam.MobileSamNetwork", lambda *_: DiscsNetwork())
    given = "--checkpoint", f"mobile-sam={weights}"
    assert lines(*given) == ("segments", "segments")
    again = drawn(here / "output_sketches/scene")
    assert again != plain
    assert lines(*given, "--edges", "segments") == ("segments", "segments")
    assert drawn(here / "output_sketches/scene") == again
    assert lines(*given, "--edges", "contours") == ("contours", "builtin")
    assert drawn(here / "output_sketches/scene") == plain
    assert lines(*given, "--edges", "canny") == ("canny", None)


def test_lines_of_segments_need_mobile_sam(photo, here, sketch):
    code, _, err = sketch("scene.png", "--edges", "segments")
    assert code == 1
    assert "compose models pull mobile-sam" in err


def test_straight_lines_count_where_mlsd_is_here(photo, here, sketch):
    def straights(*arguments):
        code, _, err = sketch("scene.png", *arguments, "--overwrite")
        assert code == 0, err
        record = record_of(here / "output_sketches/scene")
        return record["arguments"]["straight"], record["straights"]

    assert straights() == (False, None)
    plain = drawn(here / "output_sketches/scene")
    rim = [(0.1, y, 0.9, y, 0.7) for y in np.linspace(0.1, 0.9, 33)]  # one lies on an edge
    given = "--checkpoint", f"mlsd={line_file(here / 'mlsd.onnx', rim)}"
    assert straights(*given) == (True, "mlsd")
    assert drawn(here / "output_sketches/scene") != plain
    assert straights(*given, "--no-straight") == (False, None)
    assert drawn(here / "output_sketches/scene") == plain
    assert straights(*given, "--edges", "canny") == (False, None)
    code, _, err = sketch("scene.png", "--straight", "--overwrite")
    assert code == 1
    assert "compose models pull mlsd" in err
    code, _, err = sketch("scene.png", "--straight", "--edges", "canny")
    assert code == 2
    assert "--edges canny" in err


def test_a_target_is_an_argument_too(photo, here, sketch):
    write_scene(here / "other.png")
    code, out, _ = sketch("scene.png", "--target", "other.png", "--json")
    assert code == 0
    assert [json.loads(line)["input"] for line in out] == ["scene.png", "other.png"]


@pytest.mark.parametrize(
    "names",
    [
        ("--target", "--num-strokes", "--region-round", "--num-iter", "--num-sketches"),
        ("--target_file", "--num_strokes", "--region_round", "--num_iter", "--num_sketches"),
        ("--target", "--strokes", "--rounds", "--iterations", "--num-sketches"),
    ],
)
def test_options_have_the_names_of_mross(photo, here, sketch, names):
    values = ("scene.png", 7, 2, 3, 2)
    pairs = [text for pair in zip(names, values, strict=True) for text in pair]
    fix = "--fix_scale" if "_" in names[1] else "--fix-scale"
    code, _, err = sketch(*pairs, fix, tiny=("--canvas", 48))
    assert code == 0, err
    arguments = record_of(here / "output_sketches" / "scene")["arguments"]
    found = [arguments[name] for name in ("strokes", "rounds", "iterations", "sketches")]
    assert found == [7, 2, 3, 2]
    assert arguments["fix_scale"] is True
    assert read_svg(here / "output_sketches/scene/final.svg").size == (48, 48)


def test_the_config_file_and_the_environment_are_read(photo, here, sketch, monkeypatch):
    (here / "c.toml").write_text("[sketch]\nstrokes = 5\nroi = '10,10,60,60'\n")
    monkeypatch.setenv("COMPOSE_NUM_SKETCHES", "1")
    code, _, err = sketch(
        "scene.png", "--config", "c.toml", tiny=("--canvas", 48, "--iterations", 2)
    )
    assert code == 0, err
    arguments = record_of(here / "output_sketches" / "scene")["arguments"]
    assert (arguments["strokes"], arguments["sketches"], arguments["rounds"]) == (5, 1, 2)


# the method


def test_boxes_and_masks_are_regions(photo, here, sketch):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[10:60, 10:60] = 255
    Image.fromarray(mask).save(here / "mask.png")
    box = ",".join(map(str, BOX))
    code, out, _ = sketch("scene.png", "--roi", box, "--roi", "mask.png", "--json")
    assert code == 0
    record = json.loads(out[0])
    assert regions_of(record) == [("scene", "scene"), ("roi1", "option"), ("roi2", "option")]
    assert sum(entry["strokes"] for entry in record["rounds"]) == 8
    assert (here / "output_sketches/scene/edges-roi2.png").is_file()


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (("--roi", "1,2,3,4", "--rounds", "1"), "--rounds 2"),
        (("--roi", "missing.png"), "missing.png"),
        (("--roi", "5,5,5,9"), "5,5,5,9"),
        (("--color", "red"), "red"),
        (("--init", "edges"), "edges"),
        (("--width", "0"), "--width"),
        (("--canvas", "5"), "--canvas"),
        (("--rounds", "9"), "--rounds"),
        (("--washes", "8"), "--washes"),
        (("--resume", "--overwrite"), "--resume"),
        (("--device", "gpu"), "gpu"),
    ],
)
def test_wrong_usage_is_one_sentence_before_any_work(photo, here, sketch, extra, says):
    code, out, err = sketch("scene.png", *extra, tiny=() if "--canvas" in extra else TINY)
    assert code == 2
    assert says in err
    assert len(err.strip().splitlines()) == 1
    assert not out
    assert not (here / "output_sketches").exists()


def test_a_box_beside_the_picture_is_the_inputs_failure(photo, sketch):
    code, _, err = sketch("scene.png", "--roi", "500,500,600,600")
    assert code == 1
    assert "outside the picture" in err


def test_strokes_begin_as_they_are_told(photo, here, sketch):
    starts = set()
    for init in ("edge-fps", "saliency", "random"):
        code, _, _ = sketch("scene.png", "--init", init, "--rounds", 1, "--out", init)
        assert code == 0
        assert record_of(here / init / "scene")["arguments"]["init"] == init
        starts.add((here / init / "scene" / "seeds.png").read_bytes())
    assert len(starts) == 3
    assert record_of(here / "saliency" / "scene")["saliency"] == "right"


def test_strokes_are_black_or_in_fitted_colours_or_in_the_pictures(photo, here, sketch):
    drawn = {}
    for color in ("black", "optimise", "picture"):
        sketch("scene.png", "--color", color, "--overwrite")
        drawn[color] = read_svg(here / "output_sketches/scene/final.svg")
        ended = read_svg(here / "output_sketches/scene/rounds/round-2.svg")
        assert np.array_equal(ended.color, drawn[color].color)
    assert (drawn["black"].color == 0).all()
    assert drawn["optimise"].color.max() > 0
    # the same strokes as in black, and those beside the red box are red
    assert np.array_equal(drawn["picture"].points, drawn["black"].points)
    red, green, _ = drawn["picture"].color.T
    assert (red - green).max() > 0.4
    sketch("scene.png", "--overwrite")
    assert np.array_equal(
        read_svg(here / "output_sketches/scene/final.svg").color, drawn["picture"].color
    )


@pytest.mark.parametrize("count", [3, 8, 9])
def test_a_drawing_to_begin_with_counts(photo, here, sketch, count):
    points = np.random.default_rng(0).uniform(5, 30, (count, 4, 2))
    ones = np.ones(count)
    write_svg(Drawing(points, ones, np.zeros((count, 3)), ones, (48.0, 32.0)), here / "a.svg")
    code, _, err = sketch("scene.png", "--init-svg", "a.svg", "--rounds", 1)
    if count == 9:
        assert code == 1
        assert "--strokes 9" in err
        return
    assert code == 0
    final = read_svg(here / "output_sketches/scene/final.svg")
    assert len(final) == 8
    # two steps of a pixel of 224 at most
    assert np.abs(final.points[:count] - points).max() < 1


def test_a_drawing_that_is_none_is_one_sentence(photo, here, sketch):
    (here / "a.svg").write_text("no drawing")
    code, _, err = sketch("scene.png", "--init-svg", "a.svg")
    assert code == 1
    assert len(err.strip().splitlines()) == 1
    assert "a.svg" in err


def test_seeds_repeat_and_differ(photo, here, sketch):
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        assert sketch("scene.png", "--out", name, "--seed", seed)[0] == 0
    assert drawn(here / "one") == drawn(here / "same")
    assert drawn(here / "one")["scene/final.svg"] != drawn(here / "other")["scene/final.svg"]


def test_a_third_of_the_strokes_are_washes_unless_they_are_black(photo, here, sketch):
    plain = ("--canvas", 48, "--iterations", 2, "--strokes", 8, "--num-sketches", 1)
    for color, washes in (("picture", 2), ("black", 0), ("optimise", 0)):
        code, out, _ = sketch("scene.png", "--color", color, "--overwrite", "--json", tiny=plain)
        assert code == 0
        record = json.loads(out[0])
        assert (record["strokes"], record["washes"]) == (8, washes)
        assert sum(entry["strokes"] for entry in record["rounds"]) == 8 - washes


def test_washes_lie_below_lines_in_a_layer_of_their_own(photo, here, sketch):
    code, out, _ = sketch("scene.png", "--washes", 3, "--animate")
    assert code == 0
    assert "(8 strokes, 3 of them washes, loss " in out[0]
    folder = here / "output_sketches/scene"
    layers = [
        (group.get("id"), len(group)) for group in ET.parse(folder / "final.svg").getroot()[2:]
    ]
    record = record_of(folder)
    rounds = [(f"round-{k}", entry["strokes"]) for k, entry in enumerate(record["rounds"], 1)]
    assert layers == [("washes", 3), *rounds]
    final = read_svg(folder / "final.svg")
    assert (final.width[:3] >= 4.5).all()
    assert (final.width[3:] == 1.5).all()
    for name in ("rounds/round-1.svg", "sketches/seed-0.svg", "sketches/seed-1.svg"):
        other = read_svg(folder / name)
        assert np.array_equal(other.points[:3], final.points[:3])
    # the scene has colours and, but for its lines, no black
    with Image.open(folder / "final.png") as picture:
        drawn = np.asarray(picture.convert("RGB")).astype(int)
    with Image.open(folder / "target.png") as picture:
        target = np.asarray(picture.convert("RGB")).astype(int)
    code, _, _ = sketch("scene.png", "--overwrite")
    with Image.open(folder / "final.png") as picture:
        lines = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(drawn - target).mean() < 0.6 * np.abs(lines - target).mean()


def test_washes_of_black_strokes_are_grey(photo, here, sketch):
    sketch("scene.png", "--washes", 3, "--color", "black")
    final = read_svg(here / "output_sketches/scene/final.svg")
    assert (final.color[3:] == 0).all()
    assert np.ptp(final.color[:3], axis=1).max() < 0.02
    assert final.color[:3].max() > 0.3


def test_washes_of_a_drawing_to_begin_with_stay(photo, here, sketch):
    sketch("scene.png", "--washes", 3)
    first = here / "first.svg"
    first.write_bytes((here / "output_sketches/scene/final.svg").read_bytes())
    before = read_svg(first)
    for strokes in (8, 10):
        more = ("--init-svg", first, "--overwrite", "--washes", 5)
        code, out, err = sketch("scene.png", *more, "--strokes", strokes, "--json")
        assert code == 0, err
        assert json.loads(out[0])["washes"] == 3
        final = read_svg(here / "output_sketches/scene/final.svg")
        assert len(final) == strokes
        assert np.allclose(final.points[:3], before.points[:3], atol=1e-3)
        assert np.allclose(final.width[:3], before.width[:3], atol=1e-3)
    code, _, err = sketch("scene.png", "--init-svg", first, "--strokes", 7, "--overwrite")
    assert code == 1
    assert "--strokes 8" in err


# what is printed and written


def test_people_get_a_line_a_target(photo, sketch):
    code, out, err = sketch("scene.png")
    assert code == 0
    assert len(out) == 1
    assert out[0].startswith("scene.png -> output_sketches/scene/final.svg (8 strokes, loss ")
    assert "encoder blur" in err


def test_json_is_a_record_and_quiet_the_files(photo, here, sketch):
    code, out, _ = sketch("scene.png", "--json", "--animate")
    assert code == 0
    record = json.loads(out[0])
    assert record["status"] == "ok"
    listed = {entry["file"] for entry in record["files"]}
    assert listed == {f"output_sketches/{name}" for name in files(here / "output_sketches")}
    code, out, err = sketch("scene.png", "--quiet", "--animate", "--overwrite")
    assert set(out) == listed
    assert not err


def test_a_dry_run_names_all_files_and_writes_none(photo, here, sketch):
    code, out, _ = sketch("scene.png", "--dry-run", "--json")
    assert code == 0
    planned = set(json.loads(out[0])["outputs"])
    assert not (here / "output_sketches").exists()
    sketch("scene.png")
    written = {f"output_sketches/{name}" for name in files(here / "output_sketches")}
    assert written | {"output_sketches/scene/state.npz"} == planned


def test_what_stands_is_refused_skipped_or_replaced(photo, here, sketch):
    sketch("scene.png")
    first = files(here / "output_sketches")
    code, _, err = sketch("scene.png", "--seed", 1)
    assert code == 2
    assert "--overwrite" in err
    for option in ("--skip-existing", "--resume"):
        code, out, err = sketch("scene.png", "--seed", 1, option, "--json")
        assert code == 0
        assert json.loads(out[0])["status"] == "skipped"
        assert "other settings (seed 0)" in err
        assert "other settings" not in sketch("scene.png", option)[2]
    assert files(here / "output_sketches") == first
    assert sketch("scene.png", "--seed", 1, "--overwrite")[0] == 0
    assert files(here / "output_sketches")["scene/final.svg"] != first["scene/final.svg"]


def test_bad_targets_fail_alone(photo, here, sketch):
    (here / "bad.png").write_bytes(b"no picture")
    Image.new("RGB", (400, 4)).save(here / "thin.png")
    code, out, err = sketch("bad.png", "scene.png", "thin.png", "--json")
    assert code == 1
    assert [json.loads(line)["status"] for line in out] == ["error", "ok", "error"]
    assert "2 of 3 inputs failed" in err
    assert files(here / "output_sketches").keys() == {
        name for name in files(here / "output_sketches") if name.startswith("scene/")
    }


def test_targets_of_one_name_are_refused(here, sketch):
    write_scene(here / "a.png")
    write_scene(here / "a.jpg")
    code, _, err = sketch("a.png", "a.jpg")
    assert code == 2
    assert "both write" in err


def test_no_target_is_ever_replaced(here, sketch):
    write_scene(here / "dogs" / "target.png")
    write_scene(here / "dogs.png")
    before = files(here)
    code, _, err = sketch("dogs.png", "dogs/target.png", "--out", ".")
    assert code == 2
    assert "would be replaced" in err
    assert files(here) == before


def test_targets_side_by_side_give_the_same_drawings(here, sketch):
    for name in "abc":
        write_scene(here / "in" / f"{name}.png")
    assert sketch("in", "--out", "one")[0] == 0
    assert sketch("in", "--out", "two", "--jobs", 2)[0] == 0
    assert drawn(here / "one") == drawn(here / "two")


def test_animations_parse_and_move(photo, here, sketch):
    code, _, _ = sketch("scene.png", "--animate", "--animation", "gif")
    assert code == 0
    out = here / "output_sketches" / "scene"
    ET.parse(out / "drawing.svg")
    with Image.open(out / "fitting.gif") as film:
        assert film.n_frames > 1


def test_an_animation_that_is_asked_for_later_is_made(photo, here, sketch):
    assert sketch("scene.png")[0] == 0
    out = here / "output_sketches" / "scene"
    drawing = (out / "final.svg").read_bytes()
    for _ in range(2):
        code, lines, _ = sketch("scene.png", "--animate", "--skip-existing", "--json")
        assert code == 0
    assert json.loads(lines[0])["status"] == "skipped"
    assert (out / "fitting.webp").is_file()
    assert (out / "final.svg").read_bytes() == drawing


def test_of_resume_and_overwrite_the_nearer_counts(photo, here, sketch, monkeypatch):
    assert sketch("scene.png")[0] == 0
    code, _, err = sketch("scene.png", "--resume", "--overwrite")
    assert code == 2
    assert "--resume and --overwrite exclude each other" in err
    monkeypatch.setenv("COMPOSE_RESUME", "1")
    code, lines, _ = sketch("scene.png", "--overwrite", "--json")
    assert (code, json.loads(lines[0])["status"]) == (0, "ok")


def test_without_torch_it_says_what_to_install(photo, here, sketch, monkeypatch):
    monkeypatch.setattr(
        "compose.core.devices.importlib.util.find_spec", lambda name: None if name else name
    )
    code, _, err = sketch("scene.png")
    assert code == 2
    assert err.strip() == (
        "error: compose sketch needs torch; run: pip install 'compose-toolkit[sketch]'."
    )
    assert not (here / "output_sketches").exists()


# the page


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.sources, self.open = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img"):
            self.open.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_asks_for_nothing(here, sketch):
    write_scene(here / "in" / "a<b>.png")
    (here / "in" / "bad.png").write_bytes(b"no picture")
    code, _, _ = sketch("in", "--report", "page.html")
    assert code == 1
    text = (here / "page.html").read_text()
    page = Page(text)
    assert len([source for source in page.sources if source.startswith("data:image/")]) == 6
    assert all(source.startswith(("data:image/", "#failure")) for source in page.sources)
    assert "a&lt;b&gt;" in text
    assert "1 failed" in text


def test_the_page_shows_what_was_finished_before(here, sketch):
    write_scene(here / "in" / "a.png")
    assert sketch("in")[0] == 0
    write_scene(here / "in" / "b.png")
    assert sketch("in", "--resume", "--report", "page.html")[0] == 0
    text = (here / "page.html").read_text()
    assert text.count("<article>") == 2
    assert sketch("in", "--resume", "--report", "page.html")[0] == 0
    assert (here / "page.html").read_text() == text


def test_finished_sketches_can_be_evaluated(here, capfdbinary, sketch):
    write_scene(here / "target_images" / "a.png")
    assert sketch("--rounds", 1)[0] == 0
    assert run_command(COMMANDS, ["evaluate", "sketch", "output_sketches", "--json"]) == 0
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert json.loads(lines[0])["strokes"] == 8
