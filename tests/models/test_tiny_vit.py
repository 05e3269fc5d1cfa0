"""MobileSAM's encoder against slow plain loops, and its names against the published file's."""

from __future__ import annotations

import hashlib
import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from compose.models.mobile_sam_net import MobileSam
from compose.models.tiny_vit import WIDTHS, Attention, TinyViT
from compose.models.tiny_vit_biases import distances, spread_biases

# of the lines "name shape", sorted, of the published file's tensors without its head of classes
PUBLISHED = "9d53a17396c7ffbf7bd3682b563f3b5a131b710cada289817834bd0f6dea2c30"


def attended(block: nn.Module, x: Tensor) -> dict[tuple[int, int, int], Tensor]:
    """What the cells (picture, row, column) of x (N,C,h,w) see in their windows, (C,) each."""
    attention, side = block.attn, block.window
    assert isinstance(attention, Attention)
    width, heads = x.shape[1], attention.heads
    each = width // heads
    found = {}
    corners = itertools.product(
        range(len(x)), range(0, x.shape[2], side), range(0, x.shape[3], side)
    )
    for number, top, left in corners:
        places = list(itertools.product(range(side), range(side)))
        queries, keys, values = [], [], []
        for row, column in places:
            inside = top + row < x.shape[2] and left + column < x.shape[3]
            cell = x[number, :, top + row, left + column] if inside else x.new_zeros(width)
            normed = (cell - cell.mean()) / (cell.var(correction=0) + 1e-5).sqrt()
            normed = normed * attention.norm.weight + attention.norm.bias
            parts = (attention.qkv.weight @ normed + attention.qkv.bias).view(heads, 3, each)
            queries.append(parts[:, 0])
            keys.append(parts[:, 1])
            values.append(parts[:, 2])
        for asking, (row, column) in enumerate(places):
            if top + row >= x.shape[2] or left + column >= x.shape[3]:
                continue
            mixed = []
            for head in range(heads):
                scores = [
                    queries[asking][head] @ keys[asked][head] / math.sqrt(each)
                    + attention.attention_biases[head, abs(r - row) * side + abs(c - column)]
                    for asked, (r, c) in enumerate(places)
                ]
                weights = torch.stack(scores).softmax(0)
                mixed.append(weights @ torch.stack([value[head] for value in values]))
            seen = attention.proj.weight @ torch.cat(mixed) + attention.proj.bias
            found[number, top + row, left + column] = seen
    return found


def slow(block: nn.Module, x: Tensor) -> Tensor:
    """A block with attention, as the paper has it."""
    seen = torch.zeros_like(x)
    for (number, row, column), value in attended(block, x).items():
        seen[number, :, row, column] = value
    norm = block.local_conv.bn
    y = F.conv2d(x + seen, block.local_conv.c.weight, padding=1, groups=x.shape[1])
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    y = (y - norm.running_mean[:, None, None]) * scale[:, None, None] + norm.bias[:, None, None]
    inner = F.layer_norm(
        y.movedim(1, -1), (x.shape[1],), block.mlp.norm.weight, block.mlp.norm.bias
    )
    inner = F.gelu(inner @ block.mlp.fc1.weight.T + block.mlp.fc1.bias)
    return y + (inner @ block.mlp.fc2.weight.T + block.mlp.fc2.bias).movedim(-1, 1)


@pytest.fixture(scope="module")
def block() -> nn.Module:
    """One with windows of 7 cells a side, in double precision."""
    torch.manual_seed(0)
    found = TinyViT().layers[1].blocks[0].double().eval()
    with torch.no_grad():
        for tensor in (*found.parameters(), *found.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(0.1 * torch.randn_like(tensor) + (tensor == 1))
        found.attn.attention_biases.normal_()
        found.attn.qkv.weight.normal_(0, 0.2)
    assert found.window == 7
    return found


@pytest.mark.parametrize("shape", [(1, 5, 9), (1, 8, 3)])
def test_a_block_and_its_gradients_equal_plain_loops(
    block: nn.Module, shape: tuple[int, int, int]
) -> None:
    torch.manual_seed(1)
    count, height, across = shape
    x = torch.randn(count, WIDTHS[1], height, across, dtype=torch.float64, requires_grad=True)
    wanted = [x, *block.parameters()]
    outs = [block(x), slow(block, x)]
    torch.testing.assert_close(outs[0], outs[1], rtol=1e-9, atol=1e-9)
    weights = torch.randn_like(outs[0])
    grads = [torch.autograd.grad((out * weights).sum(), wanted) for out in outs]
    for ours, expected in zip(*grads, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-8, atol=1e-8)
    assert all(grad.abs().max() > 0 for grad in grads[0])


def test_cells_see_their_window_and_their_neighbours_alone(block: nn.Module) -> None:
    x = torch.randn(1, WIDTHS[1], 16, 15, dtype=torch.float64)
    other = x.clone()
    other[0, :, 2, 3] += torch.randn(WIDTHS[1])  # in the first window
    changed = (block(x) - block(other)).abs().amax((0, 1)) > 1e-12
    expected = torch.zeros(16, 15, dtype=torch.bool)
    expected[:8, :8] = True  # the convolution sees one cell further
    torch.testing.assert_close(changed, expected)


def test_pictures_of_a_batch_do_not_see_each_other(block: nn.Module) -> None:
    x = torch.randn(3, WIDTHS[1], 8, 9, dtype=torch.float64)
    for number in range(3):
        torch.testing.assert_close(block(x)[number], block(x[number : number + 1])[0])


@pytest.mark.parametrize("window", [1, 2, 3, 7, 14])
def test_distances_are_numbered_as_the_authors_number_them(window: int) -> None:
    """They give each distance a number when they first meet it."""
    numbers: dict[tuple[int, int], int] = {}
    places = list(itertools.product(range(window), range(window)))
    expected = [
        [numbers.setdefault((abs(a[0] - b[0]), abs(a[1] - b[1])), len(numbers)) for b in places]
        for a in places
    ]
    np.testing.assert_array_equal(distances(window), expected)


def test_spread_biases_are_those_of_the_pairs() -> None:
    biases = np.random.default_rng(0).normal(size=(2, 9)).astype(np.float32)
    found = spread_biases(biases)
    assert found.shape == (2, 9, 9)
    assert found.flags.c_contiguous
    for head, a, b in itertools.product(range(2), range(9), range(9)):
        rows, columns = abs(a // 3 - b // 3), abs(a % 3 - b % 3)
        assert found[head, a, b] == biases[head, 3 * rows + columns]


@pytest.mark.parametrize("shape", [(4,), (), (4, 50), (4, 49, 49), (1, 225), (1, 10**6)])
def test_biases_of_no_window_are_refused(shape: tuple[int, ...]) -> None:
    """The last would become terabytes."""
    with pytest.raises(ValueError, match="the biases"):
        spread_biases(np.zeros(shape, np.float32))


def test_spread_attention_answers_the_same() -> None:
    torch.manual_seed(0)
    attention = Attention(16, 2, 3)
    nn.init.normal_(attention.attention_biases)
    x = torch.randn(5, 9, 16)
    before, biases = attention(x), attention.attention_biases.detach().numpy().copy()
    attention.spread()
    torch.testing.assert_close(attention(x), before, rtol=0, atol=0)
    np.testing.assert_array_equal(attention.attention_biases.detach(), spread_biases(biases))


def test_the_encoder_takes_any_form_and_gives_a_sixteenth() -> None:
    net = TinyViT().eval()
    with torch.inference_mode():
        for height, width in ((48, 80), (16, 16), (112, 32)):
            assert net(torch.zeros(2, 3, height, width)).shape == (
                2, 256, height // 16, width // 16,
            )  # fmt: skip


def test_tensors_are_called_as_in_the_published_file() -> None:
    state = MobileSam().state_dict()
    lines = sorted(f"{name} {tuple(value.shape)}" for name, value in state.items())
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == PUBLISHED
