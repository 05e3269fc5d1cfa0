"""Files that mean harm or are broken: one sentence each, soon, and nothing fetched."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.errors import InputError
from compose.data.svg import read_svg, svg_text
from compose.data.svg_path import cubics_of_path

from .svg_scenes import random_drawing

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64">'
PATH = '<path stroke="red" d="M0 0h9"/>'


def path(d: str, more: str = "") -> str:
    return f'{HEAD}<path stroke="red" {more} d="{d}"/></svg>'


LAUGHS = '<!DOCTYPE svg [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
REFUSED = {
    "billion laughs": (f"{LAUGHS}]>{HEAD}{PATH}<text>&i;</text></svg>", "DOCTYPE"),
    "external entity": (
        f'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>{HEAD}{PATH}&a;</svg>',
        "DOCTYPE",
    ),
    "external DTD": (
        f'<!DOCTYPE svg SYSTEM "http://127.0.0.1/a.dtd">{HEAD}{PATH}</svg>',
        "DOCTYPE",
    ),
    "undefined entity": (f"{HEAD}{PATH}&a;</svg>", "is no SVG"),
    "deep nesting": (HEAD + "<g>" * 5000 + PATH + "</g>" * 5000 + "</svg>", "nested deeper"),
    "long inherited value": (
        f'{HEAD}<g stroke="{"rgb(" * 100}">{PATH}</g></svg>',
        "value is too long",
    ),
    "use loop": (f'{HEAD}<g id="a"><use href="#a"/></g></svg>', "holds no strokes"),
    "not a number": (path("M nan 0 L 1 1"), "line 1 of .* cannot be read"),
    "infinite": (path("M 1e999 0 L 1 1"), "too large"),
    "far away": (path("M 0 0 L 1e7 1"), "more than 1000000 pixels wide or away"),
    "scaled to infinity": (path("M 0 0 L 1 1", 'transform="scale(1e300) scale(1e300)"'), "away"),
    "arc to infinity": (path("M 0 0 A 1e308 1e-308 0 0 0 1e308 1"), "away"),
    "wide": (path("M 0 0 L 1 1", 'stroke-width="1e9"'), "away"),
    "negative width": (path("M 0 0 L 1 1", 'stroke-width="-1"'), "negative"),
    "endless digits": (path("M " + "9" * 100_000 + " 0"), "no number"),
    "no moveto": (path("L 1 1"), "does not begin with M"),
    "missing numbers": (path("M 0 0 C 1 1 2"), "where a number must"),
    "letters": (path("M 0 0 X 1 1"), "where a number must|where a command must"),
    "flag of an arc": (path("M0 0A1 1 0 2 0 5 5"), "where 0 or 1 must"),
    "wrong transform": (path("M 0 0 h 1", 'transform="wiggle(1)"'), "no transform"),
    "empty view box": (f'<svg viewBox="0 0 0 5">{PATH}</svg>', "viewBox"),
    "no size": (f"<svg>{PATH}</svg>", "tells no size"),
    "negative size": (f'<svg width="-5" height="5">{PATH}</svg>', "not above 0"),
    "huge size": (f'<svg width="1e6" height="5">{PATH}</svg>', "100000 pixels"),
    "too many strokes": (path("M0 0" + "h1" * 20_001), "more than 20,000 strokes"),
    "cut short": (HEAD + PATH, "is no SVG"),
    "html": ("<html><body/></html>", "is XML but no SVG"),
    "empty": ("", "is no SVG"),
    "text": ("hello", "is no SVG"),
    "unknown encoding": (f'<?xml version="1.0" encoding="nonsense"?>{HEAD}</svg>', "is no SVG"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    text, message = REFUSED[name]
    file = tmp_path / "a\n.svg"
    file.write_text(text, "utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_svg(file)
    said = str(caught.value)
    assert "a\\n.svg" in said
    assert said.isprintable()
    assert said.endswith(".")
    assert len(said) < 300 + len(str(tmp_path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_nothing_external_is_opened(tmp_path: Path) -> None:
    """A pipe without a writer would be waited for; reading it would hang this test."""
    os.mkfifo(tmp_path / "pipe")
    file = tmp_path / "a.svg"
    link = 'xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href'
    file.write_text(
        f'<?xml-stylesheet href="pipe"?>{HEAD}<image {link}="pipe"/><use {link}="pipe#a"/>'
        f"<style>@import url(pipe); path{{stroke:url(pipe) blue}}</style>{PATH}</svg>"
    )
    assert read_svg(file).color.tolist() == [[0, 0, 1]]
    with pytest.raises(InputError, match="is no file"):
        read_svg(tmp_path / "pipe")


def test_missing_large_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no file"):
        read_svg(tmp_path / "missing.svg")
    file = tmp_path / "a.svg"
    with file.open("wb") as opened:
        opened.truncate((8 << 20) + 1)
    with pytest.raises(InputError, match="larger than 8 MiB"):
        read_svg(file)
    file.write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="is no SVG"):
        read_svg(file)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}<style>{'/*' * 400_000}</style>{PATH}</svg>",
        f"{HEAD}<style>{'a' * 800_000}</style>{PATH}</svg>",
        f"{HEAD}<style>{'@{' * 400_000}</style>{PATH}</svg>",
        f"{HEAD}<style>{'a,' * 400_000}{{stroke:red}}</style>{PATH}</svg>",
        f'{HEAD}<path style="{"/*" * 400_000}" stroke="red" d="M0 0h1"/></svg>',
        f"{HEAD}<style>path{{{'a:b;' * 99_999}}}</style>{'<path/>' * 9999}{PATH}</svg>",
        f"{HEAD}<style>g{{stroke:{'a' * 800_000}}}</style>{'<g/>' * 99_999}{PATH}</svg>",
        f'{HEAD}<path stroke="red" d="M0 0{" " * 800_000}h1"/></svg>',
        f'{HEAD}<path stroke="red" d="{"M0 0" * 200_000}h1"/></svg>',
        f'{HEAD}<path stroke="red" transform="{"scale(1)" * 100_000}" d="M0 0h1"/></svg>',
    ],
)  # fmt: skip
def test_cost_grows_with_the_size_only(tmp_path: Path, text: str) -> None:
    """Each would take from minutes to hours if it grew with the square of the size."""
    file = tmp_path / "a.svg"
    file.write_text(text)
    assert len(read_svg(file)) == 1


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_damaged_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, seed: int, harms: int
) -> None:
    draw = np.random.default_rng(seed)
    data = bytearray(svg_text(random_drawing(seed, 3), rounds=[1, 1, 2]).encode())
    for _ in range(harms):
        at = int(draw.integers(len(data)))
        if draw.random() < 0.5:
            data[at] = int(draw.integers(256))
        else:
            del data[at : at + int(draw.integers(1, 20))]
    file = tmp_path_factory.mktemp("svg") / "a.svg"
    file.write_bytes(data)
    try:
        strokes, said = len(read_svg(file)), ""
    except InputError as error:
        strokes, said = 1, str(error)
    assert 1 <= strokes <= 20_000
    assert said.isprintable()


@settings(max_examples=300, deadline=None)
@given(st.text("MmLlHhVvCcSsQqTtAaZz0123456789.-+eE, \n", max_size=60))
def test_any_path_data_is_read_or_refused(data: str) -> None:
    try:
        cubics = list(cubics_of_path(data))
    except ValueError:
        return
    assert np.array(cubics, float).reshape(-1, 4, 2).shape == (len(cubics), 4, 2)
    assert not cubics or data.lstrip(", \n")[0] in "Mm"
