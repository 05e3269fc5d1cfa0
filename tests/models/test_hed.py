"""HED out of its Keras file, against its layers applied one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from compose.core.errors import ModelError
from compose.models.hed import load_hed_edges
from compose.models.hub import resolve

from .test_encoder_vgg import WIDTHS, pictures, plain_taps, save_hed

h5py = pytest.importorskip("h5py")


def save(path: Path) -> tuple[torch.nn.Sequential, list[tuple[np.ndarray, np.ndarray]]]:
    """A narrow network with random sides: its trunk, and weights and biases of the rest."""
    trunk = save_hed(path)
    rng = np.random.default_rng(1)
    rest = []
    with h5py.File(path, "a") as file:
        for place, cin in [*((f"dsn{k}", w) for k, w in enumerate(WIDTHS, 1)), ("fuse", 5)]:
            weight = rng.normal(size=(1, 1, cin, 1)).astype(np.float32)
            bias = rng.normal(size=1).astype(np.float32)
            file[f"{place}/vars/0"], file[f"{place}/vars/1"] = weight, bias
            rest.append((weight[0, 0, :, 0], bias))
    return trunk, rest


def test_edges_are_the_weighted_sum_of_all_sides(tmp_path: Path) -> None:
    trunk, rest = save(tmp_path / "hed.h5")
    x = pictures(2)
    blue_first = x.flip(1) * 255 - torch.tensor([104.00699, 116.66877, 122.67892]).view(3, 1, 1)
    total = torch.full((2, 32, 48), float(rest[-1][1][0]))
    for k, tap in enumerate(plain_taps(trunk, blue_first.flip(1))):
        weight, bias = rest[k]
        side = torch.einsum("nchw,c->nhw", F.relu(tap), torch.from_numpy(weight)) + float(bias[0])
        wide = F.interpolate(side[:, None], (32, 48), mode="bilinear", align_corners=False)
        total += float(rest[-1][0][k]) * wide[:, 0]
    found = load_hed_edges(tmp_path / "hed.h5")(x)
    assert found.shape == (2, 1, 32, 48)
    torch.testing.assert_close(found[:, 0], torch.sigmoid(total), atol=1e-3, rtol=1e-3)


def test_a_file_without_sides_is_refused(tmp_path: Path) -> None:
    save_hed(tmp_path / "hed.h5")
    with pytest.raises(ModelError, match="run `compose models pull hed`"):
        load_hed_edges(tmp_path / "hed.h5")


def test_the_true_weights_find_an_edge_where_someone_has_them() -> None:
    try:
        path = resolve("hed")
    except ModelError as error:
        pytest.skip(str(error))
    x = torch.full((1, 3, 64, 96), 0.8)
    x[..., 40:] = 0.2
    edges = load_hed_edges(path)(x)[0, 0, 16:48, 8:88].mean(0)
    assert abs(int(edges.argmax()) + 8 - 40) <= 1
    assert edges.max() > 0.8
    assert edges[:20].max() < 0.3
