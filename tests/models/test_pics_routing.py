"""Routing by region: against the plain reference, and two defects of the published code."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn

from compose.models.pics_config import PicsConfig
from compose.models.pics_routing import (
    OVERLAP_LAYERS,
    Regions,
    RoutedBlock,
    is_overlap_layer,
    regions_of,
)

from .pics_reference import routed

SMALL = PicsConfig(
    channels=8, multipliers=(1,), blocks=1, attention=(1,), head=4, groups=4, context=6,
    features=12, latents=3, hint=(4,), side=4, object_side=4, autoencoder="pixels",
    encoder="pixels", patch=2,
)  # fmt: skip


def random_block(seed: int = 0) -> RoutedBlock:
    """A block of which nothing is zero."""
    torch.manual_seed(seed)
    block = RoutedBlock(8, SMALL).double()
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.6)
    return block


def random_case(seed: int, objects: int, samples: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """x (B,16,8), tokens (B,K,5,6) and masks (B,K,4,4) in which every region occurs."""
    make = torch.Generator().manual_seed(seed)
    x = torch.randn(samples, 16, 8, generator=make, dtype=torch.float64)
    tokens = torch.randn(samples, objects, 5, 6, generator=make, dtype=torch.float64)
    masks = (torch.rand(samples, objects, 4, 4, generator=make) > 0.5).float()
    return x, tokens, masks


@pytest.mark.parametrize("objects", [1, 2, 3])
def test_forward_and_gradients_are_the_plain_reference_s(objects: int) -> None:
    block = random_block()
    x, tokens, masks = random_case(3, objects)
    regions = regions_of(masks, 4, 4)
    assert regions.exclusive.any()
    assert regions.joint.any() == (objects > 1)
    ways: list[Callable[[Tensor, Tensor], Tensor]] = [
        lambda a, b: block(a, b, regions),
        lambda a, b: routed(block, a, b, masks.flatten(2) > 0.5),
    ]
    results = []
    for way in ways:
        inputs = x.clone().requires_grad_(), tokens.clone().requires_grad_()
        block.zero_grad()
        out = way(*inputs)
        (out * torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view_as(out)).sum().backward()
        weights = [p.grad if p.grad is not None else torch.zeros_like(p)
                   for p in block.parameters()]  # fmt: skip
        results.append([out.detach(), *(i.grad for i in inputs), *weights])
    for ours, plain in zip(*results, strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-8, atol=1e-9)


@given(st.integers(0, 10**6), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_regions_part_the_grid(seed: int, objects: int) -> None:
    make = torch.Generator().manual_seed(seed)
    masks = (torch.rand(2, objects, 12, 12, generator=make) > 0.6).float()
    regions = regions_of(masks, 6, 6)
    nothing = ~regions.covered.any(1)
    total = regions.exclusive.sum(1) + regions.joint.int() + nothing.int()
    assert (total == 1).all()
    # the nearest pixel of a cell of two is its upper left one
    assert torch.equal(regions.covered, masks[..., ::2, ::2].flatten(2) > 0.5)


def test_the_background_hears_nothing() -> None:
    block = random_block()
    x, tokens, masks = random_case(5, 2)
    masks[:, :, :2] = 0
    out = block(x, tokens, regions_of(masks, 4, 4))
    other = block(x, tokens * 2 + 1, regions_of(masks, 4, 4))
    torch.testing.assert_close(out[:, :8], other[:, :8], rtol=0, atol=0)
    assert (out[:, 8:] - other[:, 8:]).abs().max() > 1e-3


def test_order_of_the_objects_does_not_matter() -> None:
    block = random_block()
    x, tokens, masks = random_case(7, 3)
    turned = torch.tensor([2, 0, 1])
    torch.testing.assert_close(
        block(x, tokens, regions_of(masks, 4, 4)),
        block(x, tokens[:, turned], regions_of(masks[:, turned], 4, 4)),
    )


# Defect 1 of the published code: every sample of a batch is given the first one's masks.


def each_its_own(of: Callable[[Tensor, int, int], Regions]) -> bool:
    """Whether a batch gives what its samples give one by one."""
    block = random_block()
    x, tokens, masks = random_case(11, 2, samples=3)
    together = block(x, tokens, of(masks, 4, 4))
    one_by_one = [
        block(x[i : i + 1], tokens[i : i + 1], of(masks[i : i + 1], 4, 4)) for i in range(3)
    ]
    return torch.allclose(together, torch.cat(one_by_one), atol=1e-10)


def test_every_sample_has_its_own_masks() -> None:
    def first_one_s(masks: Tensor, height: int, width: int) -> Regions:
        return regions_of(masks[:1].expand_as(masks), height, width)

    assert each_its_own(regions_of)
    assert not each_its_own(first_one_s)


# Defect 2: a fresh overlap expert says something random, and is never trained in places.


def says_nothing_at_first(block: RoutedBlock) -> bool:
    """Whether overlaps of a fresh block are left as the background is."""
    x, tokens, masks = random_case(13, 2)
    masks[:, :, 1:3] = 1  # an overlap
    masks[:, :, 0] = 0
    masks[:, :, 3] = 0
    with torch.no_grad():
        out = block(x, tokens, regions_of(masks, 4, 4))
        background = block(x, tokens, regions_of(torch.zeros_like(masks), 4, 4))
    return torch.equal(out, background)


def test_a_fresh_overlap_expert_says_nothing() -> None:
    torch.manual_seed(0)
    block = RoutedBlock(8, SMALL).double()
    assert says_nothing_at_first(block)
    nn.init.normal_(block.attn_bg.to_out[0].weight, std=0.1)  # as published
    assert not says_nothing_at_first(block)


def moved_by_training(block: RoutedBlock) -> set[str]:
    """Overlap layers that a few steps change."""
    x, tokens, masks = random_case(17, 2)
    before = {name: p.detach().clone() for name, p in block.named_parameters()}
    optimiser = torch.optim.SGD([p for p in block.parameters() if p.requires_grad], 0.1)
    for _ in range(3):
        optimiser.zero_grad()
        block(x, tokens, regions_of(masks, 4, 4)).square().mean().backward()
        optimiser.step()
    moved = {n for n, p in block.named_parameters() if not torch.equal(p, before[n])}
    return {name.split(".")[0] for name in moved if is_overlap_layer(name)}


def test_a_silent_expert_learns_in_all_its_layers() -> None:
    torch.manual_seed(0)
    block = RoutedBlock(8, SMALL).double()
    assert moved_by_training(block) == set(OVERLAP_LAYERS)


def test_a_box_between_the_cells_is_heard_in_those_that_it_touches() -> None:
    masks = torch.zeros(1, 2, 64, 64)
    masks[0, 0, 9:12, 41:43] = 1  # cells of 16 pixels are looked at in their first one
    masks[0, 1, :32, :16] = 1
    covered = regions_of(masks, 4, 4).covered[0]
    assert covered[0].nonzero().flatten().tolist() == [2]
    assert covered[1].nonzero().flatten().tolist() == [0, 4]
