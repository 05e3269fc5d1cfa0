"""Pictures with holes at smaller sizes, and back."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask

_WHOLE = 1 - 1e-3  # share of a shrunken pixel that is known, up to rounding: all of it


def enlarged(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The picture at that size, bicubic."""
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def shrunk(
    rgb: NDArray[np.uint8], hole: Mask, size: tuple[int, int]
) -> tuple[NDArray[np.uint8], Mask]:
    """The picture at width, height, its pixels averaged over known ones; and what is a hole there.

    A pixel is known where all of it was, or if there is none, where most of it was.
    """
    share = cv2.resize((~hole).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    bare = np.where(hole[..., None], np.uint8(0), rgb)
    mean = cv2.resize(bare, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    mean = np.minimum(np.rint(mean / np.maximum(share, 1e-3)[..., None]), 255)
    known = share >= min(_WHOLE, float(share.max()))
    return np.where(known[..., None], mean, 0).astype(np.uint8), np.asarray(~known)
