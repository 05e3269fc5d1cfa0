"""Engine `patchmatch`: the hole is put together from patches of the picture's other parts.

C. Barnes, E. Shechtman, A. Finkelstein and D. Goldman, PatchMatch, SIGGRAPH 2009, as the package
pypatchmatch does it. Patches alone know nothing of the hole's middle, and put there whatever fits
itself best: a table with bottles on a floor. So what is to be expected, a smooth fill, leads them.
A share of its wide tones is taken off the picture before patches are looked for and given back
after, so that a texture fits though it lies in another light; and patches are preferred whose own
wide tones are like those that are expected at their place. The latter continues objects into the
hole, which is what a search for hidden ones needs, but makes seams on a lawn; so for plates that
are to be looked at it is done only where without it the hole is filled with something unlike.
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
from .inpainter_opencv import OpenCvInpainter
from .wide_tones import rounded, wide_tones

_RADIUS = 3  # of a patch; larger ones are slower and look no better
# Chosen on photographs of train splits: pixels of the long side of what is expected, the standard
# deviation there of the Gaussian that tells wide tones from what is finer, the share of them that
# is taken off, and the weight of tones against a patch's own colours.
_SIDE, _SIGMA, _SHARE, _GUIDE = 96, 6.0, 0.5, 0.1
_UNIT = 128.0  # grey levels from the middle that are 1 to the library
# Mean difference in grey levels of a plate's wide tones from what is expected, above which it is
# filled again: at holes of 14 pictures it was 28 and 31 where other objects had been brought in,
# and 1 to 14 elsewhere.
_UNLIKE = 20.0

_lock = threading.Lock()  # the library's seed is one for the whole process


class PatchMatchInpainter:
    """See `inpainter.Inpainter`.

    Args:
        plates: whether its fillings are to be looked at, and not searched for objects.

    Raises:
        UsageError: the package's library cannot be loaded here.
    """

    name = "patchmatch"
    multiple = 1
    limit = 768  # time and restlessness grow with size

    def __init__(self, *, plates: bool = False) -> None:
        self._library, self._plates = _library(), plates
        self._smooth = OpenCvInpainter("ns")

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The picture with the hole filled; equal seeds give equal pixels."""
        bare = np.where(hole[..., None], np.uint8(0), rgb)
        expected = np.where(hole[..., None], self._smooth.fill(bare, hole, seed), rgb)
        reach = _SIGMA / min(_SIDE / max(hole.shape), 1.0)
        tones = wide_tones(expected, reach)
        if self._plates:
            filled = self.led(bare, hole, tones, seed, guide=0)
            if np.abs(wide_tones(filled, reach) - tones).max(2)[hole].mean() <= _UNLIKE:
                return filled
        return self.led(bare, hole, tones, seed)

    def for_plates(self) -> PatchMatchInpainter:
        """The form whose fillings are to be looked at."""
        return self if self._plates else PatchMatchInpainter(plates=True)

    def led(
        self,
        rgb: NDArray[np.uint8],
        hole: Mask,
        tones: NDArray[np.float32],
        seed: int,
        *,
        share: float = _SHARE,
        guide: float = _GUIDE,
    ) -> NDArray[np.uint8]:
        """The picture HxWx3 with the hole filled by patches that tones lead.

        Args:
            rgb: HxWx3.
            hole: HxW.
            tones: HxWx3, see `wide_tones`: of the picture, in the hole of what is expected there.
            seed: of the search.
            share: of the tones that patches need not match.
            guide: weight of the tones' likeness against that of a patch's colours.
        """
        off = tones * np.float32(share)
        flat = rounded(np.where(hole[..., None], 0, rgb - off))
        # brightness, and red against blue: the library compares two numbers a pixel
        place = np.stack([tones.mean(2), tones[..., 0] - tones[..., 2], 0 * tones[..., 0]], 2)
        with _lock:
            self._library.set_random_seed(seed % 2**32)
            if guide > 0:
                found = self._library.inpaint_regularity(
                    flat, hole, place / np.float32(_UNIT), patch_size=_RADIUS, guide_weight=guide
                )
            else:
                found = self._library.inpaint(flat, hole, patch_size=_RADIUS)
        return np.where(hole[..., None], rounded(found + off), rgb)


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
