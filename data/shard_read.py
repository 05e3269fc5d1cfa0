"""Reading the samples of shards in their order, by the webdataset package.

That package takes whatever a tar has, and opens what is named `pipe:` by running it. So it is only
ever given a file that is open, whose headers have passed `safe_tar` before; its own decoders, which
unpickle, are not used: parts are bytes here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from ..core.errors import DataError
from ..core.names import printable
from .pics_shards import index_pairs
from .safe_tar import odd, read_headers

# of any kind of shard: what is data and nothing that could be run
PARTS = re.compile(r"(\w+\.)*(jpe?g|png|webp|json|txt)")

Members = Mapping[str, tuple[tuple[str, int, int], ...]]  # part, offset, size; by key


def index_members(file: BinaryIO, name: str, kind: str) -> Members:
    """The members of every sample of a shard, by key, from its headers alone.

    Args:
        file: the tar, at its beginning.
        name: of it, for messages.
        kind: as its statistics say; "pairs" have all that pairs need.

    Raises:
        DataError: a member or a sample is not as it should be.
    """
    if kind == "pairs":
        return index_pairs(file, name)
    found: dict[str, list[tuple[str, int, int]]] = {}
    for member in read_headers(file, name, PARTS):
        found.setdefault(member.key, []).append((member.part, member.offset, member.size))
    for key, members in found.items():
        if len({part for part, _, _ in members}) < len(members):
            raise odd(name, key, "has a part twice")
    return {key: tuple(members) for key, members in found.items()}


def read_samples(
    file: BinaryIO, name: str, members: Members
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Keys and parts of the samples, one by one.

    Args:
        file: the tar, seekable.
        name: of it, for messages.
        members: what `index_members` found in this very file.

    Raises:
        DataError: the parts of a sample do not lie together, as WebDataset wants them, or the file
            is not what its headers were.
    """
    from webdataset.tariterators import group_by_keys, tar_file_iterator

    file.seek(0)
    files = ({**each, "__url__": name} for each in tar_file_iterator(file, skip_meta=None))
    seen: set[str] = set()
    for sample in group_by_keys(files, lcase=False):
        key = sample.pop("__key__")
        del sample["__url__"]
        if key in seen or sample.keys() != {part for part, _, _ in members.get(key, ())}:
            raise DataError(
                f"the parts of {printable(key)} in {name} do not lie together; pack the shard anew."
            )
        seen.add(key)
        yield key, sample
