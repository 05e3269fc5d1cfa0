"""Writing shards: plain tars of samples in WebDataset's form, the same bytes for the same samples.

A sample is a key and its parts: `000123` with `bg.jpg` and `meta.json` gives the members
`000123.bg.jpg` and `000123.meta.json`. Times, owners and modes are fixed. Beside `00000.tar` lies
`00000.json` with its hash and statistics, written last: a shard that has none is not finished.

The tars are written by the webdataset package, without its encoders. It imports torch where that is
installed, so it is itself imported where it is needed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

from ..core.errors import DataError
from .safe_tar import LARGEST
from .shard_store import ShardStore, read_bytes, write_bytes

VERSION = 1
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")
_BUFFER = 1 << 20  # bytes


@dataclass(frozen=True)
class ShardStats:
    """What stands beside a shard."""

    kind: str  # what its samples are, such as "pairs"
    samples: int
    members: int
    bytes: int  # of the tar; 0: it has no samples and there is no tar
    sha256: str  # of the tar
    notes: Mapping[str, Any]  # further statistics


Sample = tuple[str, Mapping[str, bytes]]


def write_shard(
    store: ShardStore,
    stem: str,
    kind: str,
    samples: Iterable[Sample],
    notes: Callable[[], Mapping[str, Any]] = dict,
) -> ShardStats:
    """Write a shard and then its statistics, over those that stand.

    Args:
        store: where.
        stem: its name without suffix, such as `train/coco/00000`.
        kind: what its samples are.
        samples: taken one by one, so that memory holds one at a time.
        notes: further statistics, asked for after the last sample.

    Raises:
        OutputError: it cannot be written.
        ValueError: two samples have one key, or a key or a part cannot be a member's name.
    """
    store.remove(f"{stem}.json")
    tar = f"{stem}.tar"
    remaining = iter(samples)
    first = next(remaining, None)
    if first is None:
        store.remove(tar)
        stats = ShardStats(kind, 0, 0, 0, hashlib.sha256().hexdigest(), dict(notes()))
    else:
        with store.write(tar) as part, part.open("wb", _BUFFER) as file:
            hashed = _Hashed(file)
            count, members = _pack(hashed, chain([first], remaining))
        digest = hashed.sha256.hexdigest()
        stats = ShardStats(kind, count, members, hashed.size, digest, dict(notes()))
    document = {"version": VERSION, **vars(stats)}
    text = json.dumps(document, indent=2, sort_keys=True) + "\n"
    write_bytes(store, f"{stem}.json", text.encode())
    return stats


def read_stats(store: ShardStore, stem: str) -> ShardStats | None:
    """The statistics of a shard; None where it is not finished.

    Raises:
        DataError: they cannot be read.
    """
    file = f"{stem}.json"
    if store.size(file) is None:
        return None
    try:
        values = json.loads(read_bytes(store, file))
        version = values.pop("version")
        stats = ShardStats(**values)
        numbers = (stats.samples, stats.members, stats.bytes)
        if version != VERSION or not all(type(n) is int and n >= 0 for n in numbers):
            raise ValueError
        if not (isinstance(stats.kind, str) and isinstance(stats.sha256, str)):
            raise ValueError
        if not isinstance(stats.notes, dict):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DataError(
            f"{store.name(file)} holds no statistics of a shard; build it anew."
        ) from None
    return stats


def is_finished(store: ShardStore, stem: str) -> bool:
    """Whether a shard and its statistics are there and its length is as they say."""
    stats = read_stats(store, stem)
    return stats is not None and (store.size(f"{stem}.tar") or 0) == stats.bytes


def shard_stems(store: ShardStore) -> list[str]:
    """The names, without suffix, of all shards of a store, finished or not, sorted."""
    files = set(store.files())
    tars = {file.removesuffix(".tar") for file in files if file.endswith(".tar")}
    alone = {
        file.removesuffix(".json")
        for file in files
        if re.fullmatch(r"(.*/)?\d{5,}\.json", file) and file.removesuffix(".json") not in tars
    }
    return sorted(tars | alone)


def sample_key(name: str) -> str:
    """A key for any name: itself where it can be one, else a plain likeness with its hash."""
    if _PLAIN.fullmatch(name):
        return name
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64]
    return f"{plain}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


class _Hashed:
    """A file that is hashed as it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self.size += len(data)
        return self._file.write(data)


def _pack(file: _Hashed, samples: Iterable[Sample]) -> tuple[int, int]:
    """Write a tar; how many samples and members it got."""
    from webdataset.writer import TarWriter

    seen: set[str] = set()
    members = 0
    fixed = {"user": "", "group": "", "mode": 0o644, "mtime": 0, "format": "USTAR_FORMAT"}
    with TarWriter(file, encoder=False, compress=False, **fixed) as tar:
        for key, parts in samples:
            if not _PLAIN.fullmatch(key) or key in seen:
                raise ValueError(f"a shard cannot have a sample {key!r} here")
            seen.add(key)
            for part, data in parts.items():
                if not 0 < len(data) <= LARGEST:
                    raise ValueError(f"{key}.{part} is empty or larger than 256 MB")
            tar.write({"__key__": key, **parts})
            tar.tarstream.members.clear()  # else it keeps them all
            members += len(parts)
    return len(seen), members
