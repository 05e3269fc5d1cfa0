"""The plan of a set of pairs: what each picture gives, noted block by block before any is written.

    pairs.json                  how the set is made, and of what
    plan/SET/00000.jsonl        a line a picture: {"id"} and "objects", or "error", or neither

Blocks hold a fixed number of pictures in the order of their ids, so that any number of processes
or machines that look at blocks in any order write the same plan.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import DataError
from .shard_store import ShardStore, read_bytes, write_bytes

VERSION = 1
SETTINGS = "pairs.json"
BLOCK = 200  # pictures


@dataclass(frozen=True)
class Finding:
    """What a picture gives."""

    id: str
    objects: tuple[int, ...] | None = None  # their places; None: it has no pair
    error: str | None = None  # why it could not be read


def block_file(set_name: str, number: int) -> str:
    """The file of a block of the plan."""
    return f"plan/{set_name}/{number:05d}.jsonl"


def write_block(store: ShardStore, file: str, findings: Sequence[Finding]) -> None:
    """Write a block whole.

    Raises:
        OutputError: it cannot be written.
    """
    lines = []
    for each in findings:
        row: dict[str, Any] = {"id": each.id}
        row |= {} if each.objects is None else {"objects": list(each.objects)}
        row |= {} if each.error is None else {"error": each.error}
        lines.append(json.dumps(row) + "\n")
    write_bytes(store, file, "".join(lines).encode())


def read_block(store: ShardStore, file: str, ids: Sequence[str]) -> list[Finding]:
    """Read a block.

    Args:
        store: where it is.
        file: its name.
        ids: of the pictures that it has to be about.

    Raises:
        DataError: it is damaged, or about other pictures.
    """
    try:
        rows = [json.loads(line) for line in read_bytes(store, file).splitlines()]
        found = [_finding(row) for row in rows]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DataError(f"{store.name(file)} is damaged; build the set with --overwrite.") from None
    if [each.id for each in found] != list(ids):
        raise DataError(
            f"{store.name(file)} is about other pictures than there are now; build the set with "
            "--overwrite."
        )
    return found


def _finding(row: dict[str, Any]) -> Finding:
    objects, error = row.get("objects"), row.get("error")
    if objects is not None:
        objects = tuple(objects)
        if not objects or not all(type(place) is int and place >= 0 for place in objects):
            raise ValueError
    if not isinstance(row["id"], str) or not (error is None or isinstance(error, str)):
        raise TypeError
    return Finding(row["id"], objects, error)


def read_settings(store: ShardStore) -> dict[str, Any] | None:
    """How a set is made; None where there is none.

    Raises:
        DataError: the file is damaged.
    """
    if store.size(SETTINGS) is None:
        return None
    try:
        values = json.loads(read_bytes(store, SETTINGS))
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict) or values.get("version") != VERSION:
        raise DataError(
            f"{store.name(SETTINGS)} is damaged or of another version; build the set with "
            "--overwrite."
        )
    return values


def write_settings(store: ShardStore, values: dict[str, Any]) -> None:
    """Write how a set is made.

    Raises:
        OutputError: it cannot be written.
    """
    text = json.dumps({"version": VERSION, **values}, indent=2, sort_keys=True) + "\n"
    write_bytes(store, SETTINGS, text.encode())
