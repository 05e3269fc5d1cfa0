"""Which photograph a finished sketch was drawn after."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import InputError, UsageError
from ..core.inputs import expand_inputs
from ..core.names import printable
from .sketch_runs import LEVELS, Run


class Originals:
    """The pictures that sketches were drawn after."""

    def __init__(self, place: Path | None = None) -> None:
        """Look below a folder, or take one picture for all; without either, believe the runs.

        Raises:
            UsageError: there is no such folder or picture.
        """
        self._place = place
        self._one: Path | None = None
        self._files: list[Path] = []
        if place is not None:
            found = expand_inputs([os.fspath(place)])
            if place.is_dir():
                self._files = [source.path for source in found]
            elif found[0].problem:
                raise UsageError(found[0].problem)
            else:
                self._one = found[0].path

    def of(self, sketch: Path, run: Run | None) -> Path:
        """The picture of one sketch.

        In a folder, a run's picture is found by its file name, or by that without suffix; the
        picture of any other sketch by the sketch's own name or that of a folder it lies in.

        Raises:
            InputError: there is none, or several have the name.
        """
        if self._one is not None:
            return self._one
        if self._place is None:
            return _target_of_run(sketch, run)
        if run is not None and run.target is not None:
            if same := [file for file in self._files if file.name == run.target.name]:
                return self._single(sketch, same)
            names = [run.target.stem]
        else:
            above = Path(os.path.abspath(sketch)).parents[:LEVELS]
            names = [sketch.stem, *(folder.name for folder in above)]
        for name in names:
            if same := [file for file in self._files if file.stem == name]:
                return self._single(sketch, same)
        raise InputError(
            f"{printable(self._place)} holds no picture called {printable(names[0])}; "
            f"name the folder with the target of {printable(sketch)} by --targets."
        )

    def _single(self, sketch: Path, files: Sequence[Path]) -> Path:
        if len(files) > 1:
            both = " and ".join(printable(file) for file in files[:2])
            raise InputError(
                f"both {both} may be the target of {printable(sketch)}; leave one of them out."
            )
        return files[0]


def _target_of_run(sketch: Path, run: Run | None) -> Path:
    if run is None or run.target is None:
        raise InputError(
            f"nothing says what {printable(sketch)} was drawn after; "
            "name the folder with its target by --targets."
        )
    for path in (run.target, run.folder / run.target):
        if path.is_file():
            return path
    raise InputError(
        f"the target {printable(run.target)} of {printable(sketch)} is not there; "
        "name the folder it lies in now by --targets."
    )
