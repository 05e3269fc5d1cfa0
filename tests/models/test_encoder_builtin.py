"""The embedded encoder: shapes, distances against plain loops, gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from compose.models.crop_builtin import weights_folder
from compose.models.crop_weights import load_crop_net
from compose.models.efficientnet_lite import EfficientNetLite
from compose.models.encoder import encoder_names, open_encoder
from compose.models.encoder_builtin import (
    BuiltinEncoder,
    BuiltinEncoderConfig,
    Scaling,
    compared,
    scaled,
    self_similarity,
)
from compose.models.vit import Vit, VitConfig

from .encoder_gradients import check_gradients

ALL = BuiltinEncoderConfig(
    lite_stages=((0, 1.0), (3, 2.0)),
    lite_scaling="centred",
    lite_scales=(1.0, 0.5),
    vit_blocks=((1, 1.0), (2, 0.5)),
    vit_side=28,
    similarity=0.3,
    embedding=0.1,
)


@dataclass
class Small:
    """Trunks with random weights; batch norms fit their input, or deep maps would vanish."""

    lite: EfficientNetLite
    vit: Vit


def small(dtype: torch.dtype = torch.float32) -> Small:
    torch.manual_seed(0)
    lite = EfficientNetLite("lite0").train()
    for module in lite.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0  # one batch is enough
            nn.init.normal_(module.bias, 0, 0.5)  # no unit rests where its ReLU6 bends
    with torch.no_grad():
        lite.features(torch.rand(4, 3, 64, 64) * 255)
    vit = Vit(VitConfig(side=28, patch=14, width=16, heads=2, blocks=2))
    torch.nn.init.normal_(vit.position)
    return Small(lite.to(dtype), vit.to(dtype))


def pictures(count: int, height: int = 40, width: int = 56, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def encoder() -> BuiltinEncoder:
    return BuiltinEncoder(ALL, trunks=small())


def test_it_is_the_one_that_opens_by_name() -> None:
    assert "builtin" in encoder_names()
    opened = open_encoder("builtin")
    assert opened.name == "builtin"
    assert "Apache-2.0" in opened.source


def test_the_shipped_transformer_gives_its_own_tokens_on_a_square() -> None:
    net = load_crop_net(weights_folder())
    x = pictures(1, 224, 224)
    with torch.no_grad():
        wanted = net.vit(x * 255)
    encoder = BuiltinEncoder(
        BuiltinEncoderConfig((), vit_blocks=((6, 1.0),), vit_scaling="relative", embedding=0),
        trunks=net,
    )
    assert torch.allclose(encoder.features(x)[0], wanted, atol=1e-4)


def test_the_shipped_convolutions_give_their_own_maps() -> None:
    net = load_crop_net(weights_folder())
    x = pictures(1, 60, 90)
    with torch.no_grad():
        wanted = net.lite.features(x * 255)
    config = BuiltinEncoderConfig(((1, 1.0), (5, 1.0)), "relative", vit_blocks=(), embedding=0)
    found = BuiltinEncoder(config, trunks=net).features(x)
    for map_, number in zip(found, (1, 5), strict=True):
        assert torch.allclose(map_, wanted[number], atol=1e-4)


def test_features_have_a_row_a_picture_in_the_order_of_the_configuration(
    encoder: BuiltinEncoder,
) -> None:
    shapes = [tuple(f.shape) for f in encoder.features(pictures(2))]
    lite = [(2, 16, 20, 28), (2, 80, 3, 4), (2, 16, 10, 14), (2, 80, 2, 2)]
    assert shapes == [*lite, (2, 16, 1, 2), (2, 16, 1, 2), (2, 2, 2), (2, 336)]


@pytest.mark.parametrize("size", [(1, 1), (7, 90), (224, 149), (33, 33)])
def test_any_size_will_do(encoder: BuiltinEncoder, size: tuple[int, int]) -> None:
    found = encoder.features(pictures(1, *size))
    assert all(f.isfinite().all() for f in found)
    assert torch.allclose(encoder.embedding(pictures(1, *size)).norm(dim=1), torch.ones(1))


def test_rows_do_not_see_each_other(encoder: BuiltinEncoder) -> None:
    x, y = pictures(3), pictures(3, seed=1)
    together = encoder.distance(encoder.features(x), encoder.features(y))
    assert together.shape == (3,)
    for row in range(3):
        one = encoder.features(x[row : row + 1]), encoder.features(y[row : row + 1])
        assert torch.allclose(encoder.distance(*one)[0], together[row], atol=1e-5)


def test_equal_pictures_are_at_distance_zero_and_others_are_not(encoder: BuiltinEncoder) -> None:
    x = encoder.features(pictures(2))
    assert torch.allclose(encoder.distance(x, x), torch.zeros(2), atol=1e-5)
    assert (encoder.distance(x, encoder.features(pictures(2, seed=1))) > 1e-3).all()


def plain_distance(a: np.ndarray, b: np.ndarray, scaling: Scaling) -> float:
    """Of two maps (C,h,w), position by position."""
    if scaling == "relative":
        return float(((a - b) ** 2).mean() / (b**2).mean())
    if scaling == "centred":
        a, b = (m - m.mean((1, 2), keepdims=True) for m in (a, b))
    total = 0.0
    for row in range(a.shape[1]):
        for column in range(a.shape[2]):
            u, v = a[:, row, column], b[:, row, column]
            total += ((u / np.linalg.norm(u) - v / np.linalg.norm(v)) ** 2).sum()
    return total / (a.shape[1] * a.shape[2])


@pytest.mark.parametrize("scaling", ["unit", "centred", "relative"])
def test_scaled_maps_are_compared_as_plain_loops_do(scaling: Scaling) -> None:
    a, b = torch.randn(2, 2, 5, 3, 4, generator=torch.Generator().manual_seed(2))
    found = compared(scaled(a, scaling), scaled(b, scaling), scaling)
    for row in range(2):
        wanted = plain_distance(a[row].double().numpy(), b[row].double().numpy(), scaling)
        assert float(found[row]) == pytest.approx(wanted, rel=1e-4)


def test_self_similarity_is_the_table_of_cosines() -> None:
    maps = torch.randn(1, 5, 2, 3, generator=torch.Generator().manual_seed(3))
    tokens = maps[0].flatten(1).T
    table = self_similarity(maps)[0]
    for i in range(6):
        for j in range(6):
            cosine = torch.nn.functional.cosine_similarity(tokens[i], tokens[j], dim=0)
            assert float(table[i, j]) == pytest.approx(float(cosine), abs=1e-5)


def test_the_distance_is_the_weighted_mean_of_its_terms() -> None:
    x, y, trunks = pictures(2), pictures(2, seed=1), small()

    def alone(**fields: object) -> Tensor:
        none = {"lite_stages": (), "vit_blocks": (), "embedding": 0.0, "vit_side": 28}
        one = BuiltinEncoder(BuiltinEncoderConfig(**{**none, **fields}), trunks=trunks)  # type: ignore[arg-type]
        return one.distance(one.features(x), one.features(y))

    both = alone(lite_stages=((2, 3.0),), vit_blocks=((2, 1.0),), similarity=0.5, embedding=0.1)
    terms = (
        0.75 * alone(lite_stages=((2, 1.0),))
        + 0.25 * alone(vit_blocks=((2, 1.0),))
        + 0.5 * alone(similarity=1.0)
        + 0.1 * alone(embedding=1.0)
    )
    assert torch.allclose(both, terms, atol=1e-5)


def test_a_configuration_that_compares_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        BuiltinEncoderConfig((), vit_blocks=(), embedding=0.0)


def test_the_embedding_in_the_features_is_the_embedding(encoder: BuiltinEncoder) -> None:
    x = pictures(2)
    assert torch.allclose(encoder.features(x)[-1], encoder.embedding(x), atol=1e-6)


def test_weights_are_frozen_and_gradients_reach_the_pictures(encoder: BuiltinEncoder) -> None:
    x = pictures(2).requires_grad_()
    target = [f.detach() for f in encoder.features(pictures(2, seed=1))]
    encoder.distance(encoder.features(x), target).sum().backward()
    assert x.grad is not None
    assert (x.grad.flatten(1).norm(dim=1) > 0).all()
    blank = torch.ones(1, 3, 32, 40, requires_grad=True)
    encoder.distance(encoder.features(blank), [f[:1] for f in encoder.features(blank)])
    assert all(not p.requires_grad for p in encoder._lite.parameters())


def test_gradients_agree_with_finite_differences() -> None:
    encoder = BuiltinEncoder(ALL, trunks=small(torch.float64))
    x, y = pictures(1, 20, 28).double(), pictures(1, 20, 28, seed=1).double()
    # a short step, because the gradient jumps wherever a ReLU6 bends
    check_gradients(encoder, x, y, step=1e-7, directions=3, rel=1e-4)
