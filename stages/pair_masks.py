"""What the masks of objects that meet tell of each other."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..core.discs import grown
from ..core.masks import Mask

_NEAR = 2  # pixels between the middles of two that count as touching: annotators leave gaps


def seen_parts(masks: Sequence[Mask], order: Sequence[int] | None = None) -> list[Mask]:
    """Masks of which no two share a pixel: whoever is in front has what both claim.

    A mask of which nothing would be left stays as it is.

    Args:
        masks: HxW each.
        order: numbers of masks from front to back; None: the smaller before the larger.
    """
    if order is None:
        order = sorted(range(len(masks)), key=lambda k: (int(masks[k].sum()), k))
    found = list(masks)
    for place, k in enumerate(order):
        before = [masks[j] for j in order[:place]]
        rest = masks[k] & ~np.logical_or.reduce(before) if before else masks[k]
        if rest.any():
            found[k] = rest
    return found


def contact_length(a: Mask, b: Mask) -> float:
    """How long the seam between two masks is, in pixels; 0 where they keep apart.

    The mean over both of the pixels on one's outline that are within 2 pixels of the other.

    Args:
        a, b: HxW, of which no pixel is in both.
    """
    return float(_outline_near(a, b) + _outline_near(b, a)) / 2


def _outline_near(a: Mask, b: Mask) -> int:
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(a.astype(np.uint8), cross, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return int((a & (inner == 0) & grown(b, _NEAR)).sum())
