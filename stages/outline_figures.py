"""How good a mask in a window is: overlap, outline, and what a hole around it would leave."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from ..core.discs import disc, grown
from ..core.masks import Mask
from .outline_examples import OutlineExample
from .segment_config import SegmentConfig

_RIM = 4  # cells of the window, the width of the rims that boundary IoU compares


class OutlineScores(NamedTuple):
    """Of one mask; of cells that count only."""

    iou: float
    boundary: float  # IoU of the inner rims (Cheng et al., Boundary IoU, CVPR 2021)
    left: float  # share of the truth outside of the widened mask: a ghost on the plate
    more: float  # what is masked and not the object's, as a share of the truth


def compared(mask: Mask, example: OutlineExample) -> OutlineScores:
    """A mask (n,n) against an example's truth."""
    counts = example.counts > 127
    mask, truth = mask & counts, (example.truth > 127) & counts
    config = SegmentConfig()
    radius = max(config.dilate * example.long_side, config.dilate_least) * example.scale
    hole = grown(mask, max(round(radius), 1))
    area = max(int(truth.sum()), 1)
    rims = _rim(mask), _rim(truth)
    return OutlineScores(
        _iou(mask, truth),
        _iou(*rims),
        int((truth & ~hole).sum()) / area,
        int((mask & ~truth).sum()) / area,
    )


def _iou(one: Mask, other: Mask) -> float:
    return int((one & other).sum()) / max(int((one | other).sum()), 1)


def _rim(mask: Mask) -> Mask:
    core = cv2.erode(mask.astype(np.uint8), disc(_RIM), borderValue=1)
    return np.asarray(mask & ~core.astype(bool))
