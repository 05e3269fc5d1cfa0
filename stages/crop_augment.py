"""How photographs are changed before a DETR cropper learns from them (sections 1.6 and 3.6)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box, areas, clip
from .crop_sources import CropExample

Floats = NDArray[np.float32]
_LEFT = 0.9  # of a crop's area has to be left for its score to hold


@dataclass(frozen=True)
class CropAugmentConfig:
    """ProCrop's by default."""

    shift: float = 0.2  # of the margin around good crops that a side may lose
    weak_shift: float = 0.9  # the same around a photograph that was painted on
    light: bool = True  # brightness, contrast, saturation and hue
    mirror: float = 0.0  # how often left and right change places; neither paper does
    sides: tuple[int, ...] = (360, 426, 474, 480, 512, 544, 576, 608, 640, 672, 704, 736, 768, 800)
    longest: int = 1024  # pixels of the long side at most
    square: int = 0  # the long side has exactly so many pixels, whatever the above; 0: not


@dataclass(frozen=True, eq=False)
class Sample:
    """A photograph as the network sees it, and its crops."""

    picture: Floats  # HxWx3 in [0,1]
    boxes: NDArray[np.float64]  # (N,4) in shares of its sides
    scores: NDArray[np.float64]  # (N,)
    subject: NDArray[np.float64] | None  # (4,) in shares
    source: str


def still(config: CropAugmentConfig, side: int = 640) -> CropAugmentConfig:
    """The same without any chance, as pictures are tested: the short side is `side`."""
    return replace(config, shift=0.0, weak_shift=0.0, light=False, mirror=0.0, sides=(side,))


def augment(
    rgb: NDArray[np.uint8],
    example: CropExample,
    config: CropAugmentConfig,
    random: np.random.Generator,
) -> Sample:
    """A changed photograph.

    Args:
        rgb: HxWx3, of the size that the example's boxes are in.
        example: its crops. Those that lose a part of what they showed are left out; of good
            ones, whose scores are the greatest, nothing is lost.
        config: how.
        random: every draw comes from it, and as many as there are for any photograph.
    """
    height, width = rgb.shape[:2]
    boxes = clip(example.boxes, width, height)
    window = _window(boxes, example, width, height, config, random)
    x1, y1, x2, y2 = (int(edge) for edge in window)
    inside = clip(boxes - [x1, y1, x1, y1], x2 - x1, y2 - y1)
    kept = areas(inside) >= _LEFT * np.maximum(areas(boxes), 1)
    kept &= areas(inside) > 0
    picture = rgb[y1:y2, x1:x2]
    scale = np.array([x2 - x1, y2 - y1, x2 - x1, y2 - y1], np.float64)
    subject = None
    if example.subject is not None:
        moved = np.asarray(example.subject, np.float64) - [x1, y1, x1, y1]
        subject = clip(moved, x2 - x1, y2 - y1) / scale
    side = int(random.choice(config.sides))
    changed = relight(_resized(picture, side, config), random if config.light else None)
    found = Sample(changed, inside[kept] / scale, example.scores[kept], subject, example.source)
    return mirrored(found) if random.random() < config.mirror else found


def mirrored(sample: Sample) -> Sample:
    """Left and right change places."""
    turn = np.array([1, 0, 1, 0]) - np.array([1, -1, 1, -1]) * sample.boxes[:, [2, 1, 0, 3]]
    subject = sample.subject
    if subject is not None:
        subject = np.array([1 - subject[2], subject[1], 1 - subject[0], subject[3]])
    return replace(
        sample, picture=np.ascontiguousarray(sample.picture[:, ::-1]), boxes=turn, subject=subject
    )


def relight(rgb: NDArray[np.uint8], random: np.random.Generator | None) -> Floats:
    """Light and colours drawn by lot, HxWx3 uint8 to [0,1]: each of the four in half of the cases.

    Args:
        rgb: HxWx3.
        random: None changes nothing.
    """
    picture = rgb.astype(np.float32)
    if random is None:
        return np.asarray(picture / 255, np.float32)
    asked, amounts = random.random(6) < 0.5, random.uniform(-1, 1, 4)
    if asked[0]:
        picture += 32 * amounts[0]
    contrast = 1 + 0.5 * amounts[1]
    if asked[1] and asked[4]:  # before the colours, or after them
        picture *= contrast
    if asked[2] or asked[3]:
        hsv = cv2.cvtColor(np.clip(picture, 0, 255) / 255, cv2.COLOR_RGB2HSV)
        if asked[2]:
            hsv[..., 1] = np.clip(hsv[..., 1] * (1 + 0.5 * amounts[2]), 0, 1)
        if asked[3]:
            hsv[..., 0] = (hsv[..., 0] + 18 * amounts[3]) % 360
        picture = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255, np.float32)
    if asked[1] and not asked[4]:
        picture *= contrast
    return np.asarray(np.clip(picture, 0, 255) / 255, np.float32)


def _window(
    boxes: NDArray[np.float64],
    example: CropExample,
    width: int,
    height: int,
    config: CropAugmentConfig,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """Which part of the photograph is seen: the best crops, and of their margins what is drawn."""
    best = boxes[:1] if example.weak else boxes[example.scores == example.scores.max()]
    if example.subject is not None:
        best = np.concatenate([best, np.asarray([Box(*example.subject)], np.float64)])
    low, high = best[:, :2].min(0), best[:, 2:].max(0)
    margins = np.array([*low, width - high[0], height - high[1]])
    share = config.weak_shift if example.weak else config.shift
    lost = np.floor(np.maximum(margins, 0) * share * random.random(4))
    return np.array([lost[0], lost[1], width - lost[2], height - lost[3]])


def _resized(rgb: NDArray[np.uint8], side: int, config: CropAugmentConfig) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    long, short = max(width, height), min(width, height)
    if config.square:
        scale = config.square / long
    else:
        scale = min(side / short, config.longest / long)
    size = [max(round(s * scale), 1) for s in (width, height)]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, size, interpolation=way), np.uint8)
