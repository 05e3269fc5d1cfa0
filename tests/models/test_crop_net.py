"""Energies of crops, compared with plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from compose.models.crop_grid import EDGE_PAIRS, grid_boxes, grid_indices, grid_logits
from compose.models.crop_loss import (
    box_energies,
    drawn_crop_loss,
    grid_energies,
    overlaps,
    pair_loss,
)
from compose.models.crop_net import Attention, CropNet, CropNetConfig, EdgePairHead
from compose.models.crop_rank_net import RankConfig
from compose.models.vit import Vit, VitBlock, VitConfig, resize_positions

TINY = CropNetConfig(
    side=64,
    vit=VitConfig(side=28, patch=14, width=24, heads=2, blocks=1),
    lite="lite0",
    grid=4,
    width=16,
    rank=4,
    attention_heads=2,
    heads=(("fine", "coarse"), ("tokens",)),
    regions=(("fine", "coarse"), ("tokens",)),
    choices=("grid", "anchors"),
    region=RankConfig(channels=4, cells=3, width=8),
)


def slow_logit(tables: torch.Tensor, box: np.ndarray) -> float:
    """Bilinear interpolation in the six tables, written out."""
    grid = tables.shape[-1] - 1
    total = 0.0
    for pair, (i, j) in enumerate(EDGE_PAIRS):
        a, b = box[i] * grid, box[j] * grid
        a0, b0 = min(int(a), grid - 1), min(int(b), grid - 1)
        for da, wa in ((0, 1 - (a - a0)), (1, a - a0)):
            for db, wb in ((0, 1 - (b - b0)), (1, b - b0)):
                total += wa * wb * float(tables[pair, a0 + da, b0 + db])
    return total


def test_grid_holds_every_crop_once_and_none_too_small() -> None:
    lines = grid_indices(16)
    assert len(np.unique(lines, axis=0)) == len(lines)
    sides = (lines[:, 2:] - lines[:, :2]) / 16
    assert (sides >= 0.3).all()
    assert (sides.prod(1) > 0.12).all()
    assert [0, 0, 16, 16] in lines.tolist()


def test_grid_energies_equal_loops_in_numpy_and_torch() -> None:
    tables = torch.randn(3, 6, 9, 9, generator=torch.Generator().manual_seed(0))
    logits = grid_energies(tables, 8)
    for n in range(3):
        plain = [slow_logit(tables[n], box) for box in grid_boxes(8)]
        np.testing.assert_allclose(logits[n].numpy(), plain, atol=1e-5)
        np.testing.assert_allclose(grid_logits(tables[n].numpy(), 8), plain, atol=1e-5)


def test_box_energies_equal_loops_and_agree_with_the_grid() -> None:
    draw = torch.Generator().manual_seed(1)
    tables = torch.randn(2, 6, 9, 9, generator=draw)
    boxes = torch.rand(40, 4, generator=draw)
    boxes[0] = torch.tensor([0.0, 0.0, 1.0, 1.0])
    rows = torch.randint(0, 2, (40,), generator=draw)
    found = box_energies(tables, rows, boxes)
    plain = [slow_logit(tables[r], b.numpy()) for r, b in zip(rows, boxes, strict=True)]
    np.testing.assert_allclose(found.numpy(), plain, atol=2e-3)
    lines = torch.from_numpy(grid_boxes(8).copy())
    exact = box_energies(tables, torch.zeros(len(lines)).long(), lines)
    np.testing.assert_allclose(exact.numpy(), grid_energies(tables, 8)[0].numpy(), atol=2e-3)


def test_energies_have_right_gradients() -> None:
    draw = torch.Generator().manual_seed(2)
    tables = torch.randn(2, 6, 5, 5, generator=draw, dtype=torch.float64, requires_grad=True)
    boxes = torch.rand(6, 4, generator=draw, dtype=torch.float64)
    rows = torch.tensor([0, 1, 0, 1, 0, 1])
    assert torch.autograd.gradcheck(lambda t: grid_energies(t, 4), (tables,))
    assert torch.autograd.gradcheck(lambda t: box_energies(t, rows, boxes), (tables,))


def test_losses_on_cases_worked_out_by_hand() -> None:
    # two crops, overlaps 1 and 0, softness so small that the target is certain:
    # cross-entropy of logits (0, 0) is log 2
    loss = drawn_crop_loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), 0.01)
    assert loss.item() == pytest.approx(np.log(2), abs=1e-6)
    # a margin of 0 against any share costs log 2; a right margin of 20 costs nothing
    assert pair_loss(torch.zeros(1), torch.tensor([0.8])).item() == pytest.approx(np.log(2))
    assert pair_loss(torch.tensor([20.0]), torch.tensor([1.0])).item() < 1e-6
    # halves of a square share a quarter: 1/4 over 3/4
    a, b = torch.tensor([0.0, 0.0, 1.0, 0.5]), torch.tensor([0.5, 0.0, 1.0, 1.0])
    assert overlaps(a, b).item() == pytest.approx(1 / 3)


def test_attention_equals_its_definition() -> None:
    torch.manual_seed(3)
    layer = Attention(8, 2)
    queries, memory = torch.randn(2, 3, 8), torch.randn(2, 5, 8)
    asked = layer.query(queries)
    keys, values = layer.key_value(memory).chunk(2, -1)
    parts = []
    for head in range(2):
        cut = slice(4 * head, 4 * head + 4)
        weights = (asked[..., cut] @ keys[..., cut].transpose(1, 2) / 2).softmax(-1)
        parts.append(weights @ values[..., cut])
    expected = layer.out(torch.cat(parts, -1))
    torch.testing.assert_close(layer(queries, memory), expected, atol=1e-5, rtol=1e-4)


def test_vit_block_equals_its_definition() -> None:
    torch.manual_seed(4)
    config = VitConfig(width=8, heads=2)
    block = VitBlock(config).eval()
    with torch.no_grad():
        block.scale1.uniform_()
        block.scale2.uniform_()
    x = torch.randn(1, 5, 8)
    q, k, v = block.qkv(block.norm1(x)).chunk(3, -1)
    parts = []
    for head in range(2):
        cut = slice(4 * head, 4 * head + 4)
        parts.append((q[..., cut] @ k[..., cut].transpose(1, 2) / 2).softmax(-1) @ v[..., cut])
    y = x + block.scale1 * block.out(torch.cat(parts, -1))
    y = y + block.scale2 * block.fc2(torch.nn.functional.gelu(block.fc1(block.norm2(y))))
    torch.testing.assert_close(block(x), y, atol=1e-5, rtol=1e-4)


def test_vit_puts_every_patch_in_its_place() -> None:
    torch.manual_seed(5)
    model = Vit(VitConfig(side=42, patch=14, width=12, heads=2, blocks=1)).eval()
    with torch.no_grad():
        for block in model.blocks:  # patches do not mix without what blocks add
            block.scale1.zero_()
            block.scale2.zero_()
    dark = torch.zeros(1, 3, 42, 42)
    spot = dark.clone()
    spot[..., 0:14, 28:42] = 255  # first row, last column
    changed = (model(spot) - model(dark)).abs().sum(1)[0]
    assert (changed > 1e-6).nonzero().tolist() == [[0, 2]]


def test_positions_resized_to_their_own_size_stay() -> None:
    table = torch.randn(1, 25, 6)
    torch.testing.assert_close(resize_positions(table, 5), table)
    assert resize_positions(table, 3).shape == (1, 9, 6)


def test_heads_do_not_confuse_pictures_of_a_batch() -> None:
    torch.manual_seed(6)
    net = CropNet(TINY).eval()
    large, small = torch.rand(3, 3, 64, 64) * 255, torch.rand(3, 3, 28, 28) * 255
    aspect = torch.tensor([-0.4, 0.0, 0.4])
    together = net(large, small, aspect)
    assert together.shape == (3, 6, 5, 5)
    for n in range(3):
        alone = net(large[n : n + 1], small[n : n + 1], aspect[n : n + 1])
        torch.testing.assert_close(together[n : n + 1], alone, atol=1e-4, rtol=1e-3)


def test_scorers_do_not_confuse_pictures_of_a_batch() -> None:
    torch.manual_seed(8)
    net = CropNet(TINY).eval()
    maps = net.features(torch.rand(2, 3, 64, 64) * 255, torch.rand(2, 3, 28, 28) * 255)
    boxes = torch.rand(6, 4).sort(1).values[:, [0, 1, 2, 3]]
    rows = torch.tensor([0, 1, 1, 0, 1, 0])
    together = net.scores(maps, rows, boxes)
    for n in range(2):
        alone = {name: value[n : n + 1] for name, value in maps.items()}
        mine = rows == n
        found = net.scores(alone, torch.zeros(int(mine.sum())).long(), boxes[mine])
        torch.testing.assert_close(together[mine], found, atol=1e-4, rtol=1e-3)


def test_every_parameter_of_a_head_learns() -> None:
    torch.manual_seed(7)
    head = EdgePairHead(TINY, {"tokens": (24, 2)})
    tables = head({"tokens": torch.randn(4, 24, 2, 2)}, torch.randn(4))
    (grid_energies(tables, 4).log_softmax(-1)[:, 0]).sum().backward()
    still = [n for n, p in head.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert not still
