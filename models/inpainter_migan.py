"""Engine `migan`: MI-GAN (Sargsyan et al., ICCV 2023) by its authors' ONNX file, without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .cache import UserPaths
from .hub import resolve
from .onnx_session import open_published, session_options

CHECKPOINT = "migan"


class MiganInpainter:
    """See `inpainter.Inpainter`.

    Args:
        path: of the published `migan_pipeline_v2.onnx`.
        threads: of one picture.

    Raises:
        ModelError: the file is damaged or holds another network.
    """

    name = "migan"
    multiple = 1
    limit = 512  # the side at which it paints; larger windows it would shrink itself

    def __init__(self, path: Path, threads: int = 1) -> None:
        options = session_options(threads, varied=True)
        self._session: Any = open_published(
            path, _is_migan, "MI-GAN's pipeline", "migan_pipeline_v2.onnx", options
        )

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The picture as the network paints it; nothing is drawn at random."""
        known = np.where(hole, np.uint8(0), np.uint8(255))[None, None]
        # what lies in the hole would shine through at its rim, where the file blends
        smooth = cv2.inpaint(rgb, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA)
        picture = np.ascontiguousarray(smooth.transpose(2, 0, 1)[None])
        (painted,) = self._session.run(None, {"image": picture, "mask": known})
        return np.ascontiguousarray(painted[0].transpose(1, 2, 0))


def open_migan(threads: int = 1, user: UserPaths | None = None) -> MiganInpainter:
    """The engine with the checkpoint `migan`.

    Raises:
        ModelError: see `hub.resolve` and `MiganInpainter`.
    """
    return MiganInpainter(resolve(CHECKPOINT, user), threads)


def _is_migan(session: Any) -> bool:
    ends = {end.name: end.type for end in session.get_inputs()}
    return ends == {"image": "tensor(uint8)", "mask": "tensor(uint8)"}
