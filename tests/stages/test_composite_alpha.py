"""Composites over backgrounds with transparency, laid on white again, are what was composed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from compose.cli.main import COMMANDS, run
from compose.core.images import Picture
from compose.core.opening import Header
from compose.stages.composite_alpha import over_transparent
from compose.stages.composite_engine import Composed, Placed, Scene

WIDE, HIGH = 5, 4
HEADER = Header(Path("a.png"), "PNG", WIDE, HIGH, 1, "RGBA")
bytes_of = st.integers(0, 255)
pixels = arrays(np.uint8, (HIGH, WIDE, 3), elements=bytes_of)
planes = arrays(np.uint8, (HIGH, WIDE), elements=bytes_of)


@given(pixels, planes, pixels, arrays(bool, (HIGH, WIDE)), planes)
def test_on_white_it_is_what_was_composed(rgb, alpha, made, zone, cover):
    picture = Picture(rgb, alpha, HEADER)
    base = picture.over()
    made = np.where(zone[..., None], made, base)
    soft = (cover / 255).astype(np.float32)
    box = (0, 0, WIDE, HIGH)
    cup = Placed("cup", np.zeros((HIGH, WIDE, 3), np.float32), soft, box, box)
    own, opacity = over_transparent(picture, Scene(base, (cup,), (0,)), Composed(made, zone))
    assert (own[~zone] == rgb[~zone]).all()
    assert (opacity[~zone] == alpha[~zone]).all()
    there = Picture(own, opacity, HEADER).over().astype(int)
    assert abs(there - made).max() <= 1
    # where an object is, it is there; and what was opaque stays so
    assert (opacity[zone] >= np.maximum(alpha, cover)[zone].astype(int) - 1).all()


def test_an_opaque_background_stays_without_alpha():
    rgb = np.zeros((HIGH, WIDE, 3), np.uint8)
    made = Composed(rgb + 9, np.ones((HIGH, WIDE), bool))
    own, alpha = over_transparent(Picture(rgb, None, HEADER), Scene(rgb, (), ()), made)
    assert alpha is None
    assert (own == 9).all()


def test_a_soft_ball_on_nothing_has_a_soft_edge(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[:80, :80] - 39.5
    soft = np.clip((30 - np.hypot(x, y)) / 8, 0, 1)
    ball = np.zeros((80, 80, 4), np.uint8)
    ball[..., 3] = np.rint(soft * 255)
    Image.fromarray(ball).save("ball.png")
    ground = np.zeros((100, 140, 4), np.uint8)
    ground[:, :40] = (16, 21, 120, 128)
    Image.fromarray(ground).save("ground.png")
    line = "composite ground.png --object ball.png --at 40,10,120,90 -o out.png --json --no-shadow"
    assert run(COMMANDS, line.split()) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["files"][0]["outside_difference_in_file"] == 0
    with Image.open("out.png") as image:
        out = np.asarray(image)
    assert (out[:, :30] == ground[:, :30]).all()
    levels = np.unique(out[50, 60:120, 3])
    assert len(levels) > 6  # of a soft edge
    assert (out[..., :3][out[..., 3] > 0].max(-1)[200:] < 140).all()  # nothing of the white


def test_a_mask_on_what_is_transparent_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (60, 40), (90, 120, 90)).save("ground.png")
    cup = np.zeros((20, 20, 4), np.uint8)
    cup[5:15, 5:15] = (200, 30, 30, 255)
    Image.fromarray(cup).save("cup.png")
    mask = np.zeros((20, 20), np.uint8)
    mask[:3, :3] = 255
    Image.fromarray(mask).save("mask.png")
    line = "composite ground.png --object cup.png --object-mask mask.png --at 5,5,25,25 -o o.png"
    assert run(COMMANDS, line.split()) == 1
    assert "lies where it is transparent" in capsys.readouterr().err
