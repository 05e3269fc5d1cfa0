"""The report of `compose sketch`: every target beside its sketches."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..core.report import Report
    from ..stages.sketch_config import SketchConfig

_SHOWN = 448  # pixels of a sketch's long side


class SketchPage:
    """The page, begun when there is something to show: a run that skips all leaves the old."""

    def __init__(self, path: Path | None, config: SketchConfig, stack: ExitStack) -> None:
        """Nothing is done without a path; the stack closes the page, or drops it on failure."""
        self._path, self._config, self._stack = path, config, stack
        self._report: Report | None = None

    def add(self, record: dict[str, Any]) -> None:
        """Take in the record of an input."""
        if self._path is None or record["status"] == "planned":
            return
        if record["status"] == "skipped" and self._report is None:
            return
        report = self._opened(self._path)
        if record["status"] == "error":
            report.failure(record["input"], record["error"])
        elif record["status"] == "skipped":
            report.remark(record["input"], "skipped, its outputs exist")
        else:
            from ..stages.sketch_report import add_sketch

            add_sketch(report, record, _SHOWN)

    def _opened(self, path: Path) -> Report:
        from ..core.report import Report

        if self._report is None:
            config = self._config
            lead = (
                f"{config.strokes} strokes, {config.rounds} rounds of {config.iterations} "
                f"iterations, encoder {config.encoder}, seed {config.seed}."
            )
            self._report = self._stack.enter_context(Report(path, "Sketches", lead))
        return self._report
