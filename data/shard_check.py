"""Whether a shard is what its statistics say: hash, keys, counts, and every member decodes."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from PIL import Image

from ..core.damage import damage_reported
from ..core.errors import InputError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.quiet import decoding
from .pics_shards import decode_pair
from .safe_tar import odd
from .shard_read import Members, index_members, read_samples
from .shard_store import ShardStore
from .shard_writer import ShardStats, read_stats

_FORMATS = ("JPEG", "PNG", "WEBP")
_LISTED = 20  # problems of a shard
_CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class Checked:
    """What was found of a shard."""

    stem: str
    samples: int = 0
    problems: list[str] = field(default_factory=list)  # sentences; none: it is whole


def check_shard(store: ShardStore, stem: str) -> Checked:
    """Look at all of a shard; at most 20 problems are told."""
    problems: list[str] = []
    samples = 0
    tar = f"{stem}.tar"
    try:
        stats = read_stats(store, stem)
        if store.size(tar) is None:
            if stats is None or stats.samples:
                problems.append(f"{store.name(tar)} is missing; build the set again.")
        else:
            if stats is None:
                problems.append(
                    f"{store.name(tar)} is not finished; run the command that builds it again."
                )
            with store.open(tar) as file:
                problems += _against(stats, file, store.name(tar)) if stats else []
                file.seek(0)
                members = index_members(file, store.name(tar), stats.kind if stats else "")
                samples = len(members)
                problems += _counted(stats, members, store.name(tar)) if stats else []
                for problem in _undecoded(file, members, store.name(tar), stats):
                    problems.append(problem)
                    if len(problems) >= _LISTED:
                        break
    except InputError as error:
        problems.append(" ".join(str(error).split()))
    return Checked(stem, samples, problems)


def _against(stats: ShardStats, file: BinaryIO, name: str) -> list[str]:
    sha256 = hashlib.sha256()
    size = 0
    while chunk := file.read(_CHUNK):
        sha256.update(chunk)
        size += len(chunk)
    if size != stats.bytes:
        return [f"{name} has {size} bytes and not {stats.bytes}; build it again."]
    if sha256.hexdigest() != stats.sha256:
        return [f"{name} has another hash than when it was written; build it again."]
    return []


def _counted(stats: ShardStats, members: Members, name: str) -> list[str]:
    problems = []
    if len(members) != stats.samples:
        problems.append(f"{name} has {len(members)} samples and not {stats.samples}.")
    count = sum(len(parts) for parts in members.values())
    if count != stats.members:
        problems.append(f"{name} has {count} members and not {stats.members}.")
    return problems


def _undecoded(
    file: BinaryIO, members: Members, name: str, stats: ShardStats | None
) -> Iterator[str]:
    for key, data in read_samples(file, name, members):
        try:
            if stats is not None and stats.kind == "pairs":
                decode_pair(data, key, name)
            for part, content in data.items():
                _decode(f"{key}.{part}", content, name)
        except InputError as error:
            yield " ".join(str(error).split())


def _decode(member: str, content: bytes, name: str) -> None:
    suffix = member.rpartition(".")[2]
    if suffix in ("json", "txt"):
        try:
            text = content.decode("utf-8")
            if suffix == "json":
                json.loads(text)
        except (ValueError, RecursionError):
            raise odd(name, member, f"is no {suffix.upper()}") from None
        return
    with (
        damage_reported(f"{member} in {name}"),
        decoding(DEFAULT_MAX_PIXELS),
        Image.open(io.BytesIO(content), "r", _FORMATS) as image,
    ):
        if image.width * image.height > DEFAULT_MAX_PIXELS:
            raise odd(name, member, "has too many pixels")
        image.load()
