"""`--data NAME:DIR` of the commands that read data sets of crops."""

from __future__ import annotations

from pathlib import Path


def named_set(text: str) -> tuple[str | None, Path]:
    """A data set's name and folder; no name for a folder alone.

    Raises:
        UsageError: there is no such data set.
    """
    from ..data.crop_sets import crop_set

    name, colon, folder = text.partition(":")
    if colon and name.isidentifier() and not Path(text).exists():
        crop_set(name)
        return name, Path(folder)
    return None, Path(text)
