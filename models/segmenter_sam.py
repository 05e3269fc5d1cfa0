"""Engine `sam`: Segment Anything and its second version (Kirillov et al., 2023; Ravi et al., 2024).

The network is transformers'; its weights come from a folder or name of that library, or from one
of Meta's published files of the first version, for which Meta's package is not needed.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.errors import MaskError
from ..core.instances import Instance
from ..core.masks import Mask, mask_box
from .amg import AutomaticMasks, PointPredictor, automatic_masks, stability_score
from .segmenter import Prompt

_SURE = 10.0  # logit that stands for a given mask's pixels: as certain as the network's own


class PromptPredictor(PointPredictor, Protocol):
    """What answers at whole prompts too. Named here, so that MobileSAM's needs no torch."""

    def at_prompt(
        self,
        points: NDArray[np.float64],
        labels: NDArray[np.bool_],
        box: Box | None,
        mask: NDArray[np.float32] | None,
        *,
        several: bool,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Answers at one prompt; see `sam_predictor.SamPredictor.at_prompt`."""
        ...


class SamSegmenter:
    """See `segmenter.PromptSegmenter`.

    Args:
        predictor: the network with its weights.
        settings: of automatic masks.
    """

    name = "sam"

    def __init__(self, predictor: PromptPredictor, settings: AutomaticMasks | None = None) -> None:
        self._predictor = predictor
        self.settings = settings or AutomaticMasks()

    def segment(self, rgb: NDArray[np.uint8]) -> list[Instance]:
        """Everything that the network is sure of; masks overlap, for parts count as objects."""
        return automatic_masks(self._predictor, rgb, self.settings)

    def prompt(self, rgb: NDArray[np.uint8], prompts: list[Prompt]) -> list[Instance]:
        """One instance for each prompt.

        A single point may mean an object or a part of it: of the network's three answers the
        one of which it expects most is taken. All else gets its one answer.

        Raises:
            MaskError: nothing is found at a prompt.
        """
        self._predictor.look(rgb)
        return [self._answer(prompt, number) for number, prompt in enumerate(prompts, 1)]

    def _answer(self, prompt: Prompt, number: int) -> Instance:
        box: Box | None = prompt.box
        if prompt.mask is not None and box is None:
            box = mask_box(prompt.mask)  # without it the network barely heeds a mask
        points = np.array([p[:2] for p in prompt.points], np.float64).reshape(-1, 2)
        labels = np.array([p[2] for p in prompt.points], bool)
        ambiguous = len(points) == 1 and box is None
        logits, expected = self._predictor.at_prompt(
            points, labels, box, _logits_of(prompt.mask), several=ambiguous
        )
        best = int(expected.argmax())
        values = self._predictor.enlarged(logits[best])
        mask: Mask = np.asarray(values > 0)
        if not mask.any():
            raise MaskError(f"sam finds nothing at prompt {number}; point at another place.")
        iou = float(np.clip(expected[best], 0, 1))
        stability = stability_score(values, self.settings.stability_score_offset)
        return Instance(mask, iou, None, iou, stability)


def _logits_of(mask: Mask | None) -> NDArray[np.float32] | None:
    return None if mask is None else np.where(mask, _SURE, -_SURE).astype(np.float32)
