"""Photographs with the contour maps that the head learns from, computed once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.files import atomic_write
from ..core.images import load_picture
from ..models.hed import Hed
from ..models.reference_encoder import digest_of
from .inpaint_sources import PhotoSource

LONG_SIDE = 416  # pixels of a photograph as the teacher sees it


@dataclass(frozen=True, eq=False)
class ContourExample:
    """One photograph."""

    name: str
    rgb: NDArray[np.uint8]  # HxWx3
    contours: NDArray[np.uint8]  # HxW, 255 where the teacher is sure


def compute_examples(
    sources: Sequence[PhotoSource],
    teacher: Hed,
    cache: Path,
    *,
    advance: Callable[[], object] = lambda: None,
) -> list[ContourExample]:
    """Photographs of `LONG_SIDE` at most with the teacher's maps, which are kept in `cache`.

    Another teacher's maps get other files.

    Raises:
        ImageError: a photograph cannot be read.
    """
    cache.mkdir(parents=True, exist_ok=True)
    seal = digest_of({name: each.cpu().numpy() for name, each in teacher.state_dict().items()})
    found = []
    for source in sources:
        rgb = _small(load_picture(source.photo).over())
        key = hashlib.sha256(f"{seal} {digest_of({'rgb': rgb})}".encode()).hexdigest()[:20]
        kept = cache / f"{key}.png"
        contours = cv2.imread(str(kept), cv2.IMREAD_GRAYSCALE) if kept.is_file() else None
        if contours is None or contours.shape != rgb.shape[:2]:
            contours = _taught(teacher, rgb)
            done, data = cv2.imencode(".png", contours)
            assert done
            with atomic_write(kept) as part:
                part.write_bytes(data.tobytes())
        found.append(ContourExample(source.name, rgb, np.asarray(contours, np.uint8)))
        advance()
    return found


def draw_batch(
    examples: Sequence[ContourExample], count: int, side: int, chance: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Windows of chosen photographs, mirrored by chance, and their contours at half size.

    Photographs are taken at 0.7 to 1.3 of their size, and mirrored outwards where they are
    smaller than a window.

    Args:
        examples: to choose from.
        count: how many windows, N.
        side: pixels of a window, even.
        chance: what decides.

    Returns:
        (N,3,side,side) in [0,1], and (N,1,side/2,side/2) in [0,1].
    """
    pictures, truths = [], []
    for index in chance.integers(len(examples), size=count):
        example = examples[index]
        scale = chance.uniform(0.7, 1.3)
        rgb, contours = (
            cv2.resize(each, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
            for each in (example.rgb, example.contours)
        )
        below, right = (max(side - s, 0) for s in rgb.shape[:2])
        rgb, contours = (
            cv2.copyMakeBorder(each, 0, below, 0, right, cv2.BORDER_REFLECT_101)
            for each in (rgb, contours)
        )
        top, left = (int(chance.integers(s - side + 1)) for s in rgb.shape[:2])
        rgb, contours = (each[top : top + side, left : left + side] for each in (rgb, contours))
        if chance.random() < 0.5:
            rgb, contours = rgb[:, ::-1], contours[:, ::-1]
        half = cv2.resize(
            np.ascontiguousarray(contours), (side // 2, side // 2), interpolation=cv2.INTER_AREA
        )
        pictures.append(torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1))
        truths.append(torch.from_numpy(half)[None])
    return torch.stack(pictures).float() / 255, torch.stack(truths).float() / 255


def _small(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    scale = LONG_SIDE / max(height, width)
    if scale >= 1:
        return rgb
    size = max(round(width * scale), 16), max(round(height * scale), 16)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _taught(teacher: Hed, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    picture = torch.from_numpy(rgb.copy()).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        found = teacher(picture)[0, 0]
    return np.asarray((found * 255).round().byte().numpy())
