"""Where sketches go."""

from __future__ import annotations

from pathlib import Path


def sketch_folder(out: Path, relative: Path) -> Path:
    """The folder of a target that lies at `relative` below its input."""
    return out / relative.with_suffix("")
