"""A picture of samples while compositing is trained: what is known, what came out, the truth."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..core.seeds import derive_seed
from ..models.pics_load import PicsModel
from ..models.pics_net import PicsNet
from ..models.pics_noise import SamplerConfig
from ..models.pics_sample import nothing_features, sample
from .composite_examples import CompositeExample, batch_of


def draw_samples(
    net: PicsNet,
    model: PicsModel,
    examples: Sequence[CompositeExample],
    sampler: SamplerConfig,
    seed: int,
    device: str,
) -> NDArray[np.uint8]:
    """What a network paints for examples with as many objects each: (N,S,S,3)."""
    _, known = batch_of(examples, model.encoder, device)
    noise = torch.Generator().manual_seed(derive_seed(seed, "composite-grid"))
    drawn = sample(net, model.codec, known, nothing_features(net, model.encoder), noise, sampler)
    pixels = ((drawn.float().cpu() + 1) * 127.5).round().clamp(0, 255).byte()
    return pixels.permute(0, 2, 3, 1).numpy()


def sample_grid(
    examples: Sequence[CompositeExample], drawn: NDArray[np.uint8], least: int = 64
) -> NDArray[np.uint8]:
    """One row an example: the hint, its objects, what was painted, the truth.

    Args:
        examples: N of them.
        drawn: (N,S,S,3), see `draw_samples`.
        least: pixels of a cell's side; smaller pictures are enlarged without smoothing.
    """
    rows = []
    for example, painted in zip(examples, drawn, strict=True):
        cells = [_pixels(example.hint[:3]), *example.objects, painted, _pixels(example.picture)]
        rows.append(np.concatenate([_square(cell, max(len(painted), least)) for cell in cells], 1))
    width = max(row.shape[1] for row in rows)
    padded = [
        np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255)
        for row in rows
    ]
    return np.concatenate(padded)


def _pixels(signed: NDArray[np.float32]) -> NDArray[np.uint8]:
    values = np.rint((signed.transpose(1, 2, 0) + 1) * 127.5)
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _square(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    way = cv2.INTER_NEAREST if len(pixels) < side else cv2.INTER_AREA
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=way), np.uint8)
