"""Engine `patchmatch`: the hole is put together from patches of the picture's other parts.

C. Barnes, E. Shechtman, A. Finkelstein and D. Goldman, PatchMatch, SIGGRAPH 2009, as the package
pypatchmatch does it.
"""

from __future__ import annotations

import importlib.util
import logging
import threading
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ..core.errors import UsageError
from ..core.masks import Mask

_RADIUS = 3  # of a patch; larger ones are slower and look no better

_lock = threading.Lock()  # the library's seed is one for the whole process


class PatchMatchInpainter:
    """See `inpainter.Inpainter`.

    Raises:
        UsageError: the package's library cannot be loaded here.
    """

    name = "patchmatch"
    multiple = 1
    limit = 1024  # time and restlessness grow with size

    def __init__(self) -> None:
        self._library = _library()

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The picture with the hole filled; equal seeds give equal pixels."""
        with _lock:
            self._library.set_random_seed(seed % 2**32)
            filled = self._library.inpaint(rgb, hole, patch_size=_RADIUS)
        return np.asarray(filled, np.uint8)


def patchmatch_here() -> bool:
    """Whether the package is installed with its library."""
    try:
        _library()
    except UsageError:
        return False
    return True


def _library() -> ModuleType:
    if importlib.util.find_spec("patchmatch") is None:
        raise UsageError(
            "inpainter patchmatch needs the package pypatchmatch; run: pip install pypatchmatch."
        )
    # what the package has to say of a library that is missing is said below
    logging.getLogger("patchmatch").addHandler(logging.NullHandler())
    import patchmatch

    if not patchmatch.patchmatch_available:
        raise UsageError(
            "the library of pypatchmatch cannot be loaded on this machine; use "
            "--inpainter opencv, or install pypatchmatch again with a C++ compiler at hand."
        )
    patchmatch.set_verbose(False)
    return patchmatch
