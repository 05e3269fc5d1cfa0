"""Regions of a target that get strokes of their own, one a round (MROSS)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box, parse_box
from ..core.discs import grown
from ..core.errors import InputError, UsageError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.names import printable
from .sketch_region_files import find_region_files, read_region_mask
from .sketch_target import Target

_BOX = re.compile(r"[^,]*(,[^,]*){3}")
_REACH = 2  # canvas pixels outside a region at which an edge is still its outline


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the target."""

    name: str  # for people and file names, as "roi1"
    mask: NDArray[np.bool_]  # HxW on the canvas, True inside, not empty
    source: Literal["file", "option", "automatic"]


def region_edges(edges: NDArray[np.bool_], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The scene's own edges in a region and at most 2 pixels outside it, where its outline is.

    Nothing is looked for in a copy of the target that is white outside the region, so the
    border between the region and that white is no edge.

    Args:
        edges: HxW of the whole scene.
        mask: HxW of the region.
    """
    return np.asarray(edges & grown(mask, _REACH))


def parse_region(text: str) -> Box | Path:
    """What a user names as a region: `x1,y1,x2,y2` in pixels of the upright original, or a file.

    Raises:
        UsageError: neither a box with extent nor an existing file.
    """
    if os.path.isfile(text):
        return Path(text)
    if _BOX.fullmatch(text):
        return parse_box(text)
    raise UsageError(
        f"the region {printable(text)} does not exist; give a mask's file or x1,y1,x2,y2 in pixels."
    )


def regions_from_options(
    options: Sequence[Box | Path], target: Target, *, max_pixels: int = DEFAULT_MAX_PIXELS
) -> list[Region]:
    """The regions that were asked for, named roi1, roi2, …, in their order.

    Args:
        options: boxes in pixels of the upright original, or files as `read_region_mask` takes.
        target: the picture they are of.
        max_pixels: refuse larger files.

    Raises:
        ImageError: a file cannot be read.
        MaskError: a file does not fit the target or marks nothing.
        InputError: a box lies beside the picture.
    """
    regions = []
    for number, option in enumerate(options, 1):
        if isinstance(option, Box):
            mask = _box_mask(option, target)
        else:
            mask = read_region_mask(option, target, max_pixels=max_pixels)
        regions.append(Region(f"roi{number}", mask, "option"))
    return regions


def regions_from_files(
    path: str | Path, target: Target, *, max_pixels: int = DEFAULT_MAX_PIXELS
) -> list[Region]:
    """The regions whose files lie beside the target at `path`; see `find_region_files`.

    Raises:
        ImageError: a file cannot be read.
        MaskError: a file does not fit the target or marks nothing.
    """
    return [
        Region(name, read_region_mask(file, target, max_pixels=max_pixels), "file")
        for name, file in find_region_files(path)
    ]


def _box_mask(box: Box, target: Target) -> NDArray[np.bool_]:
    width, height = target.placement.original
    x1, x2 = np.clip([box.x1, box.x2], 0, width)
    y1, y2 = np.clip([box.y1, box.y2], 0, height)
    if x2 <= x1 or y2 <= y1:
        raise InputError(
            f"the region {','.join(f'{edge:g}' for edge in box)} lies outside the picture of "
            f"{width}x{height} pixels; give a box inside it."
        )
    corners = target.placement.points(np.array([[x1, y1], [x2, y2]]))
    # outwards, so that the smallest box still has a pixel
    (left, top), (right, bottom) = np.floor(corners[0]), np.ceil(corners[1])
    mask = np.zeros(target.rgb.shape[:2], bool)
    mask[int(top) : int(bottom), int(left) : int(right)] = True
    return mask
