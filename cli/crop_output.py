"""What `compose crop` prints and reports: tables, annotations in Google's shape, and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import Output
from .shared import Shared

if TYPE_CHECKING:
    from ..core.report import Report
    from ..stages.crop_report import CropEntry
    from ..stages.crop_request import CropRequest

Record = dict[str, Any]


def output_for(shared: Shared, *, hints: bool) -> Output:
    """The output in the mode that was asked for; annotations for `--format crop-hints`.

    Raises:
        UsageError: they were asked for together with --quiet.
    """
    from ..core.errors import UsageError

    if not hints:
        return shared.output()
    if shared.quiet:
        raise UsageError("--quiet and --format crop-hints exclude each other; give one of them.")
    return _CropHints("json")


class _CropHints(Output):
    """Prints annotations in place of records; plans and skipped inputs keep their records."""

    def record(self, record: Mapping[str, Any]) -> None:
        from ..stages.crop_hints import failed_hints

        if record["status"] == "ok":
            record = {"cropHintsAnnotation": record["cropHintsAnnotation"]}
        elif record["status"] == "error":
            record = failed_hints(record)
        super().record(record)


class Tables:
    """A table a picture, with an empty line between them."""

    def __init__(self) -> None:
        """Begin with no empty line."""
        self._first = True

    def show(self, record: Record, output: Output) -> None:
        """Print the crops of one record."""
        from ..core.names import printable

        if not self._first:
            output.text("")
        self._first = False
        columns = ["rank", "box", "score", "aspect"]
        rows: list[Sequence[object]] = []
        for found in record["crops"]:
            box = ",".join(map(str, found["box"]))
            row = [found["rank"], box, f"{found['score']:.4f}", found["aspect"]]
            rows.append([*row, printable(found["file"])] if "file" in found else row)
        if record["crops"] and "file" in record["crops"][0]:
            columns.append("file")
        name = printable(record["input"])
        output.table(columns, rows, title=f"{name} ({record['width']}x{record['height']})")


class Page:
    """The report, begun when there is something to show: a run that skips all leaves the old."""

    def __init__(
        self, path: Path | None, engine: str, request: CropRequest, stack: ExitStack
    ) -> None:
        """Nothing is done without a path; the stack closes the page, or drops it on failure."""
        self._path, self._engine, self._request, self._stack = path, engine, request, stack
        self._report: Report | None = None
        self._skipped: list[str] = []

    def add(self, record: Record, entry: CropEntry | None) -> None:
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
            self._remark(record["input"])

    def _opened(self, path: Path) -> Report:
        from ..core.report import Report
        from ..stages.crop_report import describe_request

        if self._report is None:
            lead = describe_request(self._request, self._engine)
            self._report = self._stack.enter_context(Report(path, "Crops", lead))
            for name in self._skipped:
                self._remark(name)
            self._skipped.clear()
        return self._report

    def _remark(self, name: str) -> None:
        if self._report is not None:
            self._report.remark(name, "skipped, its outputs exist")
