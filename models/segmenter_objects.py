"""Engine `objects`: what stands out, as MobileSAM sees its outlines.

Segmenter `salient` says where to look. MobileSAM answers there with masks of wholes and parts, and
a network of ours takes those that are objects. It needs the weights `mobile-sam`, and no torch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.instances import Instance
from ..core.masks import Mask
from .mask_parts import without_specks
from .mobile_sam import MobileSamNetwork
from .mobile_sam_predictor import MobileSamPredictor
from .object_choice import ObjectChoiceConfig, ObjectNetwork, chosen
from .proposals import Proposals, propose
from .saliency import SaliencyReader
from .segmenter import Prompt
from .segmenter_salient import SalientSegmenter
from .segmenter_sam import SamSegmenter

_SPECK = 0.02  # of a mask: smaller parts and holes are none of the object's


class ObjectSegmenter:
    """See `segmenter.PromptSegmenter`.

    Args:
        reader: gives the map of what stands out.
        salient: finds objects by it.
        network: MobileSAM.
        scores: tells objects among its answers.
        config: what counts as one.
    """

    name = "objects"

    def __init__(
        self,
        reader: SaliencyReader,
        salient: SalientSegmenter,
        network: MobileSamNetwork,
        scores: ObjectNetwork,
        config: ObjectChoiceConfig | None = None,
    ) -> None:
        self._reader, self._salient = reader, salient
        self._network, self._scores = network, scores
        self._config = config or ObjectChoiceConfig()
        self._prompted = SamSegmenter(MobileSamPredictor(network))

    def segment(self, rgb: NDArray[np.uint8]) -> list[Instance]:
        """The salient objects, which do not overlap, best first; none where nothing stands out.

        The score is the IoU with an object that is expected.
        """
        salient = self._salient.segment(rgb)
        if min(rgb.shape[:2]) < 2:  # too small for the maps that tell objects
            return salient
        found = [instance.mask for instance in salient]
        proposals = propose(self._network, rgb, self._reader.read(rgb), found)
        scores = self._scores.scores(rgb, proposals)
        picked = chosen(proposals.masks, proposals.saliency, scores, self._config)
        masks = full_masks(proposals, picked)
        return [
            Instance(
                mask,
                float(scores[number]),
                predicted_iou=float(np.clip(proposals.expected[number], 0, 1)),
                stability=float(proposals.stability[number]),
            )
            for number, mask in zip(picked, masks, strict=True)
            if mask.any()
        ]

    def prompt(self, rgb: NDArray[np.uint8], prompts: list[Prompt]) -> list[Instance]:
        """One instance for each prompt, as MobileSAM answers it.

        Raises:
            MaskError: nothing is found at a prompt.
        """
        return self._prompted.prompt(rgb, prompts)


def full_masks(proposals: Proposals, picked: list[int]) -> list[Mask]:
    """Masks HxW of the candidates, disjoint: what several claim is the surest one's."""
    width, height = proposals.seen.size
    most = np.zeros((height, width), np.float32)
    owner = np.full((height, width), -1, np.int32)
    for place, number in enumerate(picked):
        logits = proposals.logits_at_full_size(number)
        better = logits > most
        owner[better] = place
        most[better] = logits[better]
    masks = []
    for place in range(len(picked)):
        mask = owner == place
        cleaned = without_specks(mask, round(_SPECK * int(mask.sum())))
        masks.append(cleaned & (mask | (owner < 0)))  # what fills a hole may be another's
    return masks
