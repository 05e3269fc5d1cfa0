"""Pictures against hard-edged ones on a 16 times finer grid, by code that shares nothing.

`FINE` is what drawings are shown and measured with; `SHARP`, which is faster, is what they are
fitted with.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from compose.models.stroke_render import FINE, SHARP, Edge, render

from .stroke_arbiter import inked, painted, union
from .stroke_scenes import PLAIN, RETRACED, Scene, scene

Floats = NDArray[np.float64]
SIZE = (56, 64)
KINDS = [kind for kind in PLAIN + RETRACED if kind != "outside"]


def coverage(points: Floats, width: Floats, size: tuple[int, int], edge: Edge) -> Floats:
    """What black strokes (S,4,2) of widths (S,) cover of every pixel, by our renderer."""
    strokes, n = torch.from_numpy(points)[None], len(points)
    black, full = strokes.new_zeros(1, n, 3), strokes.new_ones(1, n)
    picture = render(strokes, torch.from_numpy(width)[None], black, full, size, edge=edge)
    return 1 - picture[0, 0].numpy()


def difference(made: Scene, edge: Edge) -> Floats:
    """Between our picture and the arbiter's, as absolute values (3,H,W)."""
    leaves = made.points, made.width, made.color, made.opacity
    ours = render(*leaves, made.size, made.background, edge)[0].numpy()
    arrays = [x[0].numpy() for x in leaves]
    return np.abs(ours - painted(*arrays, made.size, made.background.numpy()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("widths", [(0.05, 0.5), (0.5, 2), (2, 9)])
def test_single_strokes_cover_what_they_should(kind: str, widths: tuple[float, float]) -> None:
    for seed in range(5):
        made = scene(seed, [kind], SIZE, widths=widths)
        points, width = made.points[0].numpy(), made.width[0].numpy()
        wanted = union(points, width, SIZE, 32)
        fine = np.abs(coverage(points, width, SIZE, FINE) - wanted)
        assert fine.max() < 0.1
        assert fine.mean() < 0.001
        sharp = np.abs(coverage(points, width, SIZE, SHARP) - wanted)
        assert sharp.max() < 0.1
        assert sharp.mean() < 0.001


@pytest.mark.parametrize("width", [1.0, 1.5, 3.0])
@pytest.mark.parametrize(
    ("kinds", "mean"), [(["walk"], 0.002), (["curve", "leaving", "loop", "cusp"], 0.004)]
)
def test_scenes_of_48_strokes_cover_what_they_should(
    kinds: list[str], mean: float, width: float
) -> None:
    """Strokes as in sketches; and some that all cross the whole canvas, with more rim to err at."""
    made = scene(3, (kinds * 48)[:48], (200, 224))
    points, widths = made.points[0].numpy(), np.full(48, width)
    wanted = union(points, widths, made.size)
    assert wanted.mean() > 0.03  # enough to be wrong about
    fine = np.abs(coverage(points, widths, made.size, FINE) - wanted)
    assert fine.max() < 0.1
    assert fine.mean() < 0.003
    sharp = np.abs(coverage(points, widths, made.size, SHARP) - wanted)
    assert sharp.max() < 0.15  # where the rims of two strokes share a sample, see `over`
    assert (sharp > 0.1).mean() < 0.0005
    assert sharp.mean() < mean


@pytest.mark.parametrize("seed", range(3))
def test_colours_lie_over_one_another(seed: int) -> None:
    made = scene(seed, ["curve", "loop", "leaving", "cusp", "dot", "closed"] * 4, (60, 84))
    off = difference(made, FINE)
    assert off.max() < 0.1
    assert off.mean() < 0.003
    assert difference(made, SHARP).mean() < 0.004


def test_colours_equal_a_loop_over_numbers() -> None:
    """Strokes that cover everything: the rule of `over`, written out."""
    draw = np.random.default_rng(0)
    color, opacity, ground = draw.random((9, 3)), draw.random(9), draw.random(3)
    opacity[4] = 1
    x = ground.tolist()
    for paint, share in zip(color.tolist(), opacity.tolist(), strict=True):
        x = [paint[i] * share + x[i] * (1 - share) for i in range(3)]
    picture = render(
        torch.full((1, 9, 4, 2), 3.0).double(), torch.full((1, 9), 50.0).double(),
        torch.from_numpy(color)[None], torch.from_numpy(opacity)[None], (5, 7),
        torch.from_numpy(ground),
    )  # fmt: skip
    wanted = torch.tensor(x).double()[None, :, None, None].expand(1, 3, 5, 7)
    torch.testing.assert_close(picture, wanted)


def test_a_crossing_is_the_union_of_both_branches() -> None:
    """No seam and no double edge where a stroke crosses itself at right angles."""
    loop = np.array([[[8.0, 8], [78, 78], [-14, 78], [56, 8]]])
    for edge in (SHARP, FINE):
        off = np.abs(
            coverage(loop, np.array([6.0]), SIZE, edge) - union(loop, np.array([6.0]), SIZE)
        )
        assert off.max() < 0.1


def test_the_arbiter_knows_areas() -> None:
    """A dot and a line, whose areas are known."""
    dot = np.full((4, 2), 30.3)
    assert inked(dot, 20, SIZE).sum() / 256 == pytest.approx(np.pi * 100, rel=2e-3)
    line = np.array([[10.2, 20.1], [15, 21], [38, 32], [50.4, 37.2]])
    line[1:3] = line[0] + np.array([[0.3], [0.6]]) * (line[3] - line[0])
    length = np.linalg.norm(line[3] - line[0])
    assert inked(line, 3, SIZE).sum() / 256 == pytest.approx(3 * length + np.pi * 2.25, rel=2e-3)
    assert not inked(dot + 1000, 20, SIZE).any()
