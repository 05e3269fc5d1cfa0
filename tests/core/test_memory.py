from __future__ import annotations

import sys

import numpy as np
import pytest

from compose.core.memory import peak_memory


@pytest.mark.skipif(sys.platform == "win32", reason="it does not tell")
def test_the_peak_is_in_bytes_and_does_not_fall() -> None:
    before = peak_memory()
    assert before is not None
    size = before + 30_000_000  # more than there ever was
    block = np.ones(size, np.uint8)
    held = peak_memory()
    del block
    after = peak_memory()
    assert held is not None
    assert after is not None
    assert size <= held <= after < size + before + 100_000_000
