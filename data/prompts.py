"""Prompts for photographs: lines of JSON, `{"file": "a/b.jpg", "prompt": "a bench in snow"}`."""

from __future__ import annotations

import json
from pathlib import Path

from ..core.errors import DataError
from ..core.names import printable


def read_prompts(path: Path) -> dict[str, str]:
    """Prompts by the files' names as they are in the list; empty lines are passed over.

    Raises:
        DataError: the file is missing, or a line is not as it should be.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(path)} cannot be read as text ({error}).") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            file, prompt = row["file"], row["prompt"]
        except (ValueError, KeyError, TypeError):
            file = prompt = None
        if not isinstance(file, str) or not isinstance(prompt, str):
            raise DataError(
                f"{printable(path)}, line {number}: write "
                '{"file": NAME, "prompt": TEXT} in every line.'
            )
        found[file] = prompt
    return found
