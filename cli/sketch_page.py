"""What `compose sketch` shows: a line a target, and its part of a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import InputError
from ..core.names import printable

if TYPE_CHECKING:
    from ..core.report import Report
    from ..stages.sketch_config import SketchConfig
    from .output import Output


def lead(config: SketchConfig) -> str:
    """The text below a page's heading."""
    washes = f", up to {config.washes} of them washes" if config.washes else ""
    return (
        f"{config.strokes} strokes{washes}, {config.rounds} rounds of {config.iterations} "
        f"iterations, encoder {config.encoder}, seed {config.seed}."
    )


def show_run(report: Report, record: dict[str, Any]) -> None:
    """Add a run that is finished, now or before: the target beside its sketches."""
    from ..stages.sketch_report import add_sketch

    done = record["status"] == "ok"
    file = record["files"][0]["file"] if done else record["outputs"][-1]
    try:
        add_sketch(report, record["input"], Path(file).parent)
    except InputError as error:
        report.remark(record["input"], str(error))


def print_line(record: dict[str, Any], output: Output) -> None:
    """One line for people; the files beside the drawing are many."""
    loss = record["losses"][record["best"]]["total"]
    washes = f", {record['washes']} of them washes" if record["washes"] else ""
    output.text(
        f"{printable(record['input'])} -> {printable(record['files'][0]['file'])} "
        f"({record['strokes']} strokes{washes}, loss {loss:.4f}, {record['seconds']:.0f} s)"
    )
