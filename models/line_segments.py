"""Straight lines of a picture: M-LSD (Gu et al., AAAI 2022) by a published ONNX file, no torch.

The network gives, for every other pixel, how sure it is that the middle of a line lies there, and
where its two ends are from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .cache import UserPaths
from .hub import resolve
from .onnx_session import open_published, session_options

LINE_SEGMENTS = "mlsd"  # the checkpoint
_SIDE = 512  # of the square that it looks at
_STRIDE = 2  # of its answers
_SURE = 0.2  # of a line's middle
_AROUND = 5  # answers, the square in which only the surest middle counts
_INPUT, _OUTPUTS = "input_image_with_alpha:0", ["offsets", "scores"]


class LineSegments:
    """Opened once a process.

    Args:
        path: of the published `mlsd_512x512_large.onnx`.
        threads: of one picture.

    Raises:
        ModelError: the file is damaged or holds another network.
    """

    name = "mlsd"

    def __init__(self, path: Path, threads: int = 1) -> None:
        options = session_options(threads)
        self._session: Any = open_published(
            path, _is_mlsd, "M-LSD's network", "mlsd_512x512_large.onnx", options
        )

    def read(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The lines (n,5) of a picture HxWx3, the surest first: x1, y1, x2, y2, score in [0,1].

        Places are pixels, (0, 0) the outer corner of the first; ends may lie outside. One line of
        the picture is often found several times.
        """
        height, width = rgb.shape[:2]
        way = cv2.INTER_AREA if max(height, width) > _SIDE else cv2.INTER_LINEAR
        square = cv2.resize(rgb, (_SIDE, _SIDE), interpolation=way).astype(np.float32)
        opaque = np.ones((_SIDE, _SIDE, 1), np.float32)
        given = np.concatenate([square, opaque], 2)[None]
        offsets, scores = self._session.run(_OUTPUTS, {_INPUT: given})
        return _lines(offsets[0], scores[0, ..., 0], (width, height))


def open_line_segments(threads: int = 1, user: UserPaths | None = None) -> LineSegments:
    """The finder with the checkpoint `mlsd`.

    Raises:
        ModelError: see `hub.resolve` and `LineSegments`.
    """
    return LineSegments(resolve(LINE_SEGMENTS, user), threads)


def _lines(
    offsets: NDArray[np.float32], scores: NDArray[np.float32], size: tuple[int, int]
) -> NDArray[np.float64]:
    """Lines (n,5) of offsets hxwx4 and scores hxw, in pixels of a picture of this size."""
    highest = cv2.dilate(scores, np.ones((_AROUND, _AROUND), np.uint8))
    row, column = np.nonzero((scores == highest) & (scores > _SURE))
    # answers lie on the middles of the square's pixels
    middle = np.stack([column, row, column, row], -1) + 0.5 / _STRIDE
    up = np.array(2 * size) * (_STRIDE / _SIDE)
    found = np.concatenate(
        [(middle + offsets[row, column]) * up, scores[row, column, None]], -1
    ).astype(np.float64)
    return np.asarray(found[np.argsort(-found[:, 4], kind="stable")])


def _is_mlsd(session: Any) -> bool:
    ends = [(end.name, end.shape) for end in session.get_inputs()]
    names = sorted(end.name for end in session.get_outputs())
    return ends == [(_INPUT, [1, _SIDE, _SIDE, 4])] and names == _OUTPUTS
