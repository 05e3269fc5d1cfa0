"""VGG-16 from random weights in both published forms, and LPIPS's distance by plain loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from compose.core.errors import ModelError
from compose.models.encoder_vgg import (
    VggEncoder,
    load_hed,
    load_vgg16,
    open_vgg16,
)
from compose.models.hub import resolve
from compose.models.vgg import Vgg

from .encoder_gradients import check_gradients

h5py = pytest.importorskip("h5py")

WIDTHS = (4, 5, 6, 7, 8)
COUNTS = (2, 2, 3, 3, 3)


def torchvision_like() -> nn.Sequential:
    """`features` of torchvision's VGG-16, narrow: a ReLU after each convolution, then a pool."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    cin = 3
    for count, width in zip(COUNTS, WIDTHS, strict=True):
        for _ in range(count):
            layers += [nn.Conv2d(cin, width, 3, padding=1), nn.ReLU()]
            cin = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def save_torchvision(path: Path) -> nn.Sequential:
    features = torchvision_like()
    state = {f"features.{name}": value for name, value in features.state_dict().items()}
    torch.save({**state, "classifier.0.weight": torch.ones(2, 2)}, path)
    return features


def save_hed(path: Path) -> nn.Sequential:
    """The same weights as Keras keeps them: channels last, the first layer blue first."""
    features = torchvision_like()
    convolutions = iter(m for m in features if isinstance(m, nn.Conv2d))
    with h5py.File(path, "w") as file:
        for block, count in enumerate(COUNTS, 1):
            for number in range(count):
                convolution = next(convolutions)
                suffix = f"_{number}" if number else ""
                place = f"block{block}/layers/conv2d{suffix}/vars"
                weight = convolution.weight.detach().permute(2, 3, 1, 0).numpy()
                if block == 1 and number == 0:
                    weight = weight[:, :, ::-1]
                file[f"{place}/0"] = weight
                file[f"{place}/1"] = convolution.bias.detach().numpy()
    return features


def pictures(count: int, height: int = 32, width: int = 48, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def plain_taps(features: nn.Sequential, x: Tensor) -> list[Tensor]:
    taps = []
    for index, layer in enumerate(features):
        x = layer(x)
        if index + 2 < len(features) and isinstance(features[index + 2], nn.MaxPool2d):
            taps.append(x)
    return taps


@torch.no_grad()
def test_torchvision_s_file_gives_its_five_taps(tmp_path: Path) -> None:
    features = save_torchvision(tmp_path / "vgg.pth")
    x = pictures(2)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    wanted = plain_taps(features, (x - mean) / std)
    found = load_vgg16(tmp_path / "vgg.pth")(x)
    assert [tuple(f.shape[1:]) for f in found] == [
        (4, 32, 48), (5, 16, 24), (6, 8, 12), (7, 4, 6), (8, 2, 3),
    ]  # fmt: skip
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(found, wanted, strict=True))


@torch.no_grad()
def test_hed_s_file_gives_the_taps_of_caffe_s_pixels(tmp_path: Path) -> None:
    features = save_hed(tmp_path / "hed.h5")
    x = pictures(2)
    blue_first = x.flip(1) * 255 - torch.tensor([104.00699, 116.66877, 122.67892]).view(3, 1, 1)
    wanted = plain_taps(features, blue_first.flip(1))
    found = load_hed(tmp_path / "hed.h5")(x)
    assert all(torch.allclose(a, b, atol=1e-3) for a, b in zip(found, wanted, strict=True))


def test_odd_sides_round_up_in_hed_and_down_in_torchvision(tmp_path: Path) -> None:
    save_torchvision(tmp_path / "vgg.pth")
    save_hed(tmp_path / "hed.h5")
    x = pictures(1, 9, 17)
    sizes = [
        [tuple(f.shape[-2:]) for f in net(x)]
        for net in (load_vgg16(tmp_path / "vgg.pth"), load_hed(tmp_path / "hed.h5"))
    ]
    assert sizes[0] == [(9, 17), (4, 8), (2, 4), (1, 2)]
    assert sizes[1] == [(9, 17), (5, 9), (3, 5), (2, 3), (1, 2)]


def test_a_file_with_a_weight_missing_or_misshapen_is_refused(tmp_path: Path) -> None:
    state = {f"features.{n}": v for n, v in torchvision_like().state_dict().items()}
    torch.save({n: v for n, v in state.items() if n != "features.7.bias"}, tmp_path / "a.pth")
    with pytest.raises(ModelError, match="is missing"):
        load_vgg16(tmp_path / "a.pth")
    torch.save({**state, "features.7.bias": torch.ones(99)}, tmp_path / "b.pth")
    with pytest.raises(ModelError, match="another shape"):
        load_vgg16(tmp_path / "b.pth")
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["other"] = np.ones(3)
    with pytest.raises(ModelError, match="run `compose models pull hed`"):
        load_hed(tmp_path / "c.h5")


def narrow(dtype: torch.dtype = torch.float32) -> VggEncoder:
    torch.manual_seed(0)
    net = Vgg((120.0, 110.0, 100.0), (60.0, 58.0, 57.0), widths=WIDTHS).to(dtype)
    return VggEncoder(net, "narrow", "random")


def test_the_distance_is_lpips_without_learned_weights() -> None:
    encoder = narrow()
    x, y = pictures(2), pictures(2, seed=1)
    found = encoder.distance(encoder.features(x), encoder.features(y))
    taps = [[t.double().numpy() for t in encoder._net(p)] for p in (x, y)]
    for row in range(2):
        wanted = 0.0
        for one, other in zip(*taps, strict=True):
            a, b = (m[row] / np.linalg.norm(m[row], axis=0) for m in (one, other))
            wanted += sum(
                ((a[:, i, j] - b[:, i, j]) ** 2).sum()
                for i in range(a.shape[1])
                for j in range(a.shape[2])
            ) / (a.shape[1] * a.shape[2])
        assert float(found[row]) == pytest.approx(wanted, rel=1e-3)
    same = encoder.features(x)
    assert torch.equal(encoder.distance(same, same), torch.zeros(2))


def test_the_embedding_has_length_one_at_any_size() -> None:
    for size in ((1, 1), (40, 17), (64, 64)):
        found = narrow().embedding(pictures(2, *size))
        assert torch.allclose(found.norm(dim=1), torch.ones(2), atol=1e-5)


def test_gradients_agree_with_finite_differences() -> None:
    encoder = narrow(torch.float64)
    x, y = pictures(1, 18, 20).double(), pictures(1, 18, 20, seed=1).double()
    check_gradients(encoder, x, y, step=1e-7, directions=5, rel=1e-3)


def test_torchvision_s_true_weights_where_someone_has_them() -> None:
    try:
        resolve("vgg16")
    except ModelError as error:
        pytest.skip(str(error))
    assert open_vgg16("cpu").embedding(pictures(1)).shape == (1, 512)
