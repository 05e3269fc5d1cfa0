"""Tables of paired differences between engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .output import Output


def print_comparisons(output: Output, comparisons: Sequence[Mapping[str, Any]]) -> None:
    """Differences of figures with their 95 % intervals, a line for each figure.

    Args:
        output: where to.
        comparisons: `engine`, `against`, where there are several a `task`, and by the name of a
            figure `difference`, `low`, `high` and `p`.
    """
    from ..core.metrics import p_text

    lines = []
    for row in comparisons:
        output.record(row)
        pair = f"{row['engine']} - {row['against']}"
        if "task" in row:
            pair = f"{row['task']}: {pair}"
        for name in (key for key in row if key not in ("task", "engine", "against")):
            d = row[name]
            interval = f"[{d['low']:+.4f}, {d['high']:+.4f}]"
            lines.append([pair, name, f"{d['difference']:+.4f}", interval, p_text(d["p"])])
    if lines:
        output.table(["difference", "of", "mean", "95 % interval", "p"], lines)
