"""The picture and its gradients against the plain reference, and by finite differences."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from compose.models.stroke_render import FINE, SHARP, Edge, render, soft

from .stroke_reference import reference
from .stroke_scenes import PLAIN, RETRACED, Scene, scene

EDGES = (SHARP, FINE, Edge(1, 1.0), Edge(3, 0.4), soft(1), soft(3), soft(7.5))
SIZES = st.tuples(st.integers(1, 21), st.integers(1, 21))


def both(made: Scene, edge: Edge, seed: int = 0) -> tuple[list[Tensor], list[Tensor]]:
    """Picture and gradients of our renderer and of the reference, for one random loss."""
    results = []
    for ours in (True, False):
        points, width, color, opacity, background = leaves = made.tensors()
        if ours:
            picture = render(points, width, color, opacity, made.size, background, edge)
        else:
            picture = reference(points, width, color, opacity, made.size, background, edge)
        generator = torch.Generator().manual_seed(seed)
        pull = torch.randn(picture.shape, generator=generator, dtype=torch.float64)
        (picture * pull.to(picture.dtype)).sum().backward()
        gradients = [torch.zeros_like(x) if x.grad is None else x.grad for x in leaves]
        results.append([picture.detach(), *gradients])
    return results[0], results[1]


def assert_same(made: Scene, edge: Edge, kinds: list[str] | None = None) -> None:
    """Equal to rounding, but for the choice among equally near places of one stroke.

    Where two places are equally near, either may be moved by the gradient, and what it does to
    the stroke as a whole is the same: its sum over the control points.
    """
    ours, theirs = both(made, edge)
    for place, name in ((0, "picture"), (2, "width"), (3, "color"), (4, "opacity"), (5, "ground")):
        torch.testing.assert_close(ours[place], theirs[place], atol=1e-9, rtol=1e-9, msg=name)
    torch.testing.assert_close(ours[1].sum(2), theirs[1].sum(2), atol=1e-8, rtol=1e-8)
    plain = [i for i, kind in enumerate(kinds or []) if kind in PLAIN]
    torch.testing.assert_close(ours[1][:, plain], theirs[1][:, plain], atol=1e-8, rtol=1e-8)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.sampled_from(PLAIN + RETRACED), max_size=7),
    SIZES,
    st.integers(1, 2),
    st.sampled_from(EDGES),
    st.booleans(),
)
def test_random_scenes_equal_the_reference(
    seed: int, kinds: list[str], size: tuple[int, int], count: int, edge: Edge, opaque: bool
) -> None:
    assert_same(scene(seed, kinds, size, count=count, opaque=opaque), edge, kinds)


def test_a_stroke_just_too_bent_for_one_segment_equals_the_reference() -> None:
    points = torch.tensor([[[[4.0, 4.0], [4.08, 4.0], [4.08, 4.0], [4.0, 4.0]]]]).double()
    made = scene(1, ["curve"], (9, 7), widths=(3, 3))
    assert_same(dataclasses.replace(made, points=points), SHARP)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.sampled_from(PLAIN + RETRACED), min_size=1, max_size=5),
    st.sampled_from([(0.0, 0.0), (0.0, 0.3), (0.2, 0.55), (0.5, 0.5), (20.0, 60.0)]),
    st.sampled_from(EDGES),
)
def test_thin_and_thick_strokes_equal_the_reference(
    seed: int, kinds: list[str], widths: tuple[float, float], edge: Edge
) -> None:
    assert_same(scene(seed, kinds, (13, 18), widths=widths), edge, kinds)


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1), (3, 5), (4, 4), (16, 24), (19, 26)])
def test_canvases_of_any_size_equal_the_reference(size: tuple[int, int]) -> None:
    kinds = ["curve", "leaving", "cusp", "loop"]
    assert_same(scene(1, kinds, size, count=3, widths=(1, 3)), SHARP, kinds)


def test_many_opaque_strokes_hide_those_below() -> None:
    kinds = ["curve"] * 24
    made = scene(2, kinds, (12, 16), widths=(8, 14), opaque=True)
    assert_same(made, SHARP, kinds)
    ours, _ = both(made, SHARP)
    assert ours[3][0, 0].abs().sum() == 0  # not an ulp of the lowest stroke's colour shows
    assert ours[5].abs().sum() == 0


@pytest.mark.parametrize("edge", EDGES)
def test_gradients_are_finite_differences(edge: Edge) -> None:
    made = scene(3, ["curve", "cusp", "loop", "leaving"], (7, 9), widths=(1, 4))
    points, width, color, opacity, background = made.tensors()

    def draw(*leaves: Tensor) -> Tensor:
        return render(*leaves[:4], made.size, leaves[4], edge)

    assert torch.autograd.gradcheck(
        draw, (points, width, color, opacity, background), eps=1e-7, atol=1e-5
    )


@pytest.mark.parametrize("kind", ["dot", "straight"])
def test_a_stroke_moves_as_finite_differences_say(kind: str) -> None:
    """Also where its points cannot be moved one by one without a kink."""
    made = scene(4, [kind], (11, 14), widths=(3, 3))
    points, width, color, opacity, background = made.tensors()

    def draw(shift: Tensor, thick: Tensor) -> Tensor:
        return render(points.detach() + shift, thick, color, opacity, made.size, background)

    shift = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(draw, (shift, width), eps=1e-7, atol=1e-5)


def test_gradients_are_those_of_the_curve_and_not_of_its_chords() -> None:
    kinds = ["curve", "loop", "leaving"] * 3
    made = scene(5, kinds, (24, 33), widths=(1.5, 3))
    results = []
    for fine in (False, True):
        points, width, color, opacity, background = made.tensors()
        if fine:
            picture = reference(
                points, width, color, opacity, made.size, background, tolerance=0.002
            )
        else:
            picture = render(points, width, color, opacity, made.size, background)
        pull = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0)).double()
        (picture * pull).sum().backward()
        assert points.grad is not None
        results.append((picture.detach(), points.grad.flatten()))
    (picture, ours), (finer, theirs) = results
    assert (picture - finer).abs().max() < 0.1
    assert torch.cosine_similarity(ours, theirs, 0) > 0.98


def test_single_precision_is_as_good_as_pixels_ask_for() -> None:
    kinds = [*PLAIN, *RETRACED] * 3
    made = scene(6, kinds, (37, 50), count=2)
    points, width, color, opacity, background = made.tensors()
    exact = render(points, width, color, opacity, made.size, background)
    exact.square().sum().backward()
    leaves = [
        x.detach().float().requires_grad_() for x in (points, width, color, opacity, background)
    ]
    rough = render(*leaves[:4], made.size, leaves[4])
    rough.square().sum().backward()
    assert rough.dtype == torch.float32
    assert (rough - exact).abs().max() < 1e-4
    for a, b in zip(leaves[1:], (width, color, opacity, background), strict=True):
        assert a.grad is not None
        assert b.grad is not None
        assert (a.grad - b.grad).norm() < 1e-3 * b.grad.norm()


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1e3, 1e6, 1e9, 0.99e12]),
    st.floats(0, 1e6, width=32),
)
def test_huge_numbers_give_finite_pictures_and_gradients(
    seed: int, scale: float, width: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    points = (torch.rand(1, 3, 4, 2, generator=generator) * 2 - 1) * scale
    points[0, 0, 0] = 4.0
    leaves = [points, torch.full((1, 3), width), torch.zeros(1, 3, 3), torch.ones(1, 3)]
    leaves = [x.requires_grad_() for x in leaves]
    picture = render(*leaves, (9, 11))
    picture.sum().backward()
    assert ((picture >= 0) & (picture <= 1)).all()
    for leaf in leaves:
        assert leaf.grad is not None
        assert leaf.grad.isfinite().all()


def test_nothing_to_draw_leaves_the_background() -> None:
    for points in (torch.empty(2, 0, 4, 2), torch.full((2, 3, 4, 2), 1e4)):
        points.requires_grad_()
        strokes = points.shape[1]
        ground = torch.tensor([0.1, 0.5, 0.9], requires_grad=True)
        picture = render(
            points, torch.ones(2, strokes), torch.zeros(2, strokes, 3), torch.ones(2, strokes),
            (5, 7), ground,
        )  # fmt: skip
        assert torch.equal(picture, ground[None, :, None, None].expand(2, 3, 5, 7))
        picture.sum().backward()
        assert ground.grad is not None
        assert ground.grad.tolist() == [70, 70, 70]
        assert points.grad is not None
        assert not points.grad.any()


def test_each_canvas_is_drawn_as_if_alone_and_with_its_own_background() -> None:
    made = scene(7, ["curve", "loop", "dot"], (14, 22), count=3)
    grounds = torch.rand(3, 3, dtype=torch.float64)
    whole = render(made.points, made.width, made.color, made.opacity, made.size, grounds)
    for n in range(3):
        one = slice(n, n + 1)
        alone = render(
            made.points[one], made.width[one], made.color[one], made.opacity[one],
            made.size, grounds[n],
        )  # fmt: skip
        torch.testing.assert_close(alone, whole[one], atol=1e-12, rtol=0)


def test_the_same_bytes_twice() -> None:
    made = scene(8, [*PLAIN, *RETRACED] * 6, (60, 90), count=2, dtype=torch.float32)
    found = []
    for _ in range(2):
        leaves = made.tensors()
        picture = render(*leaves[:4], made.size, leaves[4])
        picture.square().sum().backward()
        found.append([picture.detach(), *(x.grad for x in leaves)])
    for a, b in zip(*found, strict=True):
        assert a is not None
        assert b is not None
        assert torch.equal(a, b)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_draws_the_same() -> None:
    made = scene(9, [*PLAIN, *RETRACED] * 6, (60, 90), count=2)
    found = []
    for device in ("cpu", "cuda"):
        leaves = [x.detach().to(device).requires_grad_() for x in made.tensors()]
        picture = render(*leaves[:4], made.size, leaves[4])
        picture.square().sum().backward()
        found.append([picture.detach(), *(x.grad for x in leaves[1:])])
    for a, b in zip(*found, strict=True):
        assert a is not None
        assert b is not None
        torch.testing.assert_close(a, b.cpu(), atol=1e-8, rtol=1e-8)


def changed(**other: object) -> dict[str, object]:
    """Fitting arguments for two canvases of three strokes, but for some."""
    fitting: dict[str, object] = {
        "points": torch.zeros(2, 3, 4, 2),
        "width": torch.ones(2, 3),
        "color": torch.zeros(2, 3, 3),
        "opacity": torch.ones(2, 3),
        "size": (5, 6),
    }
    return fitting | other


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (changed(points=torch.zeros(2, 3, 3, 2)), r"points must be \(N,S,4,2\)"),
        (changed(points=torch.zeros(3, 4, 2)), r"points must be \(N,S,4,2\)"),
        (changed(width=torch.ones(2)), "width must be"),
        (changed(color=torch.ones(2, 3)), "color must be"),
        (changed(opacity=torch.ones(2, 3, 1)), "opacity must be"),
        (changed(background=torch.ones(4)), "background must be"),
        (changed(background=torch.ones(3, 3)), "background must be"),
        (changed(size=(0, 4)), "canvas"),
        (changed(points=torch.full((2, 3, 4, 2), torch.nan)), "numbers up to"),
        (changed(points=torch.full((2, 3, 4, 2), torch.inf)), "numbers up to"),
        (changed(points=torch.full((2, 3, 4, 2), -1e13)), "numbers up to"),
        (changed(width=torch.full((2, 3), torch.nan)), "numbers up to"),
        (changed(width=torch.full((2, 3), -0.1)), "negative"),
        (changed(width=torch.ones(2, 3, dtype=torch.float64)), "one type"),
        (changed(background=torch.ones(3, dtype=torch.float64)), "one type"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        render(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("samples", "softness"), [(0, 0.5), (2, 0.0), (2, -1.0), (2, float("nan"))]
)
def test_edges_that_are_none_are_refused(samples: int, softness: float) -> None:
    with pytest.raises(ValueError, match="softness"):
        Edge(samples, softness)
