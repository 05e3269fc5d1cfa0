"""Figures of drawn sketches of a drawn photograph."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from compose.core.drawing import Drawing
from compose.core.errors import InputError, UsageError
from compose.data.svg import write_svg
from compose.stages import sketch_networks
from compose.stages.evaluate_sketch import compare_sets, evaluate_sketch, mean_figures
from compose.stages.sketch_networks import Networks, open_networks
from compose.stages.sketch_pair import Pairing, read_pair
from compose.stages.sketch_raster import raster, stretched

torch = pytest.importorskip("torch")

BOX = (12.0, 20.0, 80.0, 44.0)  # a dark box on a light ground of 96 x 64
PAIRING = Pairing(canvas=96)


class Means:
    """An encoder that sees mean colours alone."""

    name, source = "means", "nobody's"

    def features(self, pictures):
        return [pictures.mean((2, 3))]

    def distance(self, sketch, target):
        return (sketch[0] - target[0]).abs().sum(1)

    def embedding(self, pictures):
        return torch.nn.functional.normalize(pictures.mean((2, 3)), dim=1)


NETWORKS = Networks(Means(), Means())


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    picture = Image.new("RGB", (96, 64), (240, 240, 240))
    x1, y1, x2, y2 = BOX
    ImageDraw.Draw(picture).rectangle((x1, y1, x2 - 1, y2 - 1), (40, 60, 50))
    path = tmp_path / "box.png"
    picture.save(path)
    return path


def outline(scale: float = 1.0, *, sides: int = 4, shift: float = 0.0) -> Drawing:
    """The box's outline as straight strokes on a canvas of 96 x 64 times `scale`."""
    x1, y1, x2, y2 = BOX
    corners = np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2), (x1, y1)]) + shift
    t = np.linspace(0, 1, 4)[:, None]
    points = np.array([a + t * (b - a) for a, b in pairwise(corners)])[:sides]
    return Drawing(
        points * scale, np.full(sides, 2 * scale), np.zeros((sides, 3)), np.ones(sides),
        (96 * scale, 64 * scale),
    )  # fmt: skip


def saved(drawing: Drawing, path: Path) -> Path:
    write_svg(drawing, path)
    return path


def test_an_outline_covers_its_edges(photo: Path, tmp_path: Path) -> None:
    scores = evaluate_sketch(saved(outline(), tmp_path / "a.svg"), photo, NETWORKS, PAIRING)
    assert scores.edge_recall == scores.edge_precision == scores.edge_f1 == 1
    assert scores.strokes == 4
    assert scores.length == pytest.approx(2 * (68 + 24), rel=1e-3)
    assert scores.ink == pytest.approx(2 * 2 * (68 + 24) / (96 * 64), rel=0.02)
    assert scores.seconds is None


def test_washes_are_seen_and_are_no_ink(photo: Path, tmp_path: Path) -> None:
    across = np.linspace((0, 32), (96, 32), 4)[None]
    wash = Drawing(across, np.array([64.0]), np.full((1, 3), 0.4), np.ones(1), (96, 64))
    plain = evaluate_sketch(saved(outline(), tmp_path / "a.svg"), photo, NETWORKS, PAIRING)
    both = outline().painted_over(wash)
    scores = evaluate_sketch(saved(both, tmp_path / "b.svg"), photo, NETWORKS, PAIRING)
    assert (scores.edge_f1, scores.ink, scores.strokes) == (1, plain.ink, 5)
    assert scores.ssim != plain.ssim
    assert scores.perceptual != plain.perceptual


def test_three_sides_and_far_off(photo: Path, tmp_path: Path) -> None:
    def of(drawing: Drawing):
        return evaluate_sketch(saved(drawing, tmp_path / "a.svg"), photo, NETWORKS, PAIRING)

    whole, three, off = map(of, (outline(), outline(sides=3), outline(shift=7)))
    assert three.edge_precision == 1
    assert 1 - 24 / 184 < three.edge_recall < 1 - 18 / 184  # what is near a corner is covered
    assert off.edge_f1 < 0.2
    assert whole.ssim > off.ssim


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    path = tmp_path / "blank.png"
    Image.new("RGBA", (96, 64), (0, 0, 0, 0)).save(path)
    return path


def test_a_blank_page_has_no_precision(photo: Path, blank: Path) -> None:
    scores = evaluate_sketch(blank, photo, NETWORKS, PAIRING)
    assert (scores.edge_recall, scores.edge_precision, scores.edge_f1) == (0, None, None)
    assert (scores.ink, scores.strokes) == (0, None)


def test_networks_see_both_pictures(photo: Path, blank: Path) -> None:
    with Image.open(photo) as picture:
        means = np.asarray(picture, np.float64).mean((0, 1)) / 255
    scores = evaluate_sketch(blank, photo, NETWORKS, PAIRING)
    assert scores.perceptual == pytest.approx((1 - means).sum(), abs=1e-5)
    assert scores.cosine == pytest.approx(means.sum() / np.linalg.norm(means) / 3**0.5, abs=1e-5)


def test_strokes_beside_the_canvas_leave_it_blank() -> None:
    assert (raster(outline(shift=500)) == 255).all()


def test_what_is_not_drawn_is_said(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64">'
        '<circle cx="30" cy="30" r="9"/><path stroke="black" fill="none" d="M1 2L60 50"/></svg>'
    )
    scores = evaluate_sketch(tmp_path / "a.svg", photo, NETWORKS, PAIRING)
    assert scores.strokes == 1
    assert scores.left_out == ("fills: 1",)


def test_the_photograph_itself_is_the_best_sketch(photo: Path) -> None:
    scores = evaluate_sketch(photo, photo, NETWORKS, PAIRING, seconds=3.5)
    assert scores.ssim == pytest.approx(1)
    assert scores.perceptual == 0
    assert scores.cosine == pytest.approx(1)
    assert (scores.strokes, scores.length, scores.seconds) == (None, None, 3.5)


def test_a_drawing_and_its_picture_measure_alike(photo: Path, tmp_path: Path) -> None:
    drawing = outline(sides=3)
    Image.fromarray(raster(drawing)).save(tmp_path / "a.png")
    as_svg = evaluate_sketch(saved(drawing, tmp_path / "a.svg"), photo, NETWORKS, PAIRING)
    as_png = evaluate_sketch(tmp_path / "a.png", photo, NETWORKS, PAIRING)
    for name in ("ssim", "perceptual", "cosine", "edge_recall", "edge_precision", "ink"):
        assert getattr(as_png, name) == pytest.approx(getattr(as_svg, name), abs=1e-9)


def test_the_drawings_own_canvas_does_not_matter(photo: Path, tmp_path: Path) -> None:
    small = evaluate_sketch(saved(outline(), tmp_path / "a.svg"), photo, NETWORKS, PAIRING)
    large = evaluate_sketch(saved(outline(2.5), tmp_path / "b.svg"), photo, NETWORKS, PAIRING)
    assert large.length == pytest.approx(small.length, rel=1e-4)
    assert large.ssim == pytest.approx(small.ssim, abs=1e-3)
    assert large.edge_recall == small.edge_recall


def test_rounded_canvases_still_fit(tmp_path: Path) -> None:
    Image.new("RGB", (1200, 803), "grey").save(tmp_path / "photo.png")
    drawing = stretched(outline(), (64, 43))
    pair = read_pair(saved(drawing, tmp_path / "a.svg"), tmp_path / "photo.png", Pairing())
    assert pair.size == (224, 150)
    assert pair.sketch.shape == pair.photo.shape == (150, 224, 3)
    assert pair.drawing is not None
    np.testing.assert_allclose(pair.drawing.points[0, 0], (12 * 224 / 96, 20 * 150 / 64), rtol=1e-3)


def test_other_proportions_need_a_word(photo: Path, tmp_path: Path) -> None:
    square = saved(stretched(outline(), (96, 96)), tmp_path / "a.svg")
    with pytest.raises(InputError, match="--squash"):
        evaluate_sketch(square, photo, NETWORKS, PAIRING)
    squashed = evaluate_sketch(square, photo, NETWORKS, Pairing(canvas=96, squash=True))
    assert squashed.edge_recall == squashed.edge_precision == 1
    strip = saved(stretched(outline(), (960, 64)), tmp_path / "b.svg")
    with pytest.raises(UsageError, match="--canvas"):
        evaluate_sketch(strip, photo, NETWORKS, Pairing(canvas=96, squash=True))


def test_a_photograph_on_a_square_with_a_margin(photo: Path, tmp_path: Path) -> None:
    points = outline().points + np.array([10, (116 - 64) / 2])
    framed = Drawing(points, np.full(4, 2.0), np.zeros((4, 3)), np.ones(4), (116, 116))
    scores = evaluate_sketch(
        saved(framed, tmp_path / "a.svg"), photo, NETWORKS, Pairing(canvas=116, fix_scale=True)
    )
    assert scores.edge_precision == 1
    with pytest.raises(InputError, match="--fix-scale"):
        evaluate_sketch(tmp_path / "a.svg", photo, NETWORKS, Pairing(canvas=116))


def test_colours_and_background_reach_the_pixels() -> None:
    line = np.array([[[0, 8], [8, 8], [16, 8], [24, 8]]])
    drawing = Drawing(
        line, np.array([6.0]), np.array([[1.0, 0.5, 0.0]]), np.array([0.5]), (24, 16), (0, 0, 1)
    )
    pixels = raster(drawing)
    assert pixels.shape == (16, 24, 3)
    assert pixels.dtype == np.uint8
    assert pixels[1, 12].tolist() == [0, 0, 255]
    np.testing.assert_allclose(pixels[8, 12], (127.5, 63.75, 127.5), atol=1)


def test_auto_takes_the_best_network_that_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"vgg16-hed", "builtin"}

    def only(name: str, device: str, user: object) -> object:
        if name not in here:
            raise sketch_networks.ComposeError(f"{name} is absent; fetch it.")
        return SimpleNamespace(name=name)

    monkeypatch.setattr(sketch_networks, "_open", only)
    networks, missed = open_networks()
    assert (networks.perceptual.name, networks.embedding.name) == ("vgg16-hed", "builtin")
    assert missed == ["vgg16 is absent; fetch it.", "clip-rn101 is absent; fetch it."]
    with pytest.raises(sketch_networks.ComposeError, match="clip-vit-b32 is absent"):
        open_networks(embedding="clip-vit-b32")


FIGURES = {
    "ssim": 0.5, "perceptual": 1.0, "cosine": 0.8, "edge_recall": 0.4, "edge_precision": None,
    "edge_f1": None, "ink": 0.1, "strokes": 16, "length": 100.0, "seconds": None,
}  # fmt: skip


def test_means_are_over_what_is_there() -> None:
    other = FIGURES | {"ssim": 0.7, "edge_precision": 0.9, "strokes": None}
    mean = mean_figures([FIGURES, other])
    assert mean["ssim"] == pytest.approx(0.6)
    assert (mean["edge_precision"], mean["strokes"], mean["seconds"]) == (0.9, 16, None)


def test_sets_are_compared_photograph_by_photograph() -> None:
    first = {
        "a": [FIGURES, FIGURES | {"ssim": 0.7}],
        "b": [FIGURES],
        "c": [FIGURES],
        "x": [FIGURES],
    }
    second = {
        "a": [FIGURES | {"ssim": 0.4, "perceptual": 2.0}],
        "b": [FIGURES | {"perceptual": 0.5}],
        "c": [FIGURES | {"ssim": 0.8, "perceptual": 2.0}],
        "y": [FIGURES],
    }
    rows = {row.measure: row for row in compare_sets(first, second)}
    assert set(rows) == {"ssim", "perceptual", "cosine", "edge_recall"}
    ssim, distance = rows["ssim"], rows["perceptual"]
    assert ssim.difference == pytest.approx((0.2 + 0 - 0.3) / 3)
    assert (ssim.wins, ssim.ties, ssim.photographs) == (1, 1, 3)
    assert distance.difference == pytest.approx((-1 + 0.5 - 1) / 3)
    assert (distance.wins, distance.ties) == (2, 0)
    assert distance.low == pytest.approx(-1)
    assert compare_sets(first, {"z": [FIGURES]}) == []
