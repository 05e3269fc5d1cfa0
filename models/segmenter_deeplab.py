"""Engine `deeplab`: DeepLabV3-ResNet-101 with torchvision's weights; 20 classes of VOC."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import ModelError
from ..core.instances import Instance
from ..core.names import printable
from ..core.voc import VOC_CLASSES
from .cache import UserPaths
from .deeplab import DeepLab, deeplab_config
from .hub import resolve
from .mask_parts import connected_parts
from .perceptual import frozen
from .segmenters import DEEPLAB_CHECKPOINT
from .state_file import fill, load_state_file

LEAST = 0.001  # share of the picture that a part has at least
_SHORT_SIDE = 520  # pixels: as the weights were trained; smaller pictures keep their size
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class DeepLabSegmenter:
    """See `segmenter.Segmenter`; objects of a class that touch are one.

    Args:
        net: with its weights, of VOC's 21 classes.
        device: torch's name of a device.
    """

    name = "deeplab"

    def __init__(self, net: DeepLab, device: str = "cpu") -> None:
        frozen(net, device)
        self._net, self._device = net, device

    def segment(self, rgb: NDArray[np.uint8]) -> list[Instance]:
        """The connected parts of every class but the background; they do not overlap.

        The score is the class's mean probability in the part.
        """
        labels, probability = self.classes(rgb)
        least = max(round(LEAST * labels.size), 1)
        found = []
        for index in np.unique(labels[labels > 0]):
            for part in connected_parts(labels == index, least):
                score = float(probability[part].mean())
                found.append(Instance(part, min(score, 1.0), VOC_CLASSES[index]))
        return sorted(found, key=lambda instance: -instance.score)

    def classes(self, rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The index of the likeliest class HxW of a picture HxWx3, and its probability HxW."""
        height, width = rgb.shape[:2]
        scale = min(_SHORT_SIDE / min(height, width), 1.0)
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        small = Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR)
        pixels = (np.asarray(small, np.float32) / 255 - _MEAN) / _DEVIATION
        batch = torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy()).to(self._device)
        with torch.inference_mode():
            logits = self._net(batch)[0].float().cpu().numpy()
        best = np.full((height, width), -np.inf, np.float32)
        labels = np.zeros((height, width), np.uint8)
        total = np.zeros((height, width), np.float32)  # of exponentials, less the greatest one
        for index, plane in enumerate(logits):  # one by one, for 21 large planes fill memory
            values = cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
            greater = values > best
            top = np.where(greater, values, best)
            total = total * np.exp(best - top) + np.exp(values - top)
            best, labels[greater] = top, index
        return labels, np.asarray(1 / total, np.float32)


def load_deeplab(path: Path) -> DeepLab:
    """The network of a file of torchvision's form, of any size with 21 classes.

    The auxiliary head, which only training uses, is passed over.

    Raises:
        ModelError: the file cannot be read or holds another network.
    """
    state = load_state_file(path)
    try:
        config = deeplab_config(state)
    except KeyError as error:
        raise ModelError(
            f"{printable(path)} does not hold DeepLabV3 ({error} is missing); give "
            "deeplabv3_resnet101_coco-586e9e4e.pth."
        ) from None
    if config.classes != len(VOC_CLASSES):
        raise ModelError(
            f"{printable(path)} knows {config.classes} classes instead of VOC's "
            f"{len(VOC_CLASSES)}; give deeplabv3_resnet101_coco-586e9e4e.pth."
        )
    net = DeepLab(config)
    fill(net, state, path, "DeepLabV3")
    return net


def open_deeplab(device: str = "cpu", user: UserPaths | None = None) -> DeepLabSegmenter:
    """The engine with the checkpoint of this machine.

    Raises:
        ModelError: see `hub.resolve` and `load_deeplab`.
    """
    return DeepLabSegmenter(load_deeplab(resolve(DEEPLAB_CHECKPOINT, user)), device)
