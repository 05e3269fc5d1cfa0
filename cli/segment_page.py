"""What `compose segment-inpaint` shows: a line and a table a picture, and the page."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.names import printable

if TYPE_CHECKING:
    from ..core.report import Report
    from ..stages.segment_report import SegmentEntry
    from .output import Output

Record = dict[str, Any]


class SegmentPage:
    """The report, begun when there is something to show: a run that skips all leaves the old."""

    def __init__(self, path: Path | None, lead: str, stack: ExitStack) -> None:
        """Nothing is done without a path; the stack closes the page, or drops it on failure."""
        self._path, self._lead, self._stack = path, lead, stack
        self._report: Report | None = None
        self._skipped: list[str] = []

    def add(self, record: Record, entry: SegmentEntry | None) -> None:
        """Take in the record of an input, and what there is to show of it."""
        if self._path is None or record["status"] == "planned":
            return
        if record["status"] == "skipped" and self._report is None:
            self._skipped.append(record["input"])
            return
        report = self._opened(self._path)
        if entry is not None and record["status"] == "ok":
            entry.add_to(report, record["input"])
        elif record["status"] == "error":
            report.failure(record["input"], record["error"])
        else:
            report.remark(record["input"], "skipped, its outputs exist")

    def _opened(self, path: Path) -> Report:
        from ..core.report import Report

        if self._report is None:
            self._report = self._stack.enter_context(Report(path, "Layers", self._lead))
            for name in self._skipped:
                self._report.remark(name, "skipped, its outputs exist")
            self._skipped.clear()
        return self._report


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
