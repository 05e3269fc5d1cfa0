"""Our picture of a drawing and that of another renderer, which reads the file that we write."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from compose.core.drawing import Drawing
from compose.data.svg import read_svg, svg_text, write_svg
from compose.stages.sketch_raster import raster, stretched

ALIKE = 3.0  # grey levels of 255, mean absolute difference


def by_resvg(path: Path) -> NDArray[np.float64]:
    """HxWx3 in [0, 255]."""
    import resvg_py

    png = resvg_py.svg_to_bytes(svg_path=str(path), dpi=96, skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float64)


def drawn(
    seed: int, strokes: int, size: tuple[int, int], widths: tuple[float, float], *, black: bool
) -> Drawing:
    """Strokes all over the canvas; some leave it, every sixth is a dot, a line, a cusp, a ring."""
    draw = np.random.default_rng(seed)
    start = draw.uniform(-0.1, 1.1, (strokes, 1, 2)) * size
    points = start + np.cumsum(draw.normal(0, max(size) / 9, (strokes, 4, 2)), 1)
    kind = np.arange(strokes) % 24
    points[kind == 5] = points[kind == 5, :1]
    points[kind == 11] = np.linspace(points[kind == 11, 0], points[kind == 11, 3], 4, axis=1)
    points[kind == 17, 1], points[kind == 17, 2] = points[kind == 17, 2], points[kind == 17, 1]
    points[kind == 23, 3] = points[kind == 23, 0]
    return Drawing(
        points,
        draw.uniform(*widths, strokes),
        np.zeros((strokes, 3)) if black else np.round(draw.random((strokes, 3)) * 255) / 255,
        np.ones(strokes) if black else draw.uniform(0.2, 1, strokes),
        size,
    )


SCENES = [
    *((seed, 48, (224, 149), (1.5, 1.5), True) for seed in range(4)),
    *((seed, 48, (150, 224), (0.5, 6), False) for seed in range(4)),
    *((seed, 50, (320, 200), (0.1, 20), False) for seed in range(4)),
    (0, 1000, (600, 400), (0.1, 12), True),
    (1, 1000, (400, 600), (0.1, 12), False),
]


@pytest.mark.parametrize(("seed", "strokes", "size", "widths", "black"), SCENES)
def test_another_renderer_of_the_file_draws_the_same(
    tmp_path: Path, seed: int, strokes: int, size: tuple[int, int],
    widths: tuple[float, float], black: bool,
) -> None:  # fmt: skip
    made = drawn(seed, strokes, size, widths, black=black)
    write_svg(made, tmp_path / "a.svg")
    back = read_svg(tmp_path / "a.svg")
    theirs, ours = by_resvg(tmp_path / "a.svg"), raster(back).astype(np.float64)
    assert theirs.shape == ours.shape == (size[1], size[0], 3)
    difference = np.abs(theirs - ours)
    assert difference.mean() < ALIKE
    assert np.abs(ours - 255).mean() > 4 * difference.mean()  # they agree on more than paper
    # what the file rounds away is not seen
    assert np.abs(raster(made).astype(float) - ours).mean() < 0.1
    assert svg_text(back) == (tmp_path / "a.svg").read_text("utf-8")


def test_a_picture_has_the_drawings_background_and_whole_pixels() -> None:
    empty = Drawing(
        np.empty((0, 4, 2)), np.empty(0), np.empty((0, 3)), np.empty(0), (20.4, 9.6), (1, 0.5, 0)
    )
    picture = raster(empty)
    assert picture.shape == (10, 20, 3)
    assert picture.dtype == np.uint8
    assert (picture == [255, 128, 0]).all()


def test_a_stretched_drawing_has_the_stretched_picture() -> None:
    made = drawn(3, 20, (60, 40), (2, 3), black=True)
    large = raster(stretched(made, (240, 160))).astype(float)
    small = large.reshape(40, 4, 60, 4, 3).mean((1, 3))
    assert np.abs(small - raster(made)).mean() < 1.5
    again = stretched(replace(made, size=(60, 41)), (240, 164))
    np.testing.assert_allclose(again.points, made.points * 4)
    np.testing.assert_allclose(again.width, made.width * 4)
