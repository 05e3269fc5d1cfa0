"""COCO's run-length encoding of masks, in the form of pycocotools' `counts` strings.

A mask is read column by column; its runs of False and True alternate, False first. From the
third run on, the difference to the run before last is stored, as little-endian groups of 5 bits:
bit 5 says that another group follows, bit 4 of the last one is the sign, and 48 is added to make
a printable character.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from .errors import MaskError
from .formats import DEFAULT_MAX_PIXELS

_LONGEST = 12  # groups; 60 bits are more than any run needs


class Rle(TypedDict):
    """A mask as COCO's annotations hold it, fit for JSON."""

    size: list[int]  # height, width
    counts: str


def encode_rle(mask: NDArray[np.bool_]) -> Rle:
    """HxW bool to COCO's compressed form, the same text as pycocotools writes."""
    height, width = mask.shape
    cells = np.asarray(mask, bool).ravel(order="F")
    changes = np.flatnonzero(cells[1:] != cells[:-1]) + 1
    lead = [0] if cells.size and cells[0] else []
    edges = np.concatenate([lead, [0], changes, [cells.size]]).astype(np.int64)
    runs = np.diff(edges)
    return {"size": [int(height), int(width)], "counts": _to_text(runs)}


def decode_rle(
    rle: Mapping[str, object], *, max_pixels: int = DEFAULT_MAX_PIXELS
) -> NDArray[np.bool_]:
    """COCO's form to HxW bool; `counts` may be a string, bytes or an uncompressed list.

    Raises:
        MaskError: size or counts are missing, do not fit together, or are damaged; or the mask
            has more than `max_pixels`.
    """
    height, width = _size(rle.get("size"), max_pixels)
    counts = rle.get("counts")
    if isinstance(counts, str | bytes):
        runs = _from_text(counts)
    elif isinstance(counts, Sequence) and all(type(run) is int for run in counts):
        runs = np.array([min(max(run, -1), max_pixels + 1) for run in counts], np.int64)
    else:
        raise _damaged("its counts are neither a string nor a list of integers")
    total = height * width
    if (runs < 0).any() or (runs > total).any() or int(runs.sum()) != total:
        raise _damaged(f"its counts do not add up to {width}x{height} pixels")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T.copy()


def _size(size: object, max_pixels: int) -> tuple[int, int]:
    if not (isinstance(size, Sequence) and len(size) == 2 and all(type(n) is int for n in size)):
        raise _damaged("its size is not [height, width]")
    height, width = size
    if height < 1 or width < 1:
        raise _damaged(f"its size is {width}x{height}")
    if height * width > max_pixels:
        raise MaskError(
            f"the mask has more than {max_pixels} pixels ({width}x{height}); raise --max-pixels."
        )
    return height, width


def _to_text(runs: NDArray[np.int64]) -> str:
    values = runs.copy()
    values[3:] -= runs[1:-2]
    place = np.arange(int(np.abs(values).max()).bit_length() // 5 + 1)
    groups = values[:, None] >> (5 * place)  # arithmetic: keeps the sign
    # the last group is the first behind which only copies of its bit 4 follow
    settled = np.where(groups & 0x10, groups >> 5 == -1, groups >> 5 == 0)
    last = settled.argmax(1)
    letters = (groups & 0x1F) + np.where(place < last[:, None], 0x20, 0) + 48
    return bytes(letters[place <= last[:, None]].astype(np.uint8)).decode("ascii")


def _from_text(counts: str | bytes) -> NDArray[np.int64]:
    try:
        raw = counts.encode("ascii") if isinstance(counts, str) else counts
    except UnicodeEncodeError:
        raise _damaged("its counts hold characters that are not ASCII") from None
    letters = np.frombuffer(raw, np.uint8).astype(np.int64) - 48
    if len(letters) == 0:
        return letters
    ends = np.flatnonzero(letters & 0x20 == 0)
    if (letters < 0).any() or (letters > 63).any() or len(ends) == 0 or ends[-1] + 1 < len(raw):
        raise _damaged("its counts are no COCO string")
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > _LONGEST:
        raise _damaged("its counts are no COCO string")
    place = np.arange(len(letters)) - np.repeat(starts, lengths)
    values = np.add.reduceat((letters & 0x1F) << (5 * place), starts)
    negative = letters[ends] & 0x10 != 0
    values -= np.where(negative, np.int64(1) << (5 * lengths), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def _damaged(reason: str) -> MaskError:
    return MaskError(f"a run-length encoded mask is damaged: {reason}; write it anew.")
