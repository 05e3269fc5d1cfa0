"""Which photographs a part of the work is on, told by their names and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..core.errors import UsageError
from ..core.inputs import Source
from ..core.seeds import derive_seed


def parse_shard(text: str) -> tuple[int, int]:
    """Read `2/8`: the second of eight parts.

    Raises:
        UsageError: it is no part, or there is none of that number.
    """
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    part, parts = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= part <= parts:
        raise UsageError(f"'{text}' is no part of the work; write 1/8 to 8/8 for eight parts.")
    return part, parts


def chosen_inputs(
    sources: Sequence[Source], part: tuple[int, int] | None, limit: int | None
) -> list[Source]:
    """The first `limit` inputs, and of these the ones that belong to a part."""
    chosen = list(sources)[:limit]
    if part is None:
        return chosen
    number, parts = part
    return [
        source
        for source in chosen
        if derive_seed(0, "shard", source.relative.as_posix()) % parts == number - 1
    ]
