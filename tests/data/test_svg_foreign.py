"""SVG of other programs: what we read from it is drawn again and compared with the original."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compose.core.errors import InputError
from compose.data.svg import read_svg, read_svg_noting, svg_text

from .svg_scenes import render

# properties of what we write, so that a renderer draws the original alike
PEN = 'fill="none" stroke="black" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"'
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64">'


def group(inside: str, more: str = "") -> str:
    return f"{HEAD}<g {PEN} {more}>{inside}</g></svg>"


SAME = {
    "all path commands": group(
        '<path d="M10,10 L20 12 h8 v6 H14 V30 l3 3z m30-25 c5,5 9,-5 12,4 s3,20 9 8 S70 5 80 20 '
        'M10 50 q5-20 12 0 t12 0 T50 50 Q60 20 62 55z l5 3"/>'
    ),
    "implicit and compact": group('<path d="m5.5.5-.5+5e0.5.5 10 10M20 20 30 30 40 20"/>'),
    "arcs": group(
        '<path d="M10 30a12 8 30 1 1 10 12A20 20 0 0 0 50 30a5 5 0 0110 0 8 3 0 01.1 5 '
        'M70 10a1 1 0 0 0 20 20 a0 4 0 0 1 -5 9 a5 5 0 0 1 0 0"/>'
    ),
    "shapes": group(
        '<rect x="5" y="5" width="20" height="12"/><rect x="30" y="5" width="20" height="12" '
        'rx="4"/><rect x="60" y="5" width="20" height="12" rx="30" ry="3"/><circle cx="15" '
        'cy="40" r="9"/><ellipse cx="45" cy="40" rx="15" ry="6"/><line x1="70" y1="30" x2="90" '
        'y2="50"/><polyline points="65,35 70,60 80,55"/><polygon points="30 55 40 62 20 60"/>'
    ),
    "transforms": group(
        '<g transform="rotate(20 48 32) scale(.8)"><path transform="translate(20,10)" d="M0 0L40 '
        '20"/><path transform="skewX(20)" stroke-width="1" d="M10 50h30"/><path transform="'
        'matrix(.7 .7 -.7 .7 60 5),translate(4)" d="M0 0C9 20 20 -20 30 0"/></g>'
    ),
    "view box": '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64" viewBox="-10 5 40 '
    f'40"><path {PEN} d="M-8 7L28 43"/></svg>',
    **{
        f"view box {box} {aspect}": '<svg xmlns="http://www.w3.org/2000/svg" width="96" '
        f'height="64" viewBox="{box}" preserveAspectRatio="{aspect}"><path {PEN} '
        'd="M2 3L45 60M2 60L45 3M30 5v54"/></svg>'
        for aspect in ("xMaxYMin slice", "xMinYMax", "xMaxYMin meet", "xMidYMax slice")
        for box in ("0 0 48 64", "1 2 60 20")
    },
    "units": '<svg xmlns="http://www.w3.org/2000/svg" width="1in" height="12.7mm"><path '
    f'{PEN} d="M5 5L90 40"/><line {PEN} x1="50%" y1="1cm" x2="9pt" y2="50%"/></svg>',
    "nested": f'{HEAD}<svg x="30" y="10" width="60" height="20" viewBox="0 0 30 30"><path {PEN} '
    'd="M1 1L29 20"/></svg></svg>',
    "styles": f"""{HEAD}<style>/* a{{ */ @media print {{path {{stroke: lime}}}} .a, .b{{stroke:
        rgb(10%, 50%, 90%);}} path{{fill:none;stroke-linecap:round;stroke-linejoin:round}}
        #c{{stroke-width:7}}</style><g style="stroke:navy;stroke-width:4 !important"><path class="x
        a" d="M5 5h50"/><path id="c" style="stroke:rgb(200,10,30);stroke-opacity:50%"
        d="M5 20h50"/><path stroke="red" style="stroke:inherit" d="M5 35h50"/><path color="teal"
        style="stroke:currentColor;opacity:.5" d="M5 50h50"/></g></svg>""",
    "colours": group(
        '<path stroke="#f00" d="M5 5h60"/><path stroke="#12ab34" d="M5 15h60"/><path '
        'stroke="cornflowerblue" d="M5 25h60"/><path stroke="hsl(90,50%,50%)" d="M5 35h60"/><path '
        'stroke="rgba(9,99,199,.5)" d="M5 45h60"/><path stroke="#f008" d="M5 55h60"/>'
    ),
    "hidden": group(
        '<path d="M5 5h50"/><g display="none"><path d="M5 20h50"/></g><g visibility="hidden">'
        '<path d="M5 35h50"/><path visibility="visible" d="M5 50h50"/></g><defs><path d="M5 60h9"'
        '/></defs><path stroke="none" d="M60 60h9"/>'
    ),
    "ground": f'{HEAD}<rect width="100%" height="100%" fill="#ffd"/><rect width="96" height="64" '
    f'fill="red" opacity=".2"/><path {PEN} d="M5 5h50"/></svg>',
}


@pytest.mark.parametrize("name", SAME)
def test_other_files_look_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.svg"
    path.write_text(SAME[name], "utf-8")
    drawing, _ = read_svg_noting(path)
    wanted, found = render(SAME[name], 4), render(svg_text(drawing), 4)
    assert wanted.shape == found.shape
    difference = np.abs(wanted - found)
    assert difference.mean() < 0.12
    assert (difference.max(-1) > 24).mean() < 0.002
    assert found.std() > 5  # something is drawn


def test_what_is_left_out_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text(
        f'{HEAD}<g clip-path="url(#a)"><path stroke="red" d="M0 0h9v9"/></g><rect width="9" '
        'height="9"/><image href="file:///etc/passwd"/><use href="#b"/><path fill="none" '
        'stroke="url(#c)" d="M0 0h4"/><line stroke="red" stroke-dasharray="2" x2="9"/></svg>'
    )
    drawing, notes = read_svg_noting(path)
    assert len(drawing) == 3
    assert notes == (
        "clip-path: 1",
        "dashes: 1",
        "fills: 2",
        "image: 1",
        "strokes without a plain colour: 1",
        "use: 1",
    )


def test_a_width_may_be_told_not_to_scale(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    line = '<path transform="scale(4 9)" {} d="M2 2L20 5"/>'
    path.write_text(
        group(line.format('vector-effect="non-scaling-stroke"') + line.format("")), "utf-8"
    )
    assert read_svg(path).width.tolist() == [3, 18]


def test_words_of_all_properties(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    pens = (
        'opacity="inherit"',
        'style="opacity:initial; stroke-width: unset"',
        'stroke-width="initial"',
        'style="stroke-width: 0.5rem"',
    )
    path.write_text(group("".join(f'<path d="M2 2L20 5" {pen}/>' for pen in pens)), "utf-8")
    drawing = read_svg(path)
    assert drawing.width.tolist() == [3, 3, 1, 8]
    assert drawing.opacity.tolist() == [1, 1, 1, 1]


def test_of_a_switch_one_alternative_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    one, two = ('<g><path d="M2 2L20 5"/></g>', '<path d="M9 9L9 30"/><path d="M1 1h3"/>')
    path.write_text(group(f"<switch><foreignObject/>{one}{two}</switch>{one}"), "utf-8")
    drawing, notes = read_svg_noting(path)
    assert drawing.points[:, 0].tolist() == [[2, 2], [2, 2]]
    assert notes == ("foreignObject: 1",)


def test_an_origin_of_transforms_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    turned = 'transform="rotate(90)" transform-origin="50 50"'
    path.write_text(group(f'<path {turned} d="M2 2L20 5"/>'), "utf-8")
    assert read_svg_noting(path)[1] == ("transform-origin: 1",)


def test_size_from_the_view_box(tmp_path: Path) -> None:
    for attributes, size in (
        ('viewBox="0 0 30 20"', (30, 20)),
        ('viewBox="0 0 30 20" width="100%" height="100%"', (30, 20)),
        ('viewBox="0 0 30 20" width="60"', (60, 40)),
        ('viewBox="0 0 30 20" height="2in"', (288, 192)),
    ):
        path = tmp_path / "a.svg"
        path.write_text(f"<svg {attributes}><path {PEN} d='M0 0L30 20'/></svg>")
        drawing = read_svg(path)
        assert drawing.size == size
        assert drawing.points[0, 3] == pytest.approx(size)
        assert drawing.width == pytest.approx(3 * size[0] / 30)


def test_a_stretched_view_box(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    head = '<svg width="90" height="80" viewBox="10 0 30 20" preserveAspectRatio="none">'
    path.write_text(f'{head}<path {PEN} d="M10 0L40 5"/></svg>')
    drawing = read_svg(path)
    np.testing.assert_allclose(drawing.points[0, [0, 3]], [[0, 0], [90, 20]])
    np.testing.assert_allclose(drawing.width, 3 * (3 * 4) ** 0.5)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.svg"
    declared = encoding.removesuffix("-sig")
    head = f'<?xml version="1.0" encoding="{declared}"?><!-- é -->'
    path.write_bytes((head + group('<path d="M0 0h9"/>')).encode(encoding))
    assert len(read_svg(path)) == 1


def test_a_drawing_of_fills_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text(f'{HEAD}<circle r="9"/><text>a</text></svg>')
    with pytest.raises(
        InputError,
        match=r"no strokes \(left out were fills: 1, text: 1\); give lines a stroke colour\.$",
    ):
        read_svg(path)
