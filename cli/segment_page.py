"""What `compose segment-inpaint` shows: a table a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.names import printable

if TYPE_CHECKING:
    from .output import Output

Record = dict[str, Any]


def show(record: Record, output: Output) -> None:
    """A table of the objects of one picture, from front to back."""
    folder = printable(Path(record["files"][-1]["file"]).parent)
    rows = []
    for found in record["objects"]:
        box = ",".join(map(str, found["amodal_box"]))
        kind = " (speculative)" if found["speculative"] else ""
        label = printable(found["label"] or "object") + kind
        hidden = f"{100 * found['hidden']:.0f} %"
        rows.append(
            (found["rank"], label, f"{found['score']:.3f}", found["iteration"], hidden, box)
        )
    columns = ("rank", "object", "score", "iteration", "hidden", "box")
    title = f"{printable(record['input'])} -> {folder} ({record['seconds']:.1f} s)"
    output.table(columns, rows, title=title)
