"""What PICS's network is shown: hint, box masks and objects (sections 4.2 and 4.4 of our notes)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box, round_inside
from ..core.masks import Mask, mask_box

Floats = NDArray[np.float32]

PAD = 1.25  # of an object's box, the middle of what it is trained with


def target(rgb: NDArray[np.uint8], side: int) -> Floats:
    """The whole picture on a black square of `side`: (3,side,side) in [-1,1]."""
    return _signed(_resized(to_square(rgb, 0), side))


def hint_and_masks(
    rgb: NDArray[np.uint8], boxes: Sequence[Box], side: int
) -> tuple[Floats, NDArray[np.uint8]]:
    """What surrounds the boxes, and the boxes themselves, on a square of `side`.

    Args:
        rgb: HxWx3; what lies in the boxes is not looked at.
        boxes: K of them.
        side: of the square; the picture is padded to one around its middle.

    Returns:
        The hint (4,side,side): colours in [-1,1], black in the boxes and the padding, and 1 in
        the boxes, 0 where the picture is kept, -1 in the padding; and masks (K,side,side), 0 or 1.
    """
    kept, masks = rgb.copy(), []
    for x1, y1, x2, y2 in round_inside(np.asarray(boxes), rgb.shape[1], rgb.shape[0]):
        mask = np.zeros(rgb.shape[:2], np.uint8)
        mask[y1:y2, x1:x2] = 1
        masks.append(mask)
        kept[y1:y2, x1:x2] = 0
    union = np.max(masks, axis=0).astype(np.uint8)
    state = _nearest(to_square(union[..., None], 2)[..., 0], side).astype(np.float32)
    state[state == 2] = -1
    colours = _signed(_resized(to_square(kept, 0), side))
    squares = np.stack([_shrunk_mask(mask, side) for mask in masks])
    state[squares.any(0)] = 1
    return np.concatenate([colours, state[None]]), squares


def object_square(
    rgb: NDArray[np.uint8], alpha: NDArray[np.uint8] | None, side: int, pad: float = PAD
) -> NDArray[np.uint8]:
    """An object on a white square, (side,side,3): tight around it, then padded.

    Args:
        rgb: HxWx3.
        alpha: HxW; None where the object stands on white already.
        side: of the square.
        pad: how much longer its box's sides become.
    """
    if alpha is not None:
        solid = alpha > 127 if (alpha > 127).any() else alpha > 0
        if solid.any():
            x1, y1, x2, y2 = (int(edge) for edge in mask_box(solid))
            rgb, alpha = rgb[y1:y2, x1:x2], alpha[y1:y2, x1:x2]
        share = alpha[..., None].astype(np.float32) / 255
        rgb = np.rint(rgb * share + 255 * (1 - share)).astype(np.uint8)
    height, width = rgb.shape[:2]
    rows, columns = (round(length * (pad - 1) / 2) for length in (height, width))
    framed = np.pad(rgb, ((rows, rows), (columns, columns), (0, 0)), constant_values=255)
    return _resized(to_square(framed, 255), side)


def object_on_white(rgb: NDArray[np.uint8]) -> Mask:
    """What of a picture (HxWx3) of an object on white is the object, HxW.

    White parts of the object are not holes: only white that reaches the border is outside. The
    published code takes every white pixel for background.
    """
    white = (rgb.min(-1) >= 250).astype(np.uint8)
    framed = np.pad(white, 1, constant_values=1)
    count, labels = cv2.connectedComponents(framed, connectivity=4)
    del count
    return np.asarray((labels != labels[0, 0])[1:-1, 1:-1])


def to_square(pixels: NDArray[np.uint8], value: int) -> NDArray[np.uint8]:
    """HxWxC padded with `value` to a square, the picture in its middle."""
    height, width = pixels.shape[:2]
    top, left = square_offset(height, width)
    side = max(height, width)
    below, right = side - height - top, side - width - left
    return np.pad(pixels, ((top, below), (left, right), (0, 0)), constant_values=value)


def square_offset(height: int, width: int) -> tuple[int, int]:
    """Rows above and columns left of a picture that `to_square` pads."""
    side = max(height, width)
    return (side - height) // 2, (side - width) // 2


def _resized(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if side < len(pixels) else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=way), np.uint8)


def _nearest(values: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    size = (side, side)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _shrunk_mask(mask: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A mask (H,W), not empty, on a square of `side`: by the nearest pixels, as published.

    A box that falls between these has the pixels that it touches, so that it is not lost.
    """
    square = to_square(mask[..., None], 0)[..., 0]
    small = _nearest(square, side)
    if small.any():
        return small
    touched = cv2.resize(square.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA) > 0
    return touched.astype(np.uint8)


def _signed(pixels: NDArray[np.uint8]) -> Floats:
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(np.float32) / 127.5 - 1
