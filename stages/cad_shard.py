"""Which photographs a part of the work is on, told by their names and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.inputs import Source
from ..core.seeds import derive_seed


def chosen_inputs(
    sources: Sequence[Source], part: tuple[int, int], limit: int | None
) -> list[Source]:
    """The first `limit` inputs, and of these the ones that belong to a part, as `parse_share` reads
    it."""
    chosen = list(sources)[:limit]
    number, parts = part
    return [
        source
        for source in chosen
        if derive_seed(0, "shard", source.relative.as_posix()) % parts == number
    ]
