"""Instances: single objects that a segmenter found in a picture."""

from __future__ import annotations

from dataclasses import dataclass, field

from .boxes import Box
from .masks import Mask, mask_box


@dataclass(frozen=True, eq=False)
class Instance:
    """One object. Its mask is never empty."""

    mask: Mask = field(repr=False)  # bool HxW of the picture that was segmented
    score: float  # in [0, 1], by which a segmenter ranks what it finds
    label: str | None = None  # class, where the segmenter knows any
    predicted_iou: float | None = None  # what the model expects of its own mask, in [0, 1]
    stability: float | None = None  # IoU of the masks at two cut-offs (SAM's stability score)

    @property
    def area(self) -> int:
        """Pixels."""
        return int(self.mask.sum())

    @property
    def box(self) -> Box:
        """The least box around the mask.

        Raises:
            MaskError: the mask is empty.
        """
        return mask_box(self.mask)
