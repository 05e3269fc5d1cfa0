"""Engine `patches`: the surroundings are put together from patches of the photograph, outward.

At a small size of the canvas, where a patch sees far, the search begins with the tones that are
to be expected (`outpaint_tones`); each larger size begins with what the smaller one found. The last
one is small still: its fill gives the tones of the full canvas, and the photograph itself, at the
places that the patches came from, all that is finer, so that the surroundings are as sharp as it
is.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from ..core.seeds import generator
from .outpaint_tones import expected_tones, matched_at_border
from .outpainter import Expansion
from .patch_search import CanvasLevel, PatchSearch
from .patch_sources import RADIUS, Floats, Ints, PatchSources
from .wide_tones import rounded

# pixels of the canvas's longer side and rounds of the search at that size
_LEVELS = ((56, 10), (112, 4), (224, 2))
_BANNED = 0.3  # share of a small pixel from which it counts as the subject
_LEAST = 2 * RADIUS + 3  # pixels of the photograph's sides at any size


class PatchOutpainter:
    """See `outpainter.Outpainter`."""

    name = "patches"

    def expand(self, wanted: Expansion, seed: int) -> NDArray[np.uint8]:
        """The full canvas HxWx3."""
        canvas = wanted.canvas()
        if not wanted.hole.any():
            return canvas
        random = generator(seed, "outpaint")
        side, rounds = _LEVELS[0]
        level, banned = _level(wanted, side)
        search = PatchSearch(level, level.at_same_height(random), random)
        picture = _rounds(search, expected_tones(level, ~banned), rounds)
        for side, rounds in _LEVELS[1:]:
            before, (level, _) = level, _level(wanted, side)
            large = cv2.resize(picture, level.shape[::-1], interpolation=cv2.INTER_LINEAR)
            picture = level.with_photo(np.asarray(large, np.float32))
            search = PatchSearch(level, _places(level, search, before), random)
            picture = _rounds(search, picture, rounds, sharp=side == _LEVELS[-1][0])
        fine = _with_detail(wanted, matched_at_border(level, picture), search, level.sources)
        fine[wanted.window] = wanted.photo
        return fine


def _rounds(search: PatchSearch, picture: Floats, rounds: int, *, sharp: bool = False) -> Floats:
    """The picture after rounds of search and vote, the last vote sharp or not."""
    for number in range(rounds):
        search.improve(picture, number)
        picture = search.voted(picture, sharp=sharp and number == rounds - 1)
    return picture


def _level(wanted: Expansion, side: int) -> tuple[CanvasLevel, Mask]:
    """The canvas at a longer side of `side`, and the subject there."""
    scale = min(side / max(wanted.width, wanted.height), 1.0)
    high, wide = wanted.photo.shape[:2]
    left, own_width = _fitted(wanted.x, wide, wanted.width, scale)
    top, own_height = _fitted(wanted.y, high, wanted.height, scale)
    shape = (
        max(round(wanted.height * scale), top + own_height),
        max(round(wanted.width * scale), left + own_width),
    )
    size = (own_width, own_height)
    photo = cv2.resize(wanted.photo, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    share = cv2.resize(wanted.subject.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    banned = np.asarray(share > _BANNED)
    return CanvasLevel.of(shape, (top, left), np.asarray(photo, np.float32), banned), banned


def _fitted(start: int, length: int, room: int, scale: float) -> tuple[int, int]:
    """Where a photograph starts on a smaller canvas and how long it is there."""
    first = round(start * scale)
    last = max(round((start + length) * scale), first + min(_LEAST, length))
    if start + length < room:
        last = min(last, max(round(room * scale) - 1, first + 1))
    return first, last - first


def _places(level: CanvasLevel, search: PatchSearch, before: CanvasLevel) -> tuple[Ints, Ints]:
    """The smaller canvas's sources at this size."""
    rows, columns = search.field()
    down, across = before.shape[0] / level.shape[0], before.shape[1] / level.shape[1]
    y, x = level.rows * down, level.columns * across
    own_y = np.minimum(y.astype(np.int64), before.shape[0] - 1)
    own_x = np.minimum(x.astype(np.int64), before.shape[1] - 1)
    parts = np.stack([np.minimum(y - own_y, 0.99), np.minimum(x - own_x, 0.99)])
    return level.sources.enlarged_from(
        rows[own_y, own_x], columns[own_y, own_x], parts, before.sources
    )


def _with_detail(
    wanted: Expansion, tones: Floats, search: PatchSearch, sources: PatchSources
) -> NDArray[np.uint8]:
    """The full canvas: the fill's tones (h,w,3), and at each pixel the detail of its source."""
    size = (wanted.width, wanted.height)
    photo = wanted.photo.astype(np.float32) / 255
    own = cv2.resize(photo, (sources.width, sources.height), interpolation=cv2.INTER_AREA)
    high, wide = photo.shape[:2]
    detail = photo - cv2.resize(own, (wide, high), interpolation=cv2.INTER_CUBIC)
    rows, columns = search.field()
    small_y, small_x = rows.shape[0] / wanted.height, rows.shape[1] / wanted.width
    y = (np.arange(wanted.height) + 0.5) * small_y
    x = (np.arange(wanted.width) + 0.5) * small_x
    own_y = np.minimum(y.astype(np.int64), rows.shape[0] - 1)
    own_x = np.minimum(x.astype(np.int64), rows.shape[1] - 1)
    part_y, part_x = (y - own_y)[:, None], (x - own_x)[None]
    rows, columns = rows[np.ix_(own_y, own_x)], columns[np.ix_(own_y, own_x)]
    mirrored = columns >= sources.width
    # a mirrored source runs from right to left
    across = np.where(mirrored, 2 * sources.width - columns - part_x, columns + part_x)
    source_y = np.floor((rows + part_y) * (high / sources.height)).astype(np.int64)
    source_x = np.floor(across * (wide / sources.width)).astype(np.int64)
    np.clip(source_y, 0, high - 1, out=source_y)
    np.clip(source_x, 0, wide - 1, out=source_x)
    wide_tones = cv2.resize(tones, size, interpolation=cv2.INTER_CUBIC)
    return rounded(255 * (wide_tones + detail[source_y, source_x]))
