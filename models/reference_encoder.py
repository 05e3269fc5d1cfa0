"""What makes vectors of photographs for retrieval, by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.errors import UsageError
from .cache import UserPaths
from .composition import CompositionReader, Tokens


class ReferenceEncoder(Protocol):
    """Opened once a process and shared by threads."""

    @property
    def name(self) -> str:
        """What an index calls it."""
        ...

    @property
    def tokens(self) -> tuple[int, int]:
        """A vector is so many tokens of so many numbers, row by row."""
        ...

    @property
    def metric(self) -> str:
        """The distance that its vectors are meant for, "cosine" or "l2"."""
        ...

    def digest(self) -> str:
        """SHA-256 of its weights, 64 hex digits."""
        ...

    def encode(self, rgb: NDArray[np.uint8], trunk: Tokens) -> NDArray[np.float32]:
        """The vector (D,) of a picture.

        Args:
            rgb: HxWx3 upright sRGB at any scale.
            trunk: the tokens of `composition.CompositionReader`, which is run on every picture
                for its layout.
        """
        ...


class BuiltinEncoder:
    """Composition tokens of the trunk that ships: 4x4 cells of 16 numbers, of length 1 in all."""

    name = "builtin"
    metric = "cosine"

    def __init__(self, reader: CompositionReader) -> None:
        """Share the reader of layouts."""
        self._reader = reader
        self.tokens = reader.projections.shape

    def digest(self) -> str:
        """See `ReferenceEncoder`."""
        return self._reader.digest()

    def encode(self, rgb: NDArray[np.uint8], trunk: Tokens) -> NDArray[np.float32]:
        """See `ReferenceEncoder`; `rgb` is not looked at again."""
        return self._reader.projections.vector(trunk)


def _builtin(reader: CompositionReader, device: str, user: UserPaths | None) -> ReferenceEncoder:
    return BuiltinEncoder(reader)


def _sam(proper: bool) -> Callable[[CompositionReader, str, UserPaths | None], ReferenceEncoder]:
    def opened(reader: CompositionReader, device: str, user: UserPaths | None) -> ReferenceEncoder:
        from ..core.devices import require_torch

        require_torch("an encoder of Segment Anything", "sam")
        from .reference_sam import SamEncoder
        from .sam_load import load_sam

        return SamEncoder(load_sam("sam-vit-b", user), device, proper=proper)

    return opened


_ENCODERS: dict[str, Callable[[CompositionReader, str, UserPaths | None], ReferenceEncoder]] = {
    "builtin": _builtin,
    "sam-vit-b": _sam(proper=False),
    "sam-vit-b-tokens": _sam(proper=True),
}
ENCODER_NAMES = tuple(_ENCODERS)


def open_encoder(
    name: str,
    reader: CompositionReader,
    *,
    device: str = "cpu",
    user: UserPaths | None = None,
) -> ReferenceEncoder:
    """Load an encoder, once a process.

    Args:
        name: `builtin`; `sam-vit-b`, ProCrop's vectors exactly as released; or
            `sam-vit-b-tokens`, its features averaged over places alone.
        reader: of layouts, whose trunk `builtin` shares.
        device: torch's name, for the encoders that need it.
        user: checkpoints that the user named; else `COMPOSE_MODELS` says it.

    Raises:
        UsageError: no such encoder, or what it needs is not installed.
        ModelError: its weights are missing or damaged.
    """
    if name not in _ENCODERS:
        raise UsageError(f"'{name}' is no encoder; use {', '.join(ENCODER_NAMES)}.")
    return _ENCODERS[name](reader, device, user)


def digest_of(arrays: dict[str, NDArray[np.generic]]) -> str:
    """SHA-256 over named arrays, whichever file they came from."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}:{values.dtype.str}:{values.shape};".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
