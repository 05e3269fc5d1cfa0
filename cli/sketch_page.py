"""What `compose sketch` shows: a line a target, and a page of targets beside their sketches."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import InputError
from ..core.names import printable

if TYPE_CHECKING:
    from ..core.report import Report
    from ..stages.sketch_config import SketchConfig
    from .output import Output


class SketchPage:
    """The page. It shows finished runs that are skipped, too; if all are, the old page stays."""

    def __init__(self, path: Path | None, config: SketchConfig, stack: ExitStack) -> None:
        """Nothing is done without a path; the stack closes the page, or drops it on failure."""
        self._path, self._config, self._stack = path, config, stack
        self._report: Report | None = None
        self._skipped: list[dict[str, Any]] = []

    def add(self, record: dict[str, Any]) -> None:
        """Take in the record of an input."""
        if self._path is None or record["status"] == "planned":
            return
        if record["status"] == "skipped" and self._report is None and self._path.exists():
            self._skipped.append(record)
            return
        report = self._opened(self._path)
        if record["status"] == "error":
            report.failure(record["input"], record["error"])
        else:
            self._show(report, record)

    def _show(self, report: Report, record: dict[str, Any]) -> None:
        from ..stages.sketch_report import add_sketch

        done = record["status"] == "ok"
        file = record["files"][0]["file"] if done else record["outputs"][-1]
        try:
            add_sketch(report, record["input"], Path(file).parent)
        except InputError as error:
            report.remark(record["input"], str(error))

    def _opened(self, path: Path) -> Report:
        from ..core.report import Report

        if self._report is None:
            config = self._config
            lead = (
                f"{config.strokes} strokes, {config.rounds} rounds of {config.iterations} "
                f"iterations, encoder {config.encoder}, seed {config.seed}."
            )
            self._report = self._stack.enter_context(Report(path, "Sketches", lead))
            for record in self._skipped:
                self._show(self._report, record)
            self._skipped.clear()
        return self._report


def show(record: dict[str, Any], output: Output) -> None:
    """One line for people; the files beside the drawing are many."""
    loss = record["losses"][record["best"]]["total"]
    output.text(
        f"{printable(record['input'])} -> {printable(record['files'][0]['file'])} "
        f"({record['strokes']} strokes, loss {loss:.4f}, {record['seconds']:.0f} s)"
    )
