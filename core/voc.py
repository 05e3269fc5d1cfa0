"""PASCAL VOC's 21 classes and the colours of its index maps (VOC2012 development kit)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VOC_CLASSES = (
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)
VOC_IGNORED = 255  # the index of what counts for nothing, such as objects' rims


def voc_palette() -> NDArray[np.uint8]:
    """sRGB of every index (256,3); 0 is black.

    The bits of an index go to red, green and blue in turn, the lowest ones to the highest bits.
    """
    index = np.arange(256)
    colours = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        colours[:, bit % 3] |= ((index >> bit & 1) << (7 - bit // 3)).astype(np.uint8)
    return colours
