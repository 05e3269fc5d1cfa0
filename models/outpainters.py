"""Outpainters by engine name."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ..core.errors import UsageError
from .outpainter import Outpainter

PATCHES = "patches"
OUTPAINTER_NAMES = ("auto", "builtin", "diffusers")


@dataclass(frozen=True)
class DiffusersOptions:
    """What engine `diffusers` takes; steps, guidance and prompt are GenCrop's."""

    model: str | None = None  # folder or name of the hub
    controlnet: str | None = None  # likewise; None: no control
    steps: int = 50
    guidance: float = 4.0
    control: float = 1.0  # weight of the control
    segmenter: str = "salient"  # what the control shows; see `segmenters`
    side: int = 512  # pixels of the longer side at which the network works
    negative: str = (
        "collage, frame, border, picture in picture, split screen, watermark, signature, text, "
        "logo, caption, blurry, low quality, jpeg artifacts, duplicate, deformed, cropped"
    )


@dataclass(frozen=True)
class OutpainterOptions:
    """What engines are opened with."""

    inpainter: str = PATCHES  # of `builtin`: patches, or one of `inpainters` that grows in bands
    device: str = "cpu"  # torch's name
    precision: str = "fp32"
    offline: bool = False
    diffusers: DiffusersOptions = field(default_factory=DiffusersOptions)

    def settings(self) -> dict[str, Any]:
        """What pictures depend on."""
        own = asdict(self)
        del own["device"], own["offline"]
        return own


def outpainter_name(name: str) -> str:
    """The engine that a name stands for; `auto` is `builtin`, which is always there.

    Raises:
        UsageError: no such engine.
    """
    if name not in OUTPAINTER_NAMES:
        known = ", ".join((*OUTPAINTER_NAMES, "real"))
        raise UsageError(f"'{name}' expands no pictures; use {known}.")
    return "builtin" if name == "auto" else name


def open_outpainter(name: str, options: OutpainterOptions | None = None) -> Outpainter:
    """Load an engine, once a process.

    Raises:
        UsageError: no such engine or inpainter, or it needs a package that is not installed.
        ModelError: its weights are not on this machine or are damaged.
    """
    options = options or OutpainterOptions()
    if outpainter_name(name) == "diffusers":
        from ..core.devices import require_torch

        require_torch("engine diffusers", "diffusers")
        from .outpainter_diffusers import open_diffusers

        return open_diffusers(options)
    if options.inpainter == PATCHES:
        from .outpainter_patches import PatchOutpainter

        return PatchOutpainter()
    from .inpainter import for_plates
    from .inpainters import open_inpainter
    from .outpainter_bands import BandOutpainter

    return BandOutpainter(for_plates(open_inpainter(options.inpainter)))
