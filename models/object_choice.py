"""Which of a picture's candidate masks are its objects; run by onnxruntime.

A small network (`object_net.py`) tells how well each candidate fits the object that it is nearest
to; the best are taken one after the other, as long as they hardly overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .crop_builtin import OnnxNetwork, network_file
from .object_features import forms, looks, overlaps
from .proposals import Proposals
from .saliency_features import SaliencyTrunks

OBJECTS = "objects.onnx"
_SURE = 30.0  # logit beyond which nothing changes any more


@dataclass(frozen=True)
class ObjectChoiceConfig:
    """What counts as an object; chosen on the held-out photographs of the network's training."""

    least_score: float = 0.4  # the IoU that the network expects
    least_saliency: float = 0.5  # mean of the map in the mask
    most_shared: float = 0.3  # of either mask with those that were taken


class ObjectNetwork:
    """Safe to call from several threads.

    Args:
        trunks: give the maps; shared with a saliency engine, they run once a picture.
        threads: of one picture.
        folder: holds `objects.onnx` of `compose train objects`; what ships by default.

    Raises:
        ModelError: the file is missing or damaged.
    """

    def __init__(
        self, trunks: SaliencyTrunks, threads: int = 1, folder: Path | None = None
    ) -> None:
        self._trunks = trunks
        self._net = OnnxNetwork(network_file(OBJECTS, folder), threads)

    def scores(self, rgb: NDArray[np.uint8], proposals: Proposals) -> NDArray[np.float32]:
        """The IoU (K,) with an object that is expected of each candidate."""
        if not len(proposals):
            return np.zeros(0, np.float32)
        seen = looks(proposals, self._trunks.maps(rgb))
        (logits,) = self._net.run(forms=forms(proposals), looks=seen)
        return np.asarray(1 / (1 + np.exp(-logits.clip(-_SURE, _SURE))), np.float32)


def chosen(
    masks: NDArray[np.bool_],
    saliency: NDArray[np.float32],
    scores: NDArray[np.float32],
    config: ObjectChoiceConfig | None = None,
) -> list[int]:
    """The candidates that are objects, best first.

    Args:
        masks: (K,h,w), none of them empty.
        saliency: (h,w) in [0, 1].
        scores: (K,).
        config: what counts.
    """
    config = config or ObjectChoiceConfig()
    if not len(masks):
        return []
    shared = overlaps(masks, masks)
    areas = np.diagonal(shared)
    flat = masks.reshape(len(masks), -1)
    salient = flat @ saliency.ravel() / areas
    taken = np.zeros(flat.shape[1], bool)
    kept: list[int] = []
    for number in np.argsort(-scores, kind="stable"):
        if scores[number] < config.least_score:
            break
        if salient[number] < config.least_saliency:
            continue
        if (flat[number] & taken).sum() > config.most_shared * areas[number]:
            continue
        if any(shared[number, k] > config.most_shared * areas[k] for k in kept):
            continue
        kept.append(int(number))
        taken |= flat[number]
    return kept
