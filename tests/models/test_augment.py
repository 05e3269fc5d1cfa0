"""One warp equals a perspective and then a crop; sketch and target see the same views."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from compose.models.augment import (
    SharedViews,
    homographies,
    identity_view,
    sampling_grid,
    unit_square,
)


def picture(count: int = 1, height: int = 30, width: int = 44, channels: int = 3) -> Tensor:
    """Smooth, so that two interpolations differ little from one."""
    y = torch.linspace(0, 1, height, dtype=torch.float64)[:, None]
    x = torch.linspace(0, 1, width, dtype=torch.float64)
    planes = [torch.sin(2 * x + 0.7 * k) * torch.cos(3 * y - k) for k in range(count * channels)]
    return (torch.stack(planes) / 2 + 0.5).view(count, channels, height, width)


def draw(views: SharedViews, count: int, seed: int = 0) -> Tensor:
    return views.draw(torch.Generator().manual_seed(seed), count)


def test_the_identity_changes_nothing() -> None:
    x = picture(2)
    seen = SharedViews().apply(x, identity_view())
    assert torch.allclose(seen, x, atol=1e-12)
    still = SharedViews(distortion=0, scale=(1, 1))
    assert torch.allclose(still.apply(x, draw(still, 3)), x.repeat_interleave(3, 0), atol=1e-12)


def test_homographies_map_corners_to_corners() -> None:
    source = torch.rand(5, 4, 2, generator=torch.Generator().manual_seed(1)).double() * 0.2
    source = source + unit_square() * 0.8
    target = unit_square().expand(5, 4, 2)
    ones = torch.ones(5, 4, 1, dtype=torch.float64)
    mapped = torch.einsum(
        "vij,vkj->vki", homographies(source, target), torch.cat([source, ones], 2)
    )
    assert torch.allclose(mapped[..., :2] / mapped[..., 2:], target, atol=1e-10)


def plain_sample(image: Tensor, x: float, y: float, fill: float) -> Tensor:
    """Bilinear at (x, y), pixel centres at half-integers, `fill` outside; (C,)."""
    _, height, width = image.shape
    left, top = int((x - 0.5) // 1), int((y - 0.5) // 1)
    total = torch.zeros(len(image), dtype=image.dtype)
    for column in (left, left + 1):
        for row in (top, top + 1):
            weight = (1 - abs(x - 0.5 - column)) * (1 - abs(y - 0.5 - row))
            inside = 0 <= column < width and 0 <= row < height
            total += weight * (image[:, row, column] if inside else fill)
    return total


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_one_warp_equals_a_plain_loop(fill: float) -> None:
    views = SharedViews(fill=fill)
    x, matrices = picture(height=9, width=14), draw(SharedViews(), 2, seed=3)
    seen = views.apply(x, matrices)
    for view in range(2):
        for row in range(9):
            for column in range(14):
                point = torch.tensor([(column + 0.5) / 14, (row + 0.5) / 9, 1], dtype=torch.float64)
                u, v, w = (matrices[view] @ point).tolist()
                wanted = plain_sample(x[0], u / w * 14, v / w * 9, fill)
                assert torch.allclose(seen[view, :, row, column], wanted, atol=1e-9)


def test_a_view_is_the_perspective_and_then_the_crop() -> None:
    warp, crop = SharedViews(scale=(1, 1)), SharedViews(distortion=0)
    x = picture(height=90, width=132)
    both, only_warp, only_crop = (draw(v, 6) for v in (SharedViews(), warp, crop))
    assert torch.allclose(both, only_warp @ only_crop, atol=1e-12)
    in_one = SharedViews().apply(x, both)
    for view in range(6):
        warped = warp.apply(x, only_warp[view : view + 1])
        in_two = crop.apply(warped, only_crop[view : view + 1])
        # apart from the border of the fill, which two interpolations blur more
        apart = (in_one[view] - in_two[0]).abs().amax(0)
        assert (apart > 0.02).float().mean() < 0.05
        assert apart.median() < 1e-3


def test_sketch_and_target_see_the_same_views_picture_by_picture() -> None:
    views = SharedViews()
    matrices = draw(views, 4)
    x = picture(3)
    together = views.apply(x, matrices)
    assert together.shape == (12, 3, 30, 44)
    for number in range(3):
        alone = views.apply(x[number : number + 1], matrices)
        assert torch.allclose(together[4 * number : 4 * number + 4], alone, atol=1e-12)


def test_draws_follow_the_generator_and_keep_their_bounds() -> None:
    views = SharedViews()
    first, second = draw(views, 200), draw(views, 200)
    assert torch.equal(first, second)
    assert not torch.equal(first, draw(views, 200, seed=1))
    areas = draw(SharedViews(distortion=0), 200)[:, 0, 0].square()
    assert 0.8 <= areas.min() < 0.83
    assert 0.97 < areas.max() <= 1
    corners = torch.cat([unit_square(), torch.ones(4, 1)], 1).double()
    inverse = torch.linalg.inv(draw(SharedViews(scale=(1, 1)), 200))
    moved = torch.einsum("vij,kj->vki", inverse, corners)
    inwards = (moved[..., :2] / moved[..., 2:] - unit_square()).abs()
    assert inwards.max() <= 0.25 + 1e-9
    assert inwards.max() > 0.24


def test_probability_zero_leaves_only_the_crop() -> None:
    matrices = draw(SharedViews(probability=0.0), 20)
    assert torch.allclose(matrices[:, 2], torch.tensor([0.0, 0, 1], dtype=torch.float64))
    assert (matrices[:, 0, 1].abs() < 1e-12).all()


def test_what_lies_behind_the_camera_is_fill() -> None:
    view = torch.tensor([[[1.0, 0, 0], [0, 1, 0], [-2, 0, 1]]], dtype=torch.float64)
    grid = sampling_grid(view, 5, 8)
    assert grid.isfinite().all()
    seen = SharedViews(fill=0.25).apply(picture(height=5, width=8), view)
    assert (seen[0, :, :, 4:] == 0.25).all()


def test_another_output_size() -> None:
    x = picture(height=40, width=60)
    seen = SharedViews().apply(x, identity_view(), (20, 30))
    assert torch.allclose(seen, torch.nn.functional.avg_pool2d(x, 2), atol=1e-12)


def test_gradients_agree_with_finite_differences() -> None:
    views = SharedViews()
    matrices = torch.cat([identity_view(), draw(views, 2)])
    x = picture(2, height=6, width=7, channels=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: views.apply(p, matrices), (x,))
