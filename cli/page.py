"""The page of a batch: pictures side by side, begun when there is something to show."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..core.report import Report
    from .output import Output

Record = dict[str, Any]
Show = Callable[["Report", Record], None]


class Page:
    """A report that grows by the records of a batch; a run that skips all leaves an old one.

    Args:
        path: of the page; nothing is done without one, nor in a `dry_run`.
        title: its heading.
        lead: gives the text below the heading, when the page is begun.
        stack: closes the page, or drops it on failure.
        show: adds what there is to show of an input that is done.
        show_skipped: likewise of one that is skipped; without it a remark is added. With it, a
            run that skips all writes a page where none stands.
    """

    def __init__(
        self,
        path: Path | None,
        title: str,
        lead: Callable[[], str],
        stack: ExitStack,
        show: Show,
        show_skipped: Show | None = None,
        *,
        dry_run: bool = False,
    ) -> None:
        path = None if dry_run else path
        self._path, self._title, self._lead, self._stack = path, title, lead, stack
        self._show, self._show_skipped = show, show_skipped or _remark
        self._waits = show_skipped is None or (path is not None and path.exists())
        self._report: Report | None = None
        self._skipped: list[Record] = []

    def add(self, record: Record) -> None:
        """Take in the record of an input."""
        if self._path is None or record["status"] == "planned":
            return
        if record["status"] == "skipped" and self._report is None and self._waits:
            self._skipped.append(record)
            return
        report = self._opened(self._path)
        if record["status"] == "error":
            report.failure(record["input"], record["error"])
        elif record["status"] == "skipped":
            self._show_skipped(report, record)
        else:
            self._show(report, record)

    def tell(self, output: Output) -> None:
        """Print the page's path among those written, once the stack is closed."""
        if self._path is not None and self._report is not None:
            output.path(self._path)

    def _opened(self, path: Path) -> Report:
        from ..core.report import Report

        if self._report is None:
            self._report = self._stack.enter_context(Report(path, self._title, self._lead()))
            for record in self._skipped:
                self._show_skipped(self._report, record)
            self._skipped.clear()
        return self._report


def _remark(report: Report, record: Record) -> None:
    report.remark(record["input"], "skipped, its outputs exist")
