"""Threads that wait for one another sleep; property tests try the same cases on every run.

So a change is judged by what it changes. `pytest --hypothesis-profile=search` looks for new cases.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# read when torch is loaded, as `compose.core.devices.require_torch` sets it for commands
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
if "PYTEST_XDIST_WORKER" in os.environ:  # of several processes, each has its share of the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("same", derandomize=True)
settings.register_profile("search", derandomize=False)
settings.load_profile("same")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Of torch's: threads that wait for work this small would take each other's time."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
