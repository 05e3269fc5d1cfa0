"""Metrics of a training: JSON lines, whole at any time, and TensorBoard's events."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import UsageError
from ..core.files import atomic_write

Row = dict[str, Any]


@contextlib.contextmanager
def metrics_file(path: Path, log: Callable[[Row], None]) -> Iterator[Callable[[Row], None]]:
    """Give what takes a line: for `log`, and for a file of JSON lines that stands when all is done.

    The file's folder is made where there is none.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as part, part.open("w") as metrics:

        def keep(row: Row) -> None:
            metrics.write(json.dumps(row) + "\n")
            log(row)

        yield keep


class Metrics:
    """Means of what steps gave, a line every so many.

    Args:
        path: of the file; None writes none.
        every: steps between lines.
        log: is given every line.
        board: folder of TensorBoard's events; None writes none.

    Raises:
        UsageError: TensorBoard is asked for and is not installed.
    """

    def __init__(
        self,
        path: Path | None,
        every: int,
        log: Callable[[Row], None] = lambda row: None,
        board: Path | None = None,
    ) -> None:
        self.rows: list[Row] = []
        self.sums: dict[str, list[float]] = {}
        self._path, self._every, self._log = path, every, log
        self._board = _open_board(board) if board is not None else None

    def take(self, step: int, row: Mapping[str, float], last: bool) -> None:
        """What a step gave; every so many, and at the last, their mean becomes a line."""
        for name, value in row.items():
            self.sums.setdefault(name, []).append(value)
        if step % self._every and not last:
            return
        means = {name: float(np.mean(values)) for name, values in self.sums.items()}
        self.sums = {}
        self.add({"step": step, **means})

    def add(self, row: Row) -> None:
        """A line as it is."""
        self.rows.append(row)
        if self._path is None:
            return
        text = "".join(json.dumps(line) + "\n" for line in self.rows)
        with atomic_write(self._path) as part:
            part.write_text(text)
        self._log(row)
        for name, value in row.items():
            if self._board is not None and name != "step":
                self._board.add_scalar(name, value, row["step"])

    def close(self) -> None:
        """End what was opened."""
        if self._board is not None:
            self._board.close()


def _open_board(folder: Path) -> Any:
    if importlib.util.find_spec("tensorboard") is None:
        raise UsageError(
            "--tensorboard needs the package tensorboard; run: pip install tensorboard."
        )
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder))
