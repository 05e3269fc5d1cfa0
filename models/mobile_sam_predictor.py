"""MobileSAM asked about one picture at a time, as `sam_predictor.py` asks Meta's networks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from .mobile_sam import CORNERS, NONE, MobileSamNetwork, Seen, at_points
from .sam_pixels import picture_key


class MobileSamPredictor:
    """See `amg.PointPredictor` and `sam_predictor.SamPredictor`."""

    def __init__(self, network: MobileSamNetwork) -> None:
        self.network = network
        self._key = b""
        self._seen: Seen | None = None

    def look(self, rgb: NDArray[np.uint8]) -> None:
        """Embed a picture HxWx3, unless it is the one embedded last."""
        key = picture_key(rgb)
        if key != self._key:
            self._seen, self._key = self.network.look(rgb), key

    def at_points(
        self, points: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Three answers at each of the points (N,2): logits (N,3,h,w) and expected IoU (N,3)."""
        return at_points(self.network, self._picture(), points)

    def at_prompt(
        self,
        points: NDArray[np.float64],
        labels: NDArray[np.bool_],
        box: Box | None,
        mask: NDArray[np.float32] | None,
        *,
        several: bool,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Answers at one prompt, as `SamPredictor.at_prompt` gives them."""
        places, kinds = points.reshape(-1, 2).astype(np.float64), labels.astype(np.int64)
        if box is not None:
            corners = np.array(box, np.float64).reshape(2, 2)
            places, kinds = np.concatenate([places, corners]), np.append(kinds, CORNERS)
        else:
            places, kinds = np.concatenate([places, np.zeros((1, 2))]), np.append(kinds, NONE)
        logits, expected = self.network.answers(self._picture(), places[None], kinds[None], mask)
        chosen = slice(1, None) if several else slice(0, 1)
        return logits[0, chosen], expected[0, chosen]

    def enlarged(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (h,w) of an answer at the picture's size HxW."""
        return self._picture().enlarged(logits)

    def _picture(self) -> Seen:
        if self._seen is None:
            raise ValueError("look at a picture first")
        return self._seen
