"""PICS's network: against diffusers' own U-Net and ControlNet, and at its published size."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor

from compose.models.pics_config import PUBLISHED, TINY, PicsConfig, config_from_json
from compose.models.pics_keys import published_names
from compose.models.pics_net import PicsInput, PicsNet
from compose.models.pics_routing import is_overlap_layer
from compose.models.pics_unet import Route

from .pics_files import FAMILY, random_net


def known(config: PicsConfig, samples: int = 2, objects: int = 2, seed: int = 0) -> PicsInput:
    make = torch.Generator().manual_seed(seed)
    side = config.side
    masks = torch.zeros(samples, objects, side, side)
    for b in range(samples):
        for k in range(objects):
            y, x = (int(v) for v in torch.randint(0, side // 2, (2,), generator=make))
            masks[b, k, y : y + side // 2, x : x + side // 2] = 1
    hint = torch.randn(samples, 4, side, side, generator=make)
    features = torch.randn(samples, objects, config.tokens, config.features, generator=make)
    ranks = torch.arange(objects).expand(samples, -1)
    return PicsInput(hint, masks, features, ranks)


def noisy(config: PicsConfig, samples: int = 2) -> Tensor:
    cells = config.side // config.factor
    make = torch.Generator().manual_seed(9)
    return torch.randn(samples, config.latents, cells, cells, generator=make)


def test_with_one_object_everywhere_it_is_diffusers_network() -> None:
    """The routing then lets the only object speak everywhere, as Stable Diffusion's text does."""
    diffusers = pytest.importorskip("diffusers")
    from diffusers.loaders import single_file_utils

    net = random_net()
    widths = [FAMILY.channels * m for m in FAMILY.multipliers]
    sizes: dict[str, Any] = {
        "in_channels": 4, "layers_per_block": 1, "block_out_channels": widths,
        "cross_attention_dim": FAMILY.context, "attention_head_dim": [1, 2],
        "use_linear_projection": True, "down_block_types": ["CrossAttnDownBlock2D"] * 2,
    }  # fmt: skip
    unet: Any = diffusers.UNet2DConditionModel(**sizes, up_block_types=["CrossAttnUpBlock2D"] * 2)
    control: Any = diffusers.ControlNetModel(
        **sizes, conditioning_channels=4, conditioning_embedding_out_channels=FAMILY.hint
    )
    state = published_names(net.state_dict())
    plain = {n: v for n, v in state.items() if not is_overlap_layer(n)}
    theirs = single_file_utils.convert_ldm_unet_checkpoint(plain, dict(unet.config))
    unet.load_state_dict(theirs)
    theirs = single_file_utils.convert_controlnet_checkpoint(plain, dict(control.config))
    for name in ("conv_in.weight", "conv_in.bias"):  # the hint stands in its place
        theirs[name] = torch.zeros_like(theirs[name])
    control.load_state_dict(theirs)

    given = known(FAMILY, objects=1)
    everywhere = torch.ones_like(given.masks)
    x, times = noisy(FAMILY), torch.tensor([7, 803])
    with torch.no_grad():
        ours = net(x, times, dataclasses.replace(given, masks=everywhere))
        tokens = net.projector(given.features[:, 0])
        down, middle = control(x, times, tokens, given.hint, return_dict=False)
        expected = unet(x, times, tokens, down_block_additional_residuals=down,
                        mid_block_additional_residual=middle).sample  # fmt: skip
        nowhere = net(x, times, dataclasses.replace(given, masks=everywhere * 0))
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-4)
    assert (nowhere - expected).abs().max() > 0.01


def test_published_size_and_shapes() -> None:
    with torch.device("meta"):
        net = PicsNet()
    counts = {name: sum(p.numel() for p in m.parameters()) for name, m in net.named_children()}
    new = sum(p.numel() for n, p in net.unet.named_parameters() if is_overlap_layer(n))
    assert counts["unet"] - new == 865_910_724  # Stable Diffusion 2.1's, 865.9 million
    assert counts["projector"] == 1536 * 1024 + 1024
    # a transformer of width C adds: the gate C x 1024 + 1024, two matrices of 1024 x 1024, three
    # norms (two of C and one of 1024), and an attention of 4 C x C + C
    blocks = {320: 5, 640: 5, 1280: 6}
    added = {c: c * 1024 + 1024 + 2 * 1024**2 + 2 * (c + c + 1024) + 4 * c * c + c for c in blocks}
    assert new == sum(count * added[c] for c, count in blocks.items())
    with torch.device("meta"):
        shape = PUBLISHED
        side = shape.side // shape.factor
        given = PicsInput(torch.empty(1, 4, 512, 512), torch.empty(1, 2, 512, 512),
                          torch.empty(1, 2, 257, 1536))  # fmt: skip
        control = net.control(given.hint, torch.empty(1), Route(net.tokens(given.features),
                                                                given.masks))  # fmt: skip
        out = net(torch.empty(1, 4, side, side), torch.empty(1), given)
    assert (shape.tokens, side) == (257, 64)
    assert out.shape == (1, 4, 64, 64)
    expected = [(320, 64)] * 3 + [(320, 32)] + [(640, 32)] * 2 + [(640, 16)] + [(1280, 16)] * 2
    expected += [(1280, 8)] * 4
    assert [(c.shape[1], c.shape[2]) for c in control] == expected  # 13, as published
    # the hint branch: half a U-Net with new layers, seven zero convolutions' worth, the hint stack
    assert counts["control"] == 408_613_792


def test_checkpointing_changes_nothing() -> None:
    config = dataclasses.replace(TINY, channels=16, context=8, checkpointing=True)
    net = random_net(config).train()
    given, x, times = known(config), noisy(config), torch.tensor([5, 700])
    grads = []
    for again in (True, False):
        for part in (net.unet, net.control):
            part.config = dataclasses.replace(config, checkpointing=again)
        net.zero_grad()
        net(x, times, given).square().mean().backward()
        grads.append([p.grad.clone() for p in net.parameters() if p.grad is not None])
    for one, other in zip(*grads, strict=True):
        torch.testing.assert_close(one, other)


def test_order_is_heard_only_where_it_is_told() -> None:
    net = random_net(TINY)
    given, x, times = known(TINY), noisy(TINY), torch.tensor([5, 700])
    with torch.no_grad():
        told = net(x, times, given)
        turned = net(x, times, dataclasses.replace(given, ranks=given.ranks.flip(1)))
        not_told = net(x, times, dataclasses.replace(given, ranks=None))
        unknown = net(x, times, dataclasses.replace(given, ranks=given.ranks * 0 - 1))
    assert (told - turned).abs().max() > 1e-3
    assert torch.equal(not_told, unknown)
    assert PicsNet(FAMILY).order is None  # not in the published network
    # objects and their places turned together are the same scene
    with torch.no_grad():
        both = net(x, times, PicsInput(given.hint, given.masks.flip(1), given.features.flip(1),
                                       given.ranks.flip(1)))  # fmt: skip
    torch.testing.assert_close(told, both, rtol=1e-4, atol=1e-5)


def test_every_sample_of_a_batch_is_painted_as_alone() -> None:
    """The whole network, both branches at every size, hears each sample's own masks."""
    net = random_net()
    given, x, times = known(FAMILY, samples=3), noisy(FAMILY, 3), torch.tensor([5, 400, 900])
    with torch.no_grad():
        together = net(x, times, given)
        for b in range(3):
            one = slice(b, b + 1)
            alone = net(x[one], times[one], given.at(one))
            torch.testing.assert_close(together[one], alone, rtol=1e-4, atol=1e-4)
        first = given.masks[:1].expand_as(given.masks)
        defective = net(x, times, dataclasses.replace(given, masks=first))
    assert (together[1:] - defective[1:]).abs().max() > 1e-2


def test_config_comes_back_from_json_and_refuses_nonsense() -> None:
    import json

    assert config_from_json(json.loads(json.dumps(TINY.as_json()))) == TINY
    for wrong in ({"channels": 33}, {"side": 25}, {"latents": 4}, {"features": 7}, {"patch": 5}):
        with pytest.raises(ValueError, match=r"must|there are"):
            dataclasses.replace(TINY, **wrong)
