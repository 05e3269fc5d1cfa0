"""Whether what a segmenter finds in a partly erased picture is a new object.

A detection is none if it is an erased object that the inpainter painted anew, or one that is
known and still there. If it contains what can be seen of one that is still there, and reaches
behind what was erased, it shows that one's hidden part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..core.instances import Instance
from ..core.masks import Mask
from .segment_config import SegmentConfig
from .segment_found import Found

_GROWTH = 0.01  # share of an object by which it has to grow to be called extended
_GROUND = 0.3  # share of the picture that one sees of what is found only now and is no object
_SPREAD = 0.5  # share of an object's pixels beyond it, outside of holes, that make it another one


@dataclass(frozen=True)
class Verdict:
    """What a detection is: new, a part of a known one, or nothing."""

    reason: str | None  # why it is nothing
    extends: int | None = None  # the number of the one it belongs to
    hidden: float = 0.0  # share of it behind what was erased
    speculative: bool = False


def iou(one: Mask, other: Mask) -> float:
    """Intersection over union; 0 where both are empty."""
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union else 0.0


def judge(
    detection: Instance,
    known: Sequence[Found],
    erased: Mask,
    config: SegmentConfig,
    stable: Callable[[Mask], bool],
) -> Verdict:
    """Judge one detection of an iteration after the first.

    Args:
        detection: what was found.
        known: all that has been found so far, this iteration's too.
        erased: the union of all holes, dilated, that have been filled in the picture.
        config: the shares that decide.
        stable: whether it is found again in another view; asked last, for it costs.
    """
    mask, area = detection.mask, detection.area
    like = [k for k in known if _same(k.label, detection.label)]
    for gone in like:
        if gone.erased is not None and iou(mask, gone.amodal) >= config.repeat:
            return Verdict("repeated")
    hidden = int((mask & erased).sum()) / area
    present = [k for k in known if k.erased is None]
    held = [k for k in present if _share(k.visible, mask) >= config.contained]
    if len(held) > 1:
        return Verdict("merged")
    if held:
        return _extension(detection, held[0], erased, hidden, stable)
    taken = np.zeros_like(mask)
    for other in present:
        taken |= other.visible
    if _share(mask, taken) >= config.contained:
        return Verdict("known")
    if any(k.erased is None and iou(mask, k.amodal) >= config.repeat for k in like):
        return Verdict("known")
    # so large, in plain sight, and not found before: a lawn or a sofa that fills the picture
    if float((mask & ~erased).mean()) > _GROUND:
        return Verdict("ground")
    if hidden < config.min_hidden:
        return Verdict("not hidden")
    if not stable(mask):
        return Verdict("unstable")
    return Verdict(None, hidden=hidden, speculative=1 - hidden < config.min_real)


def _extension(
    detection: Instance,
    held: Found,
    erased: Mask,
    hidden: float,
    stable: Callable[[Mask], bool],
) -> Verdict:
    beyond = detection.mask & ~held.amodal
    inside, size = int((beyond & erased).sum()), int(held.amodal.sum())
    if int(beyond.sum()) - inside > _SPREAD * size or not _same(held.label, detection.label):
        return Verdict("merged")
    if inside < _GROWTH * size:
        return Verdict("known")
    if not stable(detection.mask):
        return Verdict("unstable")
    return Verdict(None, extends=held.number, hidden=hidden)


def _same(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def _share(part: Mask, whole: Mask) -> float:
    """How much of `part` lies in `whole`; 0 where it is empty."""
    area = int(part.sum())
    return int((part & whole).sum()) / area if area else 0.0
