"""Threads that wait for one another sleep, so that tests run well on busy machines."""

from __future__ import annotations

import os

# read when torch is loaded, as `compose.core.devices.require_torch` sets it for commands
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
