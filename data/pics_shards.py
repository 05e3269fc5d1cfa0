"""Shards of PICS's training pairs (section 4.6 of our notes).

A shard is a plain tar, `NNNNN.tar`, whose members are named KEY.bg.jpg, KEY.obj0.png,
KEY.mask0.png, KEY.obj1.png and so on; KEY.meta.json may tell more. bg is the whole original
picture, the objects in it; obj is an object on white; mask is where it is visible. Nothing in a
shard is unpickled or run, and members that have no place in one are refused.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..core.errors import DataError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.masks import mask_box
from ..core.names import printable
from ..core.quiet import decoding
from .composite_sample import CompositeSample, ObjectPicture
from .safe_tar import odd, read_headers

PARTS = re.compile(r"bg\.jpe?g|obj\d\.png|mask\d\.png|meta\.json")
_FORMATS = ("JPEG", "PNG")


@dataclass(frozen=True)
class SampleReference:
    """Where a sample's members lie; nothing of them has been read."""

    shard: Path
    key: str
    members: tuple[tuple[str, int, int], ...]  # part, first byte in the shard, bytes


def index_shard(shard: Path) -> list[SampleReference]:
    """The samples of a shard in its order, by its headers alone.

    Raises:
        DataError: it is no plain tar, or has members that belong in no shard, or a sample lacks
            one that it needs.
    """
    try:
        with shard.open("rb") as file:
            found = index_pairs(file, printable(shard))
    except OSError as error:
        raise DataError(f"cannot read {printable(shard)} ({error.strerror}).") from error
    return [SampleReference(shard, key, members) for key, members in found.items()]


def index_pairs(file: BinaryIO, name: str) -> dict[str, tuple[tuple[str, int, int], ...]]:
    """The members of every sample of an open shard, by key; see `index_shard`.

    Args:
        file: seekable, at its beginning.
        name: of the shard, for messages.
    """
    parts: dict[str, list[tuple[str, int, int]]] = {}
    for member in read_headers(file, name, PARTS):
        members = parts.setdefault(member.key, [])
        if any(member.part == there for there, _, _ in members):
            raise odd(name, f"{member.key}.{member.part}", "is there twice")
        members.append((member.part, member.offset, member.size))
    for key, members in parts.items():
        _check_whole(name, key, {part for part, _, _ in members})
    if not parts:
        raise DataError(f"{name} has no samples in it; pack it anew.")
    return {key: tuple(members) for key, members in parts.items()}


def read_sample(reference: SampleReference) -> CompositeSample:
    """The sample with its pictures decoded; boxes are the least ones around the masks.

    Alpha of the objects is passed over, as published: what the published packer writes there is
    not of the object. `"order"` in meta.json, the objects from front to back, gives the ranks.

    Raises:
        DataError: a picture is damaged, a mask is empty or of another size than its picture.
    """
    shard = reference.shard
    try:
        with shard.open("rb") as file:
            data = read_parts(file, reference.members)
    except OSError as error:
        raise DataError(f"cannot read {printable(shard)} ({error.strerror}).") from error
    return decode_pair(data, reference.key, printable(shard))


def read_parts(file: BinaryIO, members: Iterable[tuple[str, int, int]]) -> dict[str, bytes]:
    """The bytes of a sample's parts from an open shard."""
    data: dict[str, bytes] = {}
    for part, offset, size in members:
        file.seek(offset)
        data[part] = file.read(size)
    return data


def decode_pair(data: Mapping[str, bytes], key: str, shard: str) -> CompositeSample:
    """A sample from the bytes of its parts; see `read_sample`.

    Args:
        data: by part; bg and as many masks as objects.
        key, shard: names, for messages.
    """
    picture = _pixels(shard, key, next(p for p in data if p.startswith("bg.")), data, "RGB")
    objects, boxes = [], []
    for k in range(sum(part.startswith("obj") for part in data)):
        objects.append(ObjectPicture(_pixels(shard, key, f"obj{k}.png", data, "RGB"), None))
        mask = _pixels(shard, key, f"mask{k}.png", data, "L") > 127
        if mask.shape != picture.shape[:2] or not mask.any():
            wrong = "empty" if mask.shape == picture.shape[:2] else "of another size"
            raise odd(shard, f"{key}.mask{k}.png", f"is {wrong}")
        boxes.append(mask_box(mask))
    ranks = _ranks(shard, key, data.get("meta.json"), len(objects))
    return CompositeSample(key, picture, tuple(objects), tuple(boxes), ranks)


def _check_whole(shard: str, key: str, parts: set[str]) -> None:
    count = sum(part.startswith("obj") for part in parts)
    needed = {f"{kind}{k}.png" for kind in ("obj", "mask") for k in range(max(count, 1))}
    masks = {part for part in parts if part.startswith("mask")}
    missing = sorted(needed - parts)
    if not any(part.startswith("bg.") for part in parts):
        missing.insert(0, "bg.jpg")
    if missing or len(masks) > count:
        detail = f"lacks {missing[0]}" if missing else "has more masks than objects"
        raise DataError(f"sample {printable(key)} in {shard} {detail}; pack it anew.")


def _pixels(
    shard: str, key: str, part: str, data: Mapping[str, bytes], mode: str
) -> NDArray[np.uint8]:
    try:
        with decoding(DEFAULT_MAX_PIXELS), Image.open(io.BytesIO(data[part]), "r", _FORMATS) as im:
            if im.width * im.height > DEFAULT_MAX_PIXELS:
                raise odd(shard, f"{key}.{part}", "has too many pixels")
            return np.asarray(im.convert(mode), np.uint8)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise odd(shard, f"{key}.{part}", "is damaged") from error


def _ranks(shard: str, key: str, text: bytes | None, count: int) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        meta: Any = json.loads(text)
        order = meta.get("order") if isinstance(meta, dict) else None
    except (ValueError, RecursionError) as error:
        raise odd(shard, f"{key}.meta.json", "is no JSON") from error
    if order is None:
        return None
    if not isinstance(order, Sequence) or sorted(map(str, order)) != list(map(str, range(count))):
        raise odd(shard, f"{key}.meta.json", "has an order that does not name every object once")
    return tuple(list(order).index(k) for k in range(count))
