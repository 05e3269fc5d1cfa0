from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.drawing import Drawing
from compose.core.errors import OutputError
from compose.data.svg import number, read_svg, read_svg_noting, svg_text, write_svg

from .svg_scenes import SIZE, random_drawing, render

NAME = "{http://www.w3.org/2000/svg}"


def assert_nearly(a: Drawing, b: Drawing) -> None:
    """Equal up to the rounding of the file: 3 decimals, 4 for opacities, 8 bits for colours."""
    np.testing.assert_allclose(a.points, b.points, atol=0.00051, rtol=0)
    np.testing.assert_allclose(a.width, b.width, atol=0.00051, rtol=0)
    np.testing.assert_allclose(a.opacity, b.opacity, atol=0.000051, rtol=0)
    np.testing.assert_allclose(a.color, b.color, atol=0.5001 / 255, rtol=0)
    np.testing.assert_allclose(a.background, b.background, atol=0.5001 / 255, rtol=0)
    assert a.size == b.size


def test_a_thousand_strokes_come_back(tmp_path: Path) -> None:
    made = replace(random_drawing(1, 1000), background=(0.9, 0.8, 0.7))
    write_svg(made, tmp_path / "a.svg")
    read, notes = read_svg_noting(tmp_path / "a.svg")
    assert_nearly(read, made)
    assert notes == ()
    assert svg_text(read) == (tmp_path / "a.svg").read_text("utf-8")


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.tuples(st.floats(0.5, 5000), st.floats(0.5, 5000)),
)
def test_text_is_the_same_after_reading(
    tmp_path_factory: pytest.TempPathFactory, seed: int, count: int, size: tuple[float, float]
) -> None:
    path = tmp_path_factory.mktemp("svg") / "a.svg"
    size = (round(size[0], 6), round(size[1], 6))
    made = random_drawing(seed, count, size)
    write_svg(made, path)
    assert_nearly(read_svg(path), made)
    assert svg_text(read_svg(path)) == svg_text(made)


def test_coordinates_of_any_size_stay_plain_decimals() -> None:
    assert [number(v) for v in (0, -0.0001, 1e-9, 2.5, -12.3456, 123456789.0, 100)] == [
        "0",
        "0",
        "0",
        "2.5",
        "-12.346",
        "123456789",
        "100",
    ]


def test_the_file_is_as_documented() -> None:
    made = random_drawing(2, 5, (300.5, 200))
    made = replace(made, opacity=np.array([1, 0.25, 1, 1, 0.99999]))
    root = ET.fromstring(svg_text(made, title="a < b\n&").encode())
    wanted = {"version": "1.1", "width": "300.5", "height": "200", "viewBox": "0 0 300.5 200"}
    assert root.attrib == wanted
    assert root.findtext(f"{NAME}title") == "a < b\\n&"
    ground, *paths = list(root)[1:]
    assert ground.attrib["fill"] == "#ffffff"
    assert [p.attrib["id"] for p in paths] == [f"stroke-00{i}" for i in range(1, 6)]
    assert [p.get("stroke-opacity") for p in paths] == [None, "0.25", None, None, None]
    for path, width in zip(paths, made.width, strict=True):
        assert path.attrib["fill"] == "none"
        assert path.attrib["stroke-linecap"] == path.attrib["stroke-linejoin"] == "round"
        assert float(path.attrib["stroke-width"]) == pytest.approx(width, abs=0.0005)


def test_rounds_become_layers_and_names_stay(tmp_path: Path) -> None:
    made = random_drawing(3, 6)
    root = ET.fromstring(svg_text(made, rounds=[1, 1, 2, 2, 2, 4]).encode())
    groups = root.findall(f"{NAME}g")
    assert [g.attrib["id"] for g in groups] == ["round-1", "round-2", "round-4"]
    assert [len(g) for g in groups] == [2, 3, 1]
    label = "{http://www.inkscape.org/namespaces/inkscape}label"
    assert groups[1].attrib[label] == "Round 2"
    plain = ET.fromstring(svg_text(made).encode())
    assert [p.attrib for p in root.iter(f"{NAME}path")] == [
        p.attrib for p in plain.iter(f"{NAME}path")
    ]
    write_svg(made, tmp_path / "a.svg", rounds=[1, 1, 2, 2, 2, 4])
    assert_nearly(read_svg(tmp_path / "a.svg"), made)


def test_round_0_is_the_layer_of_washes() -> None:
    root = ET.fromstring(svg_text(random_drawing(1, 3), rounds=[0, 0, 1]).encode())
    layers = [(each.get("id"), len(each)) for each in root if each.tag.endswith("}g")]
    assert layers == [("washes", 2), ("round-1", 1)]


@pytest.mark.parametrize("rounds", [[1, 2], [2, 1, 1], [1] * 4])
def test_rounds_that_fit_not_are_refused(rounds: list[int]) -> None:
    with pytest.raises(ValueError, match="rounds"):
        svg_text(random_drawing(4, 3), rounds=rounds)


def test_writing_is_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.svg").mkdir()
    with pytest.raises(OutputError, match="move that folder away"):
        write_svg(random_drawing(5, 2), tmp_path / "a.svg")
    assert os.listdir(tmp_path) == ["a.svg"]


def test_another_renderer_draws_what_was_meant() -> None:
    """A slow picture of our own: a pixel is inked where a disc along the curve covers it."""
    width, height, zoom = *SIZE, 4
    draw = np.random.default_rng(6)
    points = draw.uniform(5, 60, (6, 4, 2))
    points[5] = points[5, :1]  # a dot
    made = Drawing(
        points, draw.uniform(2, 8, 6), np.round(draw.random((6, 3)) * 255) / 255,
        np.array([1, 0.5, 0.8, 1, 0.3, 1]), SIZE, (1, 0.8, 0.6),
    )  # fmt: skip
    y, x = (np.mgrid[: height * zoom, : width * zoom] + 0.5) / zoom
    wanted = np.empty((height * zoom, width * zoom, 3))
    wanted[:] = made.background
    t = np.linspace(0, 1, 400)[:, None]
    for a, stroke_width, color, opacity in zip(
        made.points, made.width, made.color, made.opacity, strict=True
    ):
        curve = (1 - t) ** 3 * a[0] + 3 * t * (1 - t) ** 2 * a[1]
        curve = curve + 3 * t**2 * (1 - t) * a[2] + t**3 * a[3]
        near = np.full(x.shape, np.inf)
        for px, py in curve:
            near = np.minimum(near, (x - px) ** 2 + (y - py) ** 2)
        inked = opacity * (near <= (stroke_width / 2) ** 2)[..., None]
        wanted = wanted * (1 - inked) + color * inked
    difference = np.abs(render(svg_text(made), zoom) - wanted * 255)
    assert difference.mean() < 0.6  # hard edges against smooth ones, 4 to a pixel
    assert (difference.max(-1) > 3).mean() < 0.05


def test_rounding_is_not_seen() -> None:
    made = random_drawing(7, 48)
    made = replace(made, color=np.round(made.color * 255) / 255, width=made.width / 5)
    moved = 0.0004  # less than what the third decimal rounds away
    exact = render(svg_text(made), 4)
    other = render(svg_text(replace(made, points=made.points + moved)), 4)
    assert np.abs(exact - other).mean() < 0.1
