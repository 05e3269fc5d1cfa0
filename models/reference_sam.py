"""ProCrop, "Retrieval": vectors of Segment Anything's image encoder, as released and as tokens.

Released: the picture is zoomed to 1024x1024 by nearest neighbour whatever its shape; the features
(256,64,64) are zoomed by 1/4 along channels, rows and columns alike with scipy's cubic splines,
to (64,16,16), 16,384 numbers, compared by L2. Read as 64 tokens of 256 numbers, a token is a
pooled channel over all places. As proper tokens the same number count means 8x8 places of 256
channels, averaged over places alone and compared by angle. Released code feeds pictures whose
colours its own loader had spread to [0, 1]; here they get Segment Anything's own normalisation.
"""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from .composition import Tokens
from .reference_encoder import digest_of
from .sam_pixels import normalised

_SHRUNK = 4  # times, along every axis
_PLACES = 8  # a side, of proper tokens


class SamEncoder:
    """See `reference_encoder.ReferenceEncoder`; safe to call from several threads.

    Args:
        net: transformers' `SamModel` with its weights.
        device: torch's name.
        proper: tokens are places instead of pooled channels.
    """

    def __init__(self, net: nn.Module, device: str = "cpu", *, proper: bool = False) -> None:
        self._net = net.eval().requires_grad_(False).to(device)
        self._device, self._proper = device, proper
        config: Any = net.config
        vision = config.vision_config
        self._side = int(vision.image_size)
        cells, channels = self._side // int(vision.patch_size), int(vision.output_channels)
        self.name = "sam-vit-b-tokens" if proper else "sam-vit-b"
        self.metric = "cosine" if proper else "l2"
        if proper:
            self.tokens = (_PLACES**2, channels)
        else:
            small = round(cells / _SHRUNK)
            self.tokens = (round(channels / _SHRUNK), small * small)

    def digest(self) -> str:
        """See `ReferenceEncoder`; of the image encoder alone."""
        encoder: Any = self._net.vision_encoder
        return digest_of({k: v.float().cpu().numpy() for k, v in encoder.state_dict().items()})

    def encode(self, rgb: NDArray[np.uint8], trunk: Tokens) -> NDArray[np.float32]:
        """See `ReferenceEncoder`; `trunk` is not looked at."""
        square: Any = cv2.resize(rgb, (self._side, self._side), interpolation=cv2.INTER_NEAREST)
        batch = torch.from_numpy(normalised(square)[None]).to(self._device)
        with torch.inference_mode():
            features = self._net.get_image_embeddings(batch)[0]  # type: ignore[operator]
        values = features.float().cpu().numpy()
        if self._proper:
            pooled = nn.functional.adaptive_avg_pool2d(torch.from_numpy(values), _PLACES).numpy()
            return np.asarray(pooled.reshape(len(values), -1).T.ravel(), np.float32)
        return spline_zoom(values, _SHRUNK).ravel()


def spline_zoom(values: NDArray[np.floating], factor: int) -> NDArray[np.float32]:
    """An array shrunk along every axis as `scipy.ndimage.zoom(values, 1 / factor)` does it.

    Cubic splines through the values, mirrored at the ends; the first and last places of the
    result are those of the array.
    """
    result = np.asarray(values, np.float64)
    for axis, size in enumerate(values.shape):
        matrix = _zoom_matrix(size, round(size / factor))
        result = np.moveaxis(np.tensordot(matrix, result, (1, axis)), 0, axis)
    return result.astype(np.float32)


@functools.cache
def _zoom_matrix(size: int, wanted: int) -> NDArray[np.float64]:
    """(wanted,size): interpolation by cubic splines at evenly spread places, ends included."""
    if size == 1:
        return np.ones((wanted, 1))
    knots = np.zeros((size, size))
    period = 2 * size - 2
    for i in range(size):
        for step, weight in ((-1, 1 / 6), (0, 4 / 6), (1, 1 / 6)):
            j = abs(i + step) % period
            knots[i, min(j, period - j)] += weight
    places = np.linspace(0, size - 1, wanted) if wanted > 1 else np.zeros(1)
    basis = np.zeros((wanted, size))
    for row, place in enumerate(places):
        for knot in range(int(np.floor(place)) - 1, int(np.floor(place)) + 3):
            away = abs(place - knot)
            if away < 1:
                weight = 2 / 3 - away**2 + away**3 / 2
            else:
                weight = max(2 - away, 0) ** 3 / 6
            j = abs(knot) % period
            basis[row, min(j, period - j)] += weight
    return np.asarray(basis @ np.linalg.inv(knots))
