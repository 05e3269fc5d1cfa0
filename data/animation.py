"""Frames as an animated picture: WebP or GIF, played again and again, its end held."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import OutputError, UsageError
from ..core.files import atomic_write
from ..core.names import printable

_FORMATS = {".webp": "WEBP", ".gif": "GIF"}
_HOLD = 2000  # milliseconds that the last frame stays
_FASTEST = 50.0  # frames a second; browsers slow down GIFs whose frames last under 20 ms


def save_animation(frames: Iterable[NDArray[np.uint8]], path: Path, fps: float) -> None:
    """Write frames as WebP (lossless) or GIF (256 colours a frame), by the path's suffix.

    Args:
        frames: HxWx3 sRGB, all of one size, at least one.
        path: the file, written whole or not at all.
        fps: frames a second, above 0 and at most 50; GIF counts in hundredths of a second, and
            so the duration is rounded. The last frame stays for two seconds more.

    Raises:
        ValueError: there is no frame, or they differ in size.
        UsageError: `fps` is out of its range.
        OutputError: the suffix is another, or the file cannot be written.
    """
    path = Path(path)
    fmt = _FORMATS.get(path.suffix.lower())
    if fmt is None:
        raise OutputError(f"{printable(path)} cannot hold an animation; end it in .webp or .gif.")
    if not 0 < fps <= _FASTEST:
        raise UsageError(f"{fps} frames a second cannot be shown; give 1 to {_FASTEST:.0f}.")
    images = [Image.fromarray(frame) for frame in frames]
    if not images or any(image.size != images[0].size for image in images):
        raise ValueError("frames must be at least one and all of one size")
    step = 10 if fmt == "GIF" else 1
    each = round(1000 / fps / step) * step
    durations = [each] * (len(images) - 1) + [each + _HOLD]
    # One frame is no animation to the GIF writer, which takes a plain number then.
    duration = durations if len(images) > 1 else durations[0]
    options = {"lossless": True} if fmt == "WEBP" else {"disposal": 1}
    with atomic_write(path) as part:
        images[0].save(
            part, fmt, save_all=True, append_images=images[1:], duration=duration, loop=0, **options
        )
