"""What a finished sketch says of how it was made."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from .sketch_config import SketchConfig
from .sketch_names import RUN_FILE


def other_setting(folder: Path, config: SketchConfig) -> str | None:
    """The first setting in which the finished sketch in a folder differs, as "strokes 16".

    None where it has these settings, or does not tell: what an older version did not note is not
    compared.
    """
    wanted = json.loads(json.dumps(dataclasses.asdict(config)))
    try:
        noted = json.loads((folder / RUN_FILE).read_bytes())["arguments"]
        other = next((k for k, v in wanted.items() if k in noted and noted[k] != v), None)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None if other is None else f"{other} {noted[other]}"
