"""RoI and RoD pooling against torch's own sampler and plain loops."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from compose.models.crop_rank import anchors
from compose.models.crop_rank_net import RankConfig, RankHead, coverage, sampling_weights


def test_sampling_equals_grid_sample() -> None:
    torch.manual_seed(0)
    maps = torch.randn(1, 3, 12, 12)
    x1, x2, y1, y2 = (torch.tensor([v]) for v in (0.1, 0.83, 0.2, 0.95))
    across, down = sampling_weights(x1, x2, 5, 12), sampling_weights(y1, y2, 5, 12)
    ours = down[:, None] @ maps @ across[:, None].transpose(2, 3)
    points = (torch.arange(5) + 0.5) / 5
    gx, gy = (x1 + (x2 - x1) * points) * 2 - 1, (y1 + (y2 - y1) * points) * 2 - 1
    where = torch.stack(torch.meshgrid(gx, gy, indexing="xy"), -1)[None]
    theirs = F.grid_sample(maps, where, padding_mode="border", align_corners=False)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def slow_scores(head: RankHead, features: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """Crops one by one, the discarded region by blanking out the map itself."""
    cells, size = head.config.cells, head.size
    maps = head.reduce(head.normal(features))
    found = []
    for box in boxes:
        x1, y1, x2, y2 = (side[None] for side in box)
        across, down = sampling_weights(x1, x2, cells, size), sampling_weights(y1, y2, cells, size)
        inside = down[:, None] @ maps @ across[:, None].transpose(2, 3)
        kept = coverage(y1, y2, size)[:, :, None] * coverage(x1, x2, size)[:, None]
        whole = sampling_weights(x1 * 0, x1 * 0 + 1, cells, size)[:, None]
        outside = whole @ (maps * (1 - kept)) @ whole.transpose(2, 3)
        found.append(head.score(torch.cat([inside.flatten(1), outside.flatten(1)], 1))[0, 0])
    return torch.stack(found)


def test_both_fast_ways_equal_the_slow_one_forward_and_in_gradients() -> None:
    torch.manual_seed(2)
    head = RankHead(RankConfig(channels=4, cells=3, width=8), 5, 6).eval().double()
    features = torch.randn(1, 5, 6, 6, dtype=torch.float64, requires_grad=True)
    low = torch.rand(7, 2, dtype=torch.float64) * 0.5
    boxes = torch.cat([low, low + 0.1 + torch.rand(7, 2, dtype=torch.float64) * 0.4], 1)
    expected = slow_scores(head, features, boxes)
    (slope,) = torch.autograd.grad(expected.sum(), features, retain_graph=True)
    for rows in (None, torch.zeros(7).long()):
        found = head(features, rows, boxes)
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(torch.autograd.grad(found.sum(), features)[0], slope)


@given(st.floats(0, 0.9), st.floats(0.05, 1), st.integers(1, 16))
def test_coverage_adds_up_to_the_length(low: float, length: float, size: int) -> None:
    high = min(low + length, 1.0)
    share = coverage(torch.tensor([low]), torch.tensor([high]), size)
    assert (share >= 0).all()
    assert (share <= 1).all()
    assert abs(float(share.sum()) / size - (high - low)) < 1e-5


def test_the_whole_picture_discards_nothing() -> None:
    torch.manual_seed(1)
    head = RankHead(RankConfig(channels=4, cells=3, width=8), 10, 6).eval()
    maps = torch.randn(1, 4, 6, 6), torch.randn(1, 6, 6, 6)
    whole = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    found = head(torch.cat(maps, 1), torch.zeros(1).long(), whole)
    kept = head.reduce(head.normal(torch.cat(maps, 1)))
    w = sampling_weights(torch.zeros(1), torch.ones(1), 3, 6)[:, None]
    inside = (w @ kept @ w.transpose(2, 3)).flatten(1)
    expected = head.score(torch.cat([inside, torch.zeros_like(inside)], 1))[:, 0]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@given(st.floats(0.3, 3.5))
def test_anchors_follow_their_rules(aspect: float) -> None:
    boxes = anchors(round(aspect, 3))
    assert 0 < len(boxes) <= 90
    sides = boxes[:, 2:] - boxes[:, :2]
    # the bins' middles span up to eleven of the twelve bins
    assert (sides.prod(1) > 0.4999 - 1e-6).all()
    assert (boxes >= 0).all()
    assert (boxes <= 1).all()
    ratio = aspect * sides[:, 0] / sides[:, 1]
    if 0.8 < aspect < 1.25:
        assert ((ratio >= 0.49) & (ratio <= 2.01)).all()


def test_a_square_picture_has_the_published_number_of_anchors() -> None:
    # counted by hand from the rule: 90 of the 256 corner pairs keep half of the area
    count = sum(
        (x2 - x1) * (y2 - y1) > 0.4999 * 144
        for x1 in range(4)
        for y1 in range(4)
        for x2 in range(8, 12)
        for y2 in range(8, 12)
        if 0.5 <= (x2 - x1) / (y2 - y1) <= 2
    )
    assert len(anchors(1.0)) == count
    assert np.unique(anchors(1.0), axis=0).shape == (count, 4)
