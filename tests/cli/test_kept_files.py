"""What a run leaves alone: files that it reads beside its inputs, its own outputs, pages."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .processes import compose_here, files


def draw(path: Path, box: tuple[int, int, int, int] | None = None) -> Path:
    """A picture 60x40, or a mask that is white in a box."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if box is None:
        tone = sum(path.name.encode()) % 200
        y, x = np.mgrid[:40, :60]
        rgb = np.stack([x * 4, y * 6, 0 * x + tone], -1).astype(np.uint8)
        Image.fromarray(rgb).save(path)
    else:
        x1, y1, x2, y2 = box
        mask = np.zeros((40, 60), np.uint8)
        mask[y1:y2, x1:x2] = 255
        Image.fromarray(mask).save(path)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: object) -> tuple[int, str, str]:
    done = compose_here(*arguments, home=Path("home").absolute())
    return done.returncode, done.stdout, done.stderr


FULL = ("--engine", "full", "--topk", "1")
SEGMENT = ("--iterations", "1", "--stability", "off", "--inpainter", "opencv")


@pytest.mark.usefixtures("here")
class TestWhatIsRead:
    @pytest.mark.parametrize(
        ("name", "options"),
        [
            ("o/a_1.png", ("--like", "o/a_1.png")),
            ("o/a_1.png", ("--refs", "o")),
            ("o/a_1.png", ("--subject", "o/a_1.png")),
        ],
    )
    def test_is_not_replaced_by_crops(self, name, options) -> None:  # type: ignore[no-untyped-def]
        draw(Path("a.png"))
        kept = draw(Path(name)).read_bytes()
        code, _, said = run("crop", "a.png", *FULL, "--out", "o", "--overwrite", *options)
        assert code == 2
        assert "would be replaced" in said
        assert Path(name).read_bytes() == kept

    def test_masks_are_not_replaced_by_masks(self) -> None:
        draw(Path("a.png"))
        draw(Path("o/a/masks/02_mine_visible.png"), (5, 5, 20, 20))
        before = files(Path("o"))
        given = ("--masks", "o/a/masks", "--out", "o", "--overwrite", *SEGMENT)
        code, _, said = run("segment-inpaint", "a.png", *given)
        assert code == 2
        assert "would be replaced" in said
        assert files(Path("o")) == before

    def test_is_not_replaced_by_a_page(self) -> None:
        draw(Path("a.png"))
        kept = draw(Path("m.png"), (5, 5, 20, 20)).read_bytes()
        given = ("--subject", "m.png", "--report", "m.png", "--overwrite")
        assert run("crop", "a.png", *FULL, *given)[0] == 2
        given = ("--object", "m.png", "--at", "5,5,20,20", "--report", "m.png", "--overwrite")
        assert run("composite", "a.png", "-o", "c.png", *given)[0] == 2
        assert Path("m.png").read_bytes() == kept

    def test_may_lie_beside_what_is_written(self) -> None:
        draw(Path("a.png"))
        draw(Path("o/other.png"), (5, 5, 20, 20))
        given = ("--subject", "o/other.png", "--out", "o")
        assert run("crop", "a.png", *FULL, *given)[0] == 0


@pytest.mark.usefixtures("here")
class TestOutputsBelowInputs:
    def test_a_run_in_its_folder_can_be_finished(self) -> None:
        for name in ("a.png", "b.png"):
            draw(Path(name))
        crop = ("crop", ".", *FULL, "--out", "crops")
        assert run(*crop)[0] == 0
        Path("crops/b_1.png").unlink()
        code, out, _ = run(*crop, "--skip-existing", "--json")
        assert code == 0
        status = {row["input"]: row["status"] for row in map(json.loads, out.splitlines())}
        assert status == {"a.png": "skipped", "b.png": "ok"}
        assert run(*crop, "--overwrite")[0] == 0
        assert list(files(Path("crops"))) == ["a_1.png", "b_1.png"]

    def test_neither_are_overlays_inputs(self) -> None:
        draw(Path("a.png"))
        for more in ((), ("--overwrite",)):
            given = ("--out", "crops", "--overlay", "lines", *more)
            assert run("crop", ".", *FULL, *given)[0] == 0
        assert list(files(Path("lines"))) == ["a_overlay.png"]


@pytest.mark.usefixtures("here")
class TestPages:
    def test_a_dry_run_writes_none(self) -> None:
        draw(Path("a.png"))
        crop = ("crop", "a.png", "gone.png", *FULL, "--dry-run")
        assert run(*crop, "--report", "r.html")[0] == 1
        assert not Path("r.html").exists()
        Path("r.html").write_text("mine")
        assert run(*crop, "--report", "r.html", "--overwrite")[0] == 1
        assert Path("r.html").read_text() == "mine"

    def test_quiet_names_the_page_too(self) -> None:
        draw(Path("a.png"))
        code, out, _ = run("crop", "a.png", *FULL, "--out", "o", "--report", "r.html", "--quiet")
        assert code == 0
        assert out.split() == ["o/a_1.png", "r.html"]

    def test_a_set_does_not_replace_one(self) -> None:
        draw(Path("a.png"))
        Path("r.html").write_text("mine")
        cad = ("build-dataset", "cad", "a.png", "--out", "set", "--engine", "real", "--no-filter")
        assert run(*cad, "--variants", "1", "--stage", "1", "--report", "r.html")[0] == 2
        assert Path("r.html").read_text() == "mine"


@pytest.mark.usefixtures("here")
class TestSkipping:
    def test_what_is_asked_for_besides_is_made(self) -> None:
        draw(Path("a.png"))
        draw(Path("m.png"), (5, 5, 20, 20))
        segment = ("segment-inpaint", "a.png", "--masks", "m.png", "--out", "o", *SEGMENT)
        assert run(*segment, "--masks-only")[0] == 0
        assert run(*segment, "--coco", "--ora", "--skip-existing")[0] == 0
        made = files(Path("o/a"))
        assert {"background.png", "coco.json", "stack.ora"} <= set(made)
        assert run(*segment, "--coco", "--ora", "--skip-existing")[0] == 0
        assert files(Path("o/a")) == made

    def test_so_is_a_picture_in_which_nothing_is_found(self) -> None:
        Image.new("RGB", (60, 40), "white").save("white.png")
        segment = ("segment-inpaint", "white.png", "--coco", "--ora", "--out", "o", *SEGMENT)
        assert run(*segment)[0] == 0
        _, out, _ = run(*segment, "--skip-existing", "--json")
        assert json.loads(out)["status"] == "skipped"

    def test_composites_that_are_missing_are_made(self) -> None:
        draw(Path("a.png"))
        draw(Path("red.png"))
        draw(Path("m.png"), (5, 5, 40, 30))
        cup = ("--object", "red.png", "--object-mask", "m.png", "--at", "5,5,25,25")
        composite = ("composite", "a.png", *cup, "-o", "c.png")
        assert run(*composite, "--samples", "2")[0] == 0
        Path("c_2.png").unlink()
        assert run(*composite, "--samples", "3", "--provenance", "--skip-existing")[0] == 0
        assert len(list(Path().glob("c_[123].png"))) == 3
        assert len(list(Path().glob("c_*.json"))) == 3

    def test_crops_of_an_earlier_run_do_not_stay_among_new_ones(self) -> None:
        draw(Path("a.png"))
        for old in ("a_1.png", "a_2.png", "a_3.png"):
            draw(Path("o") / old)
        three = ("--engine", "full", "--topk", "3", "--out", "o", "--overwrite")
        code, out, _ = run("crop", "a.png", *three, "--quiet")  # there is but one full picture
        assert code == 0
        assert out.split() == ["o/a_1.png"]
        assert list(files(Path("o"))) == ["a_1.png"]


@pytest.mark.usefixtures("here")
def test_masks_lie_as_the_pictures_do() -> None:
    boxes = {"in/a/x": (5, 5, 25, 20), "in/b/x": (30, 10, 55, 35)}
    for name, box in boxes.items():
        draw(Path(f"{name}.png"))
        draw(Path(f"{name}.png".replace("in/", "masks/")), box)
    _, out, _ = run("segment-inpaint", "in", "--masks", "masks", "--out", "o", "--json", *SEGMENT)
    found = {row["input"]: row["objects"][0]["box"] for row in map(json.loads, out.splitlines())}
    assert found == {f"{name}.png": list(box) for name, box in boxes.items()}
    given = ("--engine", "centre", "--subject", "masks", "--per-subject", "--topk", "1", "--json")
    _, out, _ = run("crop", "in", *given)
    for row in map(json.loads, out.splitlines()):
        assert row["subjects"][0]["box"] == list(boxes[row["input"].removesuffix(".png")])
