"""The contour head's shapes and file, and what the one that ships sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from compose.core.errors import ModelError
from compose.models.contour_net import ContourConfig, ContourNet, load_contour_net
from compose.models.contours import CONTOURS, BuiltinContours, open_contours
from compose.models.crop_builtin import weights_folder
from compose.models.crop_weights import load_crop_net
from compose.models.efficientnet_lite import trunk_maps
from compose.models.packing import round_int8
from compose.models.small_net import small_net_bytes


@pytest.fixture(scope="module")
def trunk():
    return load_crop_net(weights_folder()).lite.eval()


@pytest.fixture(scope="module")
def reader():
    return open_contours()


def test_maps_come_at_strides_of_2_to_32_and_logits_at_half_size(trunk):
    config = ContourConfig(width=8)
    pictures = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        maps = trunk_maps(trunk, pictures, config.stages)
        logits = ContourNet(config)(maps, pictures)
    shapes = [tuple(m.shape[1:]) for m in maps]
    strides = [(2**k, c) for k, c in enumerate(config.channels, 1)]
    assert shapes == [(c, 64 // s, 96 // s) for s, c in strides]
    assert logits.shape == (2, 1, 32, 48)


def test_maps_are_those_of_the_trunk(trunk):
    pictures = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        whole = trunk.features(pictures * 255)
        some = trunk_maps(trunk, pictures, (1, 4))
    assert len(some) == 2
    for found, stage in zip(some, (1, 4), strict=True):
        torch.testing.assert_close(found, whole[stage], atol=1e-4, rtol=1e-4)


def test_a_head_comes_back_from_its_file(tmp_path: Path):
    torch.manual_seed(0)
    net = ContourNet(ContourConfig(width=8))
    round_int8(net)
    path = tmp_path / CONTOURS
    path.write_bytes(small_net_bytes(net, net.config))
    again = load_contour_net(path)
    assert again.config == net.config
    for name, value in net.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value)
    assert open_contours(tmp_path).read(np.zeros((20, 30, 3), np.uint8)).shape == (20, 30)


def test_another_network_s_file_is_refused():
    with pytest.raises(ModelError, match="another network"):
        load_contour_net(weights_folder() / "saliency.safetensors")


@pytest.mark.parametrize("size", [(40, 60), (300, 200), (1, 1), (3, 500)])
def test_maps_have_the_picture_s_size_and_are_probabilities(reader: BuiltinContours, size):
    rgb = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    found = reader.read(rgb)
    assert found.shape == size
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.array_equal(found, reader.read(rgb))


def test_what_ships_sees_outlines_and_no_flat_places(reader: BuiltinContours):
    y, x = np.mgrid[0:160, 0:240]
    rgb = np.full((160, 240, 3), (120, 160, 210), np.uint8)
    disc = (x - 90) ** 2 + (y - 80) ** 2 < 45**2
    rgb[disc] = (200, 60, 40)
    found = reader.read(rgb)
    radius = np.hypot(x - 90, y - 80)
    on, off = abs(radius - 45) < 3, (abs(radius - 45) > 15) & (x > 12) & (x < 228)
    assert found[on].mean() > 0.3
    assert found[off & (y > 12) & (y < 148)].mean() < 0.05
