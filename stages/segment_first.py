"""What the first round finds where a user says it: masks that are brought, or prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.instances import Instance
from ..data.mask_files import read_instances
from ..models.segmenter import Segmenter
from .segment_canvas import reduced_shares
from .segment_prompts import Request, make_prompts
from .segment_tools import prompt


@dataclass(frozen=True)
class NoSegmenter:
    """A segmenter for masks that are brought: it finds nothing more."""

    name: str = field(default="file", init=False)

    def segment(self, rgb: NDArray[np.uint8]) -> list[Instance]:
        """Nothing."""
        return []


def brought(
    path: Path,
    size: tuple[int, int],
    working: tuple[int, int],
    *,
    picture: str | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> list[Instance]:
    """The masks in a file or folder, at the size of the search.

    Args:
        path: see `data.mask_files.read_instances`, as for `picture` and `max_pixels`.
        size: width and height of the upright original.
        working: width and height of the search.

    Raises:
        InputError: they cannot be read or do not fit the picture.
    """
    found = read_instances(path, size, picture=picture, max_pixels=max_pixels)
    return [_reduced(instance, working) for instance in found]


def prompted(
    segmenter: Segmenter,
    rgb: NDArray[np.uint8],
    requests: Sequence[Request],
    size: tuple[int, int],
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> list[Instance]:
    """One instance for every request.

    Args:
        segmenter: one that can be asked for an object.
        rgb: HxWx3 at the size of the search.
        requests: in pixels of the original.
        size: width and height of that.
        max_pixels: the limit for masks.

    Raises:
        UsageError: the segmenter takes no prompts.
        InputError: a prompt does not fit the picture, or nothing is there.
    """
    working = (rgb.shape[1], rgb.shape[0])
    return prompt(segmenter, rgb, make_prompts(requests, size, working, max_pixels=max_pixels))


def _reduced(instance: Instance, size: tuple[int, int]) -> Instance:
    """With its mask at width, height; never empty."""
    if instance.mask.shape == size[::-1]:
        return instance
    share = reduced_shares(instance.mask, size)
    return replace(instance, mask=np.asarray(share >= min(0.5, float(share.max()))))
