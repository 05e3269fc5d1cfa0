"""Shards of PICS's training pairs (section 4.6 of our notes), read by `tarfile` and nothing else.

A shard is a plain tar, `NNNNN.tar`, whose members are named KEY.bg.jpg, KEY.obj0.png,
KEY.mask0.png, KEY.obj1.png and so on; KEY.meta.json may tell more. bg is the whole original
picture, the objects in it; obj is an object on white; mask is where it is visible. Nothing in a
shard is unpickled or run, and members that have no place in one are refused.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..core.errors import DataError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.masks import mask_box
from ..core.names import printable
from ..core.quiet import decoding
from .composite_sample import CompositeSample, ObjectPicture

_PART = re.compile(r"bg\.jpe?g|obj\d\.png|mask\d\.png|meta\.json")
_LARGEST = 256 * 2**20  # bytes of a member
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
    parts: dict[str, list[tuple[str, int, int]]] = {}
    try:
        with tarfile.open(shard, "r:") as tar:
            for member in tar:
                if member.isdir():
                    continue
                key, part = _split(shard, member)
                if any(part == there for there, _, _ in parts.setdefault(key, [])):
                    raise _odd(shard, member.name, "is there twice")
                parts[key].append((part, member.offset_data, member.size))
    except (tarfile.TarError, OSError, EOFError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"{printable(shard)} cannot be read as a plain tar ({reason}); pack it anew."
        ) from error
    for key, members in parts.items():
        _check_whole(shard, key, {part for part, _, _ in members})
    if not parts:
        raise DataError(f"{printable(shard)} has no samples in it; pack it anew.")
    return [SampleReference(shard, key, tuple(found)) for key, found in parts.items()]


def read_sample(reference: SampleReference) -> CompositeSample:
    """The sample with its pictures decoded; boxes are the least ones around the masks.

    Alpha of the objects is passed over, as published: what the published packer writes there is
    not of the object. `"order"` in meta.json, the objects from front to back, gives the ranks.

    Raises:
        DataError: a picture is damaged, a mask is empty or of another size than its picture.
    """
    shard, key = reference.shard, reference.key
    data: dict[str, bytes] = {}
    try:
        with shard.open("rb") as file:
            for part, offset, size in reference.members:
                file.seek(offset)
                data[part] = file.read(size)
    except OSError as error:
        raise DataError(f"cannot read {printable(shard)} ({error.strerror}).") from error
    picture = _pixels(shard, key, next(p for p in data if p.startswith("bg.")), data, "RGB")
    objects, boxes = [], []
    for k in range(sum(part.startswith("obj") for part in data)):
        objects.append(ObjectPicture(_pixels(shard, key, f"obj{k}.png", data, "RGB"), None))
        mask = _pixels(shard, key, f"mask{k}.png", data, "L") > 127
        if mask.shape != picture.shape[:2] or not mask.any():
            wrong = "empty" if mask.shape == picture.shape[:2] else "of another size"
            raise _odd(shard, f"{key}.mask{k}.png", f"is {wrong}")
        boxes.append(mask_box(mask))
    ranks = _ranks(shard, key, data.get("meta.json"), len(objects))
    return CompositeSample(key, picture, tuple(objects), tuple(boxes), ranks)


def _split(shard: Path, member: tarfile.TarInfo) -> tuple[str, str]:
    folder, _, name = member.name.rpartition("/")
    key, _, part = name.partition(".")
    if not member.isreg():
        raise _odd(shard, member.name, "is a link or a device")
    if member.name.startswith("/") or ".." in member.name.split("/"):
        raise _odd(shard, member.name, "points out of the shard")
    if member.size > _LARGEST:
        raise _odd(shard, member.name, "is larger than 256 MB")
    if not key or not _PART.fullmatch(part):
        raise _odd(shard, member.name, "is no part of a sample")
    return f"{folder}/{key}" if folder else key, part


def _check_whole(shard: Path, key: str, parts: set[str]) -> None:
    count = sum(part.startswith("obj") for part in parts)
    needed = {f"{kind}{k}.png" for kind in ("obj", "mask") for k in range(max(count, 1))}
    masks = {part for part in parts if part.startswith("mask")}
    missing = sorted(needed - parts)
    if not any(part.startswith("bg.") for part in parts):
        missing.insert(0, "bg.jpg")
    if missing or len(masks) > count:
        detail = f"lacks {missing[0]}" if missing else "has more masks than objects"
        raise DataError(f"sample {printable(key)} in {printable(shard)} {detail}; pack it anew.")


def _pixels(
    shard: Path, key: str, part: str, data: dict[str, bytes], mode: str
) -> NDArray[np.uint8]:
    try:
        with decoding(DEFAULT_MAX_PIXELS), Image.open(io.BytesIO(data[part]), "r", _FORMATS) as im:
            if im.width * im.height > DEFAULT_MAX_PIXELS:
                raise _odd(shard, f"{key}.{part}", "has too many pixels")
            return np.asarray(im.convert(mode), np.uint8)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise _odd(shard, f"{key}.{part}", "is damaged") from error


def _ranks(shard: Path, key: str, text: bytes | None, count: int) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        meta: Any = json.loads(text)
        order = meta.get("order") if isinstance(meta, dict) else None
    except (ValueError, RecursionError) as error:
        raise _odd(shard, f"{key}.meta.json", "is no JSON") from error
    if order is None:
        return None
    if not isinstance(order, Sequence) or sorted(map(str, order)) != list(map(str, range(count))):
        raise _odd(shard, f"{key}.meta.json", "has an order that does not name every object once")
    return tuple(list(order).index(k) for k in range(count))


def _odd(shard: Path, member: str, what: str) -> DataError:
    return DataError(f"{printable(member)} in {printable(shard)} {what}; pack the shard anew.")
