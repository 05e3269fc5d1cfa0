"""Which shards are meant: folders, files, and patterns with braces as WebDataset writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import DataError, UsageError
from ..core.names import printable

# of joint training, section 4.4 of our notes: how often each set's shards are repeated
JOINT = {
    "lvis": 3,
    "vitonhd": 6,
    "object365": 1,
    "cityscapes": 18,
    "mapillaryvistas": 18,
    "bdd100k": 18,
}
_ALIASES = {"objects365": "object365", "mapillary": "mapillaryvistas"}
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_MOST = 100_000  # shards that one pattern may name


@dataclass(frozen=True)
class ShardSet:
    """A data set's shards."""

    name: str
    shards: tuple[Path, ...]
    repeated: int = 1


def expand_braces(pattern: str) -> list[str]:
    """`{00000..00005}` and `{a,b}` written out, in order; leading zeros are kept.

    Raises:
        UsageError: the braces do not close, or name too many.
    """
    found = list(_expanded(pattern))
    if any("{" in text or "}" in text for text in found):
        raise UsageError(f"the braces of '{pattern}' do not close; write {{00000..00005}}.tar.")
    return found


def find_shards(
    data: Sequence[str], name: str | None = None, joint: bool = False
) -> list[ShardSet]:
    """The shards that `data` name, set by set.

    Args:
        data: a folder of shards or of sets' folders, a file, or a pattern with braces; before any
            of them may stand `NAME=`.
        name: the set to take, where data have several.
        joint: take every set and repeat it as published (see `JOINT`); others are taken once.

    Raises:
        UsageError: what is asked for cannot be told from data.
        DataError: there are no shards.
    """
    found: dict[str, list[Path]] = {}
    for text in data:
        front, equals, rest = text.partition("=")
        named = front if equals and "/" not in front else None
        for which, shards in _found(rest if named else text, named):
            found.setdefault(set_name(which), []).extend(shards)
    if not any(found.values()):
        raise DataError(
            f"there are no shards in {', '.join(map(printable, data))}; give a folder of .tar "
            "files or a pattern such as lvis/{00000..00005}.tar."
        )
    if joint:
        return [ShardSet(n, tuple(s), JOINT.get(n, 1)) for n, s in sorted(found.items())]
    name = set_name(name) if name is not None else None
    if name is not None and name not in found:
        raise UsageError(f"there is no set {name!r} in the data; there is {', '.join(found)}.")
    if name is None and len(found) > 1:
        raise UsageError(
            f"the data have several sets ({', '.join(found)}); take one with --dataset-name or "
            "all with --is-joint."
        )
    chosen = name or next(iter(found))
    return [ShardSet(chosen, tuple(found[chosen]))]


def set_name(text: str) -> str:
    """The name of a set that a folder is named after: `MapillaryVistas` is mapillaryvistas."""
    plain = re.sub(r"[^a-z0-9]", "", text.lower()) or text
    return _ALIASES.get(plain, plain)


def _found(text: str, name: str | None) -> Iterator[tuple[str, list[Path]]]:
    if text.startswith("pipe:") or "://" in text:
        raise UsageError(f"'{text}' is no file; copy the shards here and give their folder.")
    if "{" in text or "}" in text:
        paths = [Path(part) for part in expand_braces(text)]
        missing = [path for path in paths if not path.is_file()]
        if missing:
            raise DataError(f"there is no shard {printable(missing[0])}; check the pattern.")
        yield name or paths[0].parent.name, paths
        return
    path = Path(text)
    if path.is_file():
        yield name or path.parent.name, [path]
        return
    if not path.is_dir():
        raise DataError(f"there is no {printable(path)}; give a folder of shards.")
    if shards := sorted(path.glob("*.tar")):
        yield name or path.name, shards
        return
    for folder in sorted(p for p in path.iterdir() if p.is_dir()):
        if shards := sorted(folder.glob("*.tar")):
            yield folder.name, shards


def _expanded(pattern: str) -> Iterator[str]:
    match = _BRACES.search(pattern)
    if match is None:
        yield pattern
        return
    if span := _RANGE.fullmatch(match[1]):
        first, last = int(span[1]), int(span[2])
        if last < first or last - first >= _MOST:
            raise UsageError(f"'{match[0]}' names no shards or too many; write {{00000..00005}}.")
        digits = len(span[1]) if span[1].startswith("0") else 0
        choices = [str(number).zfill(digits) for number in range(first, last + 1)]
    else:
        choices = match[1].split(",")
    for choice in choices:
        yield from _expanded(pattern[: match.start()] + choice + pattern[match.end() :])
