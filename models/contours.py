"""Contours of a picture: the lines that a person would draw, and how sure the network is."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from .contour_net import STRIDE, ContourNet, load_contour_net
from .crop_builtin import network_file, weights_folder
from .crop_weights import load_crop_net
from .efficientnet_lite import EfficientNetLite, trunk_maps
from .perceptual import frozen

CONTOURS = "contours.safetensors"
SIDE = 448  # pixels of the long side that the network looks at, unless asked for more
MOST_SIDE = 896


class ContourReader(Protocol):
    """Opened once a process."""

    @property
    def name(self) -> str:
        """The engine."""
        ...

    def read(self, rgb: NDArray[np.uint8], side: int = SIDE) -> NDArray[np.float32]:
        """The map of a picture HxWx3: HxW in [0,1], lines with soft flanks.

        Args:
            rgb: HxWx3 sRGB.
            side: pixels of the long side to look at; more of them find finer lines.
        """
        ...


class BuiltinContours:
    """Engine `builtin`: the head that ships, on the convolutional trunk that ships.

    Args:
        net, trunk: opened before; what ships by default.

    Raises:
        ModelError: a file is missing or damaged.
    """

    name = "builtin"

    def __init__(
        self, net: ContourNet | None = None, trunk: EfficientNetLite | None = None
    ) -> None:
        self._net = net or load_contour_net(network_file(CONTOURS))
        self._trunk = trunk or load_crop_net(weights_folder()).lite
        frozen(self._trunk, "cpu")
        frozen(self._net, "cpu")

    def read(self, rgb: NDArray[np.uint8], side: int = SIDE) -> NDArray[np.float32]:
        """See `ContourReader`."""
        height, width = rgb.shape[:2]
        scale = min(side, MOST_SIDE) / max(height, width)
        size = [max(round(s * scale / STRIDE), 1) * STRIDE for s in (width, height)]
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        small = cv2.resize(rgb, size, interpolation=way)
        picture = torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            maps = trunk_maps(self._trunk, picture, self._net.config.stages)
            found = torch.sigmoid(self._net(maps, picture))[0, 0].numpy()
        way = cv2.INTER_AREA if found.shape[0] > height else cv2.INTER_LINEAR
        return np.clip(cv2.resize(found, (width, height), interpolation=way), 0, 1)


def open_contours(folder: Path | None = None) -> BuiltinContours:
    """The finder of contours.

    Args:
        folder: with `contours.safetensors` of `compose train contours`; what ships by default.

    Raises:
        ModelError: the file is missing or damaged.
    """
    net = load_contour_net(folder / CONTOURS) if folder is not None else None
    return BuiltinContours(net)
