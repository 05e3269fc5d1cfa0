"""Opens what reads photographs for an index, by the encoder's name."""

from __future__ import annotations

from ..core.devices import resolve_device
from ..core.images import DEFAULT_MAX_PIXELS
from ..models.cache import UserPaths
from ..models.reference_encoder import open_encoder
from .index_build import PhotoReader
from .layout_reader import LayoutReader


def open_photo_reader(
    encoder: str = "builtin",
    *,
    threads: int = 1,
    device: str = "auto",
    user: UserPaths | None = None,
    pattern: str | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    layout: LayoutReader | None = None,
) -> PhotoReader:
    """Load an encoder and the reader of layouts; share it between threads.

    Args:
        encoder: see `models.reference_encoder.open_encoder`.
        threads: of one picture.
        device: of encoders that run in torch; `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        user: checkpoints that the user named.
        pattern: of source ids, see `index_source`.
        layout: opened before.

    Raises:
        UsageError: no such encoder, or what it needs is not installed.
        ModelError: weights are missing or damaged.
    """
    layout = layout or LayoutReader(threads)
    where = "cpu" if encoder == "builtin" else resolve_device(device)
    opened = open_encoder(encoder, layout.trunk, device=where, user=user)
    return PhotoReader(opened, layout, pattern, max_pixels)
