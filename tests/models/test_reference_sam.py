"""Vectors of Segment Anything, with a tiny network saved as Meta's files are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from compose.core.errors import ModelError
from compose.models.cache import UserPaths
from compose.models.composition import CompositionReader
from compose.models.reference_encoder import open_encoder
from compose.models.reference_sam import SamEncoder, spline_zoom
from compose.models.sam_load import load_published

from .test_sam import meta_names, sam_net

TRUNK = np.zeros((384, 16, 16), np.float32)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sam") / "sam_vit_b_01ec64.pth"
    torch.save(meta_names(sam_net().state_dict()), path)
    return path


@pytest.fixture(scope="module")
def rgb() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)


def slow_spline(values: np.ndarray, place: float) -> float:
    """A cubic spline through values (N,) mirrored at its ends, at one place, the plain way."""

    def bump(x: float) -> float:
        x = abs(x)
        return 2 / 3 - x * x + x**3 / 2 if x < 1 else max(2 - x, 0) ** 3 / 6

    size = len(values)
    period = 2 * size - 2
    mirror = [min(k % period, period - k % period) for k in range(-2, size + 2)]
    matrix = np.zeros((size, size))
    for i in range(size):
        for k, j in zip(range(-2, size + 2), mirror, strict=True):
            matrix[i, j] += bump(i - k)
    knots = np.linalg.solve(matrix, values)
    return sum(knots[j] * bump(place - k) for k, j in zip(range(-2, size + 2), mirror, strict=True))


def test_a_row_is_shrunk_by_cubic_splines() -> None:
    values = np.random.default_rng(1).standard_normal(24)
    found = spline_zoom(values, 4)
    places = np.arange(6) * 23 / 5
    np.testing.assert_allclose(found, [slow_spline(values, p) for p in places], atol=1e-6)
    np.testing.assert_allclose(found[[0, -1]], values[[0, -1]], atol=1e-6)


def test_it_is_scipy_s_zoom() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    values = np.random.default_rng(2).standard_normal((32, 16, 16))
    np.testing.assert_allclose(spline_zoom(values, 4), ndimage.zoom(values, 0.25), atol=1e-5)


def test_as_released_channels_rows_and_columns_shrink_alike(
    published: Path, rgb: np.ndarray
) -> None:
    net = load_published(published)
    encoder = SamEncoder(net)
    vector = encoder.encode(rgb, TRUNK)
    assert (encoder.name, encoder.metric, encoder.tokens) == ("sam-vit-b", "l2", (8, 4))
    # the plain way: nearest pixels, the network, splines along all three axes
    rows, columns = np.arange(64) * 60 // 64, np.arange(64) * 90 // 64
    square = rgb[rows][:, columns].astype(np.float32)
    mean, deviation = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    pixels = torch.from_numpy(((square - mean) / deviation).astype(np.float32).transpose(2, 0, 1))
    with torch.inference_mode():
        features = net.get_image_embeddings(pixels[None])[0].numpy()
    assert features.shape == (32, 8, 8)
    np.testing.assert_allclose(vector, spline_zoom(features, 4).ravel(), atol=1e-4)


def test_proper_tokens_are_places(published: Path, rgb: np.ndarray) -> None:
    encoder = SamEncoder(load_published(published), proper=True)
    vector = encoder.encode(rgb, TRUNK)
    assert (encoder.metric, encoder.tokens) == ("cosine", (64, 32))
    left = SamEncoder(load_published(published), proper=True)
    half = rgb.copy()
    half[:, 45:] = 0
    cells = np.abs(vector - left.encode(half, TRUNK)).reshape(8, 8, 32).mean(2)
    assert cells[:, 5:].mean() > cells[:, :3].mean()


def test_published_sizes_are_the_paper_s() -> None:
    """ViT-B: 256x64x64 gives 64x16x16, 16,384 numbers, and as proper tokens as many."""
    zoomed = spline_zoom(np.zeros((256, 64, 64), np.float32), 4)
    assert zoomed.shape == (64, 16, 16)
    assert zoomed.size == 8 * 8 * 256 == 16_384


def test_the_digest_is_of_the_image_encoder(published: Path, rgb: np.ndarray) -> None:
    reader = CompositionReader()
    user = UserPaths({"sam-vit-b": published})
    first = open_encoder("sam-vit-b", reader, user=user)
    again = SamEncoder(load_published(published), proper=True)
    assert first.digest() == again.digest()
    assert SamEncoder(sam_net(seed=1)).digest() != first.digest()


def test_absent_weights_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)
    with pytest.raises(ModelError, match="compose models pull sam-vit-b"):
        open_encoder("sam-vit-b-tokens", CompositionReader())
