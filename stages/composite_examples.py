"""From samples to what PICS's network is trained on, with its augmentation (section 4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.boxes import Box, clip
from ..core.masks import mask_box
from ..data.composite_sample import CompositeSample, ObjectPicture
from ..models.pics_config import PicsConfig
from ..models.pics_input import hint_and_masks, object_on_white, object_square, target
from ..models.pics_net import PicsInput
from ..models.pics_parts import ObjectEncoder


@dataclass(frozen=True)
class AugmentConfig:
    """How samples are varied; the defaults are the published ones."""

    pad: tuple[float, float] = (1.1, 1.4)  # of an object's box: the sides' factor
    flip: float = 0.2  # how often an object is mirrored
    light: float = 0.1  # greatest change of brightness and contrast
    light_often: float = 0.3
    turn: float = 15.0  # greatest angle in degrees
    turn_often: float = 0.5
    grow: float = 1.1  # factor of the boxes' sides


# nothing is varied: what a drawn set needs, whose boxes are exact
PLAIN = AugmentConfig((1.0, 1.0), 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class CompositeExample:
    """One sample in the network's terms."""

    picture: NDArray[np.float32]  # (3,S,S) in [-1,1], the truth
    hint: NDArray[np.float32]  # (4,S,S)
    masks: NDArray[np.uint8]  # (K,S,S)
    objects: NDArray[np.uint8]  # (K,O,O,3)
    ranks: NDArray[np.int64]  # (K,), -1 where they are not known


def make_example(
    sample: CompositeSample,
    config: PicsConfig,
    augment: AugmentConfig,
    random: np.random.Generator,
) -> CompositeExample:
    """The sample, varied."""
    height, width = sample.picture.shape[:2]
    boxes = [grown(box, augment.grow, width, height) for box in sample.boxes]
    hint, masks = hint_and_masks(sample.picture, boxes, config.side)
    objects = [_varied(o, config.object_side, augment, random) for o in sample.objects]
    ranks = sample.ranks or (-1,) * len(objects)
    return CompositeExample(
        target(sample.picture, config.side), hint, masks, np.stack(objects), np.asarray(ranks)
    )


def batch_of(
    examples: Sequence[CompositeExample], encoder: ObjectEncoder, device: str
) -> tuple[Tensor, PicsInput]:
    """Pictures (B,3,S,S) and what is known of them, on a device; every example has K objects.

    The encoder's features come without gradient; the projector is inside the network, so that
    training reaches it.
    """
    pictures = torch.from_numpy(np.stack([e.picture for e in examples])).to(device)
    hint = torch.from_numpy(np.stack([e.hint for e in examples])).to(device)
    masks = torch.from_numpy(np.stack([e.masks for e in examples])).to(device)
    shown = torch.from_numpy(np.stack([e.objects for e in examples])).to(device)
    shown = shown.permute(0, 1, 4, 2, 3).float() / 255
    features = encoder(shown.flatten(0, 1))
    features = features.view(*shown.shape[:2], *features.shape[1:])
    ranks = torch.from_numpy(np.stack([e.ranks for e in examples])).to(device)
    return pictures, PicsInput(hint, masks, features, ranks)


def grown(box: Box, factor: float, width: int, height: int) -> Box:
    """The box with its sides longer by a factor, held inside the picture."""
    x, y = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
    half = np.array([box.width, box.height]) * factor / 2
    edges = np.array([x - half[0], y - half[1], x + half[0], y + half[1]])
    return Box(*(float(edge) for edge in clip(edges, width, height)))


def _varied(
    shown: ObjectPicture, side: int, augment: AugmentConfig, random: np.random.Generator
) -> NDArray[np.uint8]:
    """An object on its white square, (side,side,3)."""
    rgb, alpha = shown.rgb, shown.alpha
    if alpha is None and (solid := object_on_white(rgb)).any():
        x1, y1, x2, y2 = (int(edge) for edge in mask_box(solid))
        rgb = rgb[y1:y2, x1:x2]
    square = object_square(rgb, alpha, side, float(random.uniform(*augment.pad)))
    # drawn whether needed or not, so that one choice does not shift the others
    flip, light, turn = (bool(c) for c in random.random(3) < (
        augment.flip, augment.light_often, augment.turn_often))  # fmt: skip
    brightness, contrast = random.uniform(-augment.light, augment.light, 2)
    angle = random.uniform(-augment.turn, augment.turn)
    if flip:
        square = square[:, ::-1]
    if light:
        changed = square.astype(np.float32) * (1 + contrast) + 255 * brightness
        inside = object_on_white(square)[..., None]  # the ground stays white
        square = np.where(inside, np.clip(np.rint(changed), 0, 255), square).astype(np.uint8)
    if turn:
        middle = (side - 1) / 2
        matrix = cv2.getRotationMatrix2D((middle, middle), float(angle), 1.0)
        square = np.asarray(
            cv2.warpAffine(
                np.ascontiguousarray(square), matrix, (side, side), borderValue=(255, 255, 255)
            ),
            np.uint8,
        )
    return np.ascontiguousarray(square)
