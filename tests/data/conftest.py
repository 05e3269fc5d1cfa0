"""Annotations that lie beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared" / "data" / "crop_annotations"


@pytest.fixture
def crop_annotations() -> Path:
    """The folder of annotations of crops as published; skips where it is not."""
    if not SHARED.is_dir():
        pytest.skip("no research data beside the project")
    return SHARED
