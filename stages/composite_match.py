"""Sharpness and noise of an object matched to its background's.

Blur is measured at edges by blurring once more (Zhuo and Sim, 2011, section 3): at a step of width
s, gradients before and after differ by the factor sqrt((s^2 + 1) / s^2). Noise is measured by a
filter that sees neither planes nor edges (Immerkaer, 1996), its median taken for robustness.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask

Floats = NDArray[np.float32]

_SHARP = 20  # percentile of the widths found: what is in focus, not what lies behind
_STEP = 0.02  # of [0, 1], gradients that are edges
_LEAST_EDGES = 40  # pixels
_SHARPEST = 0.4  # pixels; what is measured below is the grid
_MOST_BLUR = 0.0016  # of the picture's longer side
_TELLS = 0.7  # pixels; objects of one photograph differ by as much (two in a hundred by more)
_MOST_SHARPENED = 0.5  # of what blurring takes away
_NOISE = (3.6, 6.0)  # of 255: below the first (as in one photograph) none, above the second never
_CALMEST = 1.44  # of noise alone, the mean of what is measured over that percentile
_SMOOTH = 5  # percentile of local noise: where there is no texture
_PARTS = (
    5,
    128,
)  # across and down, and pixels a side: where the calmest part of a picture is sought
_TONES = (0.04, 0.95)  # of [0, 1]: darker and lighter parts are clipped, and with them their noise
_ELSEWHERE = (30, 1.6)  # another percentile, and by how much it may be more: noise is everywhere


def edge_width(grey: Floats, inside: Mask) -> float | None:
    """The standard deviation in pixels of the sharper edges; None where there are too few.

    Args:
        grey: HxW in [0, 1].
        inside: HxW, which pixels to look at.
    """
    before = _gradient(grey)
    after = _gradient(np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.0), np.float32))
    peaks = inside & (before > max(_STEP, 0.35 * float(before[inside].max(initial=0))))
    # only where a gradient is greatest do the two tell a width
    peaks &= before >= np.asarray(cv2.dilate(before, np.ones((3, 3)))) * 0.999
    if peaks.sum() < _LEAST_EDGES:
        return None
    ratio = before[peaks] / np.maximum(after[peaks], 1e-6)
    width = 1 / np.sqrt(np.maximum(ratio**2 - 1, 1e-3))
    return float(np.percentile(width, _SHARP))


def noise_level(grey: Floats, inside: Mask) -> float:
    """The standard deviation of noise in [0, 1], where texture is least; 0 if nothing is inside."""
    if not inside.any():
        return 0.0
    least = float(np.percentile(_local_noise(grey)[inside], _SMOOTH))
    return least * _CALMEST * float(np.sqrt(np.pi / 2))


def sensor_noise(grey: Floats) -> float:
    """The same of a whole picture, or 0 where that is its texture: noise is nearly even."""
    local = _local_noise(grey)
    least, more = np.percentile(local, (_SMOOTH, _ELSEWHERE[0]))
    return noise_level(grey, np.ones(grey.shape, bool)) if more <= _ELSEWHERE[1] * least else 0.0


def calmest_noise(picture: NDArray[np.uint8]) -> float:
    """The deviation of noise in [0, 1] of the calmest part of a picture HxWx3: no more is noise.

    Infinite where every part is too dark or too light to tell.
    """
    count, side = _PARTS
    ends = [max(length - side, 0) for length in picture.shape[:2]]
    least = np.inf
    for y in np.linspace(0, ends[0], count).astype(int):
        for x in np.linspace(0, ends[1], count).astype(int):
            part = picture[y : y + side, x : x + side]
            grey = np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.float32) / np.float32(255)
            if _TONES[0] < float(grey.mean()) < _TONES[1]:
                least = min(least, noise_level(grey, np.ones(grey.shape, bool)))
    return float(least)


def _local_noise(grey: Floats) -> Floats:
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    found = np.abs(cv2.filter2D(grey, -1, kernel, borderType=cv2.BORDER_REFLECT))
    return np.asarray(cv2.blur(found, (7, 7), borderType=cv2.BORDER_REFLECT), np.float32)


def blur_to_add(own: float | None, around: float | None, side: int) -> float:
    """The deviation in pixels of the blur that makes an object as soft as its surroundings.

    Args:
        own, around: their edges' widths.
        side: the longer side of the picture in pixels, by which blur is bounded.
    """
    if around is None:
        return 0.0
    missing = around**2 - max(own if own is not None else _SHARPEST, _SHARPEST) ** 2
    blur = min(float(np.sqrt(max(missing, 0.0))), _MOST_BLUR * side)
    return blur if blur >= _TELLS else 0.0


def blurred(rgb: Floats, alpha: Floats, sigma: float) -> tuple[Floats, Floats]:
    """Colours and alpha blurred by `sigma` pixels, what is transparent lending no colour."""
    if sigma <= 0:
        return rgb, alpha
    both = np.dstack([rgb * alpha[..., None], alpha]).astype(np.float32)
    # beyond the window there is nothing, but an object that ends at it is cut off, not thin
    both = np.asarray(cv2.GaussianBlur(both, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
    soft = np.clip(both[..., 3], 0, 1)
    colours = both[..., :3] / np.maximum(soft, 0.02)[..., None]
    return np.where(soft[..., None] > 0.02, np.clip(colours, 0, 1), rgb).astype(np.float32), soft


def sharpened(rgb: Floats, own: float | None, around: float | None) -> Floats:
    """An object that is softer than its surroundings with its edges raised a little."""
    if own is None or around is None or own - around < _TELLS:
        return rgb
    amount = min(_MOST_SHARPENED, 0.5 * (own - around))
    soft = np.asarray(cv2.GaussianBlur(rgb, (0, 0), own, borderType=cv2.BORDER_REPLICATE))
    return np.clip(rgb + amount * (rgb - soft), 0, 1).astype(np.float32)


def noise_to_add(own: float, around: float) -> float:
    """The deviation in [0, 1] of the noise that an object lacks."""
    missing = float(np.sqrt(max(around**2 - own**2, 0.0)))
    return min(missing, _NOISE[1] / 255) if missing >= _NOISE[0] / 255 else 0.0


def noise(shape: tuple[int, int], sigma: float, random: np.random.Generator) -> Floats:
    """Grey noise HxWx1 of this deviation, of a grain a little larger than a pixel."""
    drawn = random.standard_normal(shape).astype(np.float32)
    grain = np.asarray(cv2.GaussianBlur(drawn, (0, 0), 0.6))
    return np.asarray(grain * (sigma / max(float(grain.std()), 1e-6)), np.float32)[..., None]


def _gradient(grey: Floats) -> Floats:
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    return np.asarray(cv2.magnitude(across, down), np.float32)
