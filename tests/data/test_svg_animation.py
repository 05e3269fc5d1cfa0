from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.core.drawing import Drawing
from compose.data.svg import read_svg_noting, svg_text
from compose.data.svg_animation import animated_svg

from .svg_scenes import random_drawing, render

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


def times(text: str) -> np.ndarray:
    found = re.findall(r"animation-delay:([\d.]+)s;animation-duration:([\d.]+)s", text)
    return np.array(found, float)


def test_without_animation_it_is_the_drawing(tmp_path: Path) -> None:
    made = random_drawing(1, 40)
    rounds = [1] * 20 + [2] * 20
    animated_svg(made, tmp_path / "a.svg", rounds=rounds, title="a")
    text = (tmp_path / "a.svg").read_text("utf-8")
    np.testing.assert_array_equal(render(text), render(svg_text(made)))
    drawing, notes = read_svg_noting(tmp_path / "a.svg")
    assert svg_text(drawing) == svg_text(made)
    assert notes == ()
    assert 'id="round-2"' in text
    assert "prefers-reduced-motion:no-preference" in text


def test_strokes_follow_each_other_and_end_in_time(tmp_path: Path) -> None:
    made = random_drawing(2, 30)
    animated_svg(made, tmp_path / "a.svg", seconds=5)
    begins, takes = times((tmp_path / "a.svg").read_text()).T
    np.testing.assert_allclose(begins[1:], (begins + takes)[:-1], atol=2e-3)
    assert begins[0] == 0
    assert begins[-1] + takes[-1] == pytest.approx(5, abs=2e-3)
    assert takes.min() >= 5 / 30 / 2 - 1e-3
    assert takes[np.argmax(made.lengths())] == takes.max()


@pytest.mark.parametrize("count", [1, 3])
def test_dots_alone_share_the_time(tmp_path: Path, count: int) -> None:
    dots = Drawing(
        np.ones((count, 4, 2)), np.ones(count), np.zeros((count, 3)), np.ones(count), (9, 6)
    )
    animated_svg(dots, tmp_path / "a.svg", seconds=3)
    takes = times((tmp_path / "a.svg").read_text())[:, 1]
    np.testing.assert_allclose(takes, 3 / count, atol=1e-3)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_seconds_must_be_above_0(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds"):
        animated_svg(random_drawing(3, 2), tmp_path / "a.svg", seconds=seconds)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_browser_draws_it_in_order_and_ends_in_the_drawing(tmp_path: Path) -> None:
    made = random_drawing(4, 8)
    animated_svg(made, tmp_path / "a.svg", seconds=4)
    (tmp_path / "whole.svg").write_text(svg_text(made))
    text = (tmp_path / "a.svg").read_text()
    for name, at in (("begin", 0.0), ("later", 2.0), ("end", 5.0)):  # the clock held at a moment
        held = re.sub(r"delay:([\d.]+)s", lambda m, at=at: f"delay:{float(m[1]) - at}s", text)
        held = held.replace("backwards}", "backwards;animation-play-state:paused}")
        (tmp_path / f"{name}.svg").write_text(held)
    begin, later, end, whole = (
        screenshot(tmp_path, name) for name in ("begin", "later", "end", "whole")
    )
    assert (begin == 255).all()
    np.testing.assert_array_equal(end, whole)
    inked = (later != 255).any(-1)
    assert 0 < inked.sum() < (whole != 255).any(-1).sum()
    first = np.searchsorted(times(text).sum(1), 2.0)  # strokes done by then
    done = Drawing(
        *(a[:first] for a in (made.points, made.width, made.color, made.opacity)), made.size
    )
    (tmp_path / "done.svg").write_text(svg_text(done))
    assert not ((screenshot(tmp_path, "done") != 255).any(-1) & ~inked).any()


def screenshot(folder: Path, name: str) -> np.ndarray:
    target = folder / f"{name}.png"
    subprocess.run(
        [
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={folder / 'profile'}", "--window-size=96,64",
            f"--screenshot={target}", (folder / f"{name}.svg").as_uri(),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return np.asarray(Image.open(target).convert("RGB"))
