"""How much memory this process has had at most."""

from __future__ import annotations

import sys


def peak_memory() -> int | None:
    """Bytes that were resident at the highest moment since the process began; None on systems
    that do not tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # the manual pages of both
