"""BLIP's tokens from a tiny random model in the published layout, and what takes them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from compose.core.errors import ModelError
from compose.models.blip_text import BlipTokens
from compose.models.crop_detr import CropDetr, CropInputs
from compose.models.crop_detr_config import CropDetrConfig

from .tiny_blip import save_blip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_blip(tmp_path_factory.mktemp("blip"))


def test_tokens_know_picture_and_words(folder: Path) -> None:
    blip = BlipTokens(folder)
    assert blip.channels == 24
    random = np.random.default_rng(0)
    one, two = (random.integers(0, 255, (20, 30, 3)).astype(np.uint8) for _ in range(2))
    tokens, pad = blip.encode([one, two], ["a boat by the shore", "a boat"])
    assert tokens.shape == (2, 7, 24)  # with a beginning and an end
    assert pad.sum(1).tolist() == [0, 3]
    alone, _ = blip.encode([two], ["a boat"])
    assert torch.allclose(alone[0], tokens[1, :4], atol=1e-5)  # padding is not attended to
    other, _ = blip.encode([one], ["a boat"])
    assert not torch.allclose(alone, other, atol=1e-4)
    words, _ = blip.encode([two], ["a shore"])
    assert not torch.allclose(alone, words, atol=1e-4)


def test_the_branch_takes_them(folder: Path) -> None:
    config = CropDetrConfig(
        backbone="embedded", train_backbone=False, channels=32, heads=4, encoder=1, decoder=1,
        hidden=48, queries=6, fusion="paper", stages=(4,), square=96, references=3,
        reference_channels=20, text_channels=24,
    )  # fmt: skip
    torch.manual_seed(0)
    net = CropDetr(config).eval()
    blip = BlipTokens(folder)
    rgb = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    text = blip.retrieved([rgb, rgb], ["a boat by the shore", "a boat"])
    assert text.pad.shape == (1, 2, 7)
    given = CropInputs(torch.zeros(1, 96, 96).bool(), maps=[torch.rand(1, 120, 6, 6)], text=text)
    with torch.no_grad():
        one = net(given)
        hidden = dataclasses.replace(text, tokens=text.tokens.masked_fill(text.pad[..., None], 9))
        two = net(dataclasses.replace(given, text=hidden))
        none = net(dataclasses.replace(given, text=None))
    assert torch.allclose(one.boxes, two.boxes, atol=1e-5)
    assert not torch.allclose(one.boxes, none.boxes, atol=1e-5)


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no BLIP"):
        BlipTokens(tmp_path)
