"""Engine `diffusers`: Stable Diffusion inpainting around the photograph, by text and segmentation.

ProCrop's CAD fills canvases by a ControlNet that sees the canvas, a text, and SAM's masks; GenCrop
(Hong et al., AAAI 2024) by Stable Diffusion 2 inpainting: 50 steps, guidance 4, and a long negative
prompt. Both are pipelines of the package diffusers, from a folder or a name of the hub. torchvision
is not needed: the parts of a pipeline that want it, its feature extractor and safety checker, are
left out.
"""

from __future__ import annotations

import colorsys
import importlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import ModelError, UsageError
from ..core.instances import Instance
from ..core.names import printable
from .outpainter import Expansion
from .outpainters import DiffusersOptions, OutpainterOptions

_MULTIPLE = 8  # pixels, of the sides that the autoencoder takes
_GOLDEN = 0.618034  # between hues, so that neighbouring numbers get different ones
_TYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

Segment = Callable[[NDArray[np.uint8]], list[Instance]]


class DiffusersOutpainter:
    """See `outpainter.Outpainter`.

    Args:
        pipeline: `StableDiffusionInpaintPipeline`, or the one with a ControlNet.
        options: steps, guidance and so on.
        segment: finds what is in the photograph, for the control; None: the pipeline takes none.
    """

    name = "diffusers"

    def __init__(
        self, pipeline: Any, options: DiffusersOptions, segment: Segment | None = None
    ) -> None:
        self._pipeline, self._options, self._segment = pipeline, options, segment
        self._lock = threading.Lock()

    def expand(self, wanted: Expansion, seed: int) -> NDArray[np.uint8]:
        """The full canvas HxWx3."""
        canvas = wanted.canvas()
        if not wanted.hole.any():
            return canvas
        size = self._size(wanted.width, wanted.height)
        hole = Image.fromarray(np.where(wanted.hole, np.uint8(255), np.uint8(0)))
        mask = hole.resize(size, Image.Resampling.BOX).point(lambda value: 255 * (value > 0))
        arguments: dict[str, Any] = {
            "prompt": wanted.prompt,
            "negative_prompt": self._options.negative,
            "image": Image.fromarray(canvas).resize(size, Image.Resampling.LANCZOS),
            "mask_image": mask,
            "width": size[0],
            "height": size[1],
            "num_inference_steps": self._options.steps,
            "guidance_scale": self._options.guidance,
            # drawn on the CPU, so that devices agree
            "generator": torch.Generator("cpu").manual_seed(seed % 2**63),
            "output_type": "np",
        }
        with self._lock:
            if self._segment is not None:
                control = segmentation(wanted, self._segment(wanted.photo))
                arguments["control_image"] = Image.fromarray(control).resize(
                    size, Image.Resampling.NEAREST
                )
                arguments["controlnet_conditioning_scale"] = self._options.control
            with torch.inference_mode():
                (filled,) = self._pipeline(**arguments).images
        drawn = np.clip(np.rint(np.nan_to_num(filled) * 255), 0, 255).astype(np.uint8)
        full = (wanted.width, wanted.height)
        result = np.asarray(cv2.resize(drawn, full, interpolation=cv2.INTER_CUBIC), np.uint8)
        result = np.ascontiguousarray(result)
        result[wanted.window] = wanted.photo
        return result

    def _size(self, width: int, height: int) -> tuple[int, int]:
        """Where the network works: the canvas's shape, in sides of its multiple."""
        scale = min(self._options.side / max(width, height), 1.0)
        wide, high = (
            max(round(side * scale / _MULTIPLE), 1) * _MULTIPLE for side in (width, height)
        )
        return wide, high


def segmentation(wanted: Expansion, found: list[Instance]) -> NDArray[np.uint8]:
    """The canvas HxWx3 with each object of the photograph in a colour of its own, smaller ones
    above, the rest of the photograph in grey, and black around it."""
    photo = np.full(wanted.photo.shape, 128, np.uint8)
    ranked = sorted(found, key=lambda instance: -int(instance.mask.sum()))
    for number, instance in enumerate(ranked):
        colour = colorsys.hsv_to_rgb((number * _GOLDEN) % 1, 0.8, 0.9)
        photo[instance.mask] = np.rint(np.array(colour) * 255).astype(np.uint8)
    canvas = np.zeros((wanted.height, wanted.width, 3), np.uint8)
    canvas[wanted.window] = photo
    return canvas


def open_diffusers(options: OutpainterOptions) -> DiffusersOutpainter:
    """Load the pipeline.

    Raises:
        UsageError: no pipeline is named, or diffusers is not installed.
        ModelError: it cannot be loaded, or is of another kind.
    """
    own = options.diffusers
    if own.model is None:
        raise UsageError(
            "engine diffusers needs a pipeline; name a folder or one of the hub by --model, such "
            "as stabilityai/stable-diffusion-2-inpainting."
        )
    try:
        library: Any = importlib.import_module("diffusers")
    except ImportError:
        raise UsageError(
            "engine diffusers needs the package diffusers; run: pip install "
            "'compose-toolkit[diffusers]'."
        ) from None
    kwargs: dict[str, Any] = {
        "low_cpu_mem_usage": False,  # else it wants the package accelerate
        "local_files_only": options.offline or Path(own.model).is_dir(),
    }
    left_out = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    segment = None
    try:
        if own.controlnet is None:
            kind = library.StableDiffusionInpaintPipeline
            pipeline = kind.from_pretrained(own.model, **kwargs, **left_out)
        else:
            control = library.ControlNetModel.from_pretrained(own.controlnet, **kwargs)
            kind = library.StableDiffusionControlNetInpaintPipeline
            pipeline = kind.from_pretrained(own.model, controlnet=control, **kwargs, **left_out)
            segment = _segmenter(own.segmenter)
        pipeline.set_progress_bar_config(disable=True)
        pipeline = pipeline.to(options.device)
        if options.precision != "fp32":
            pipeline = pipeline.to(_TYPES[options.precision])
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "unknown"
        raise ModelError(
            f"{printable(own.model)} cannot be loaded as an inpainting pipeline of diffusers "
            f"({reason}); give its folder, or a name of the hub without --offline."
        ) from None
    return DiffusersOutpainter(pipeline, own, segment)


def _segmenter(name: str) -> Segment:
    from .segmenters import open_segmenter

    return open_segmenter(name).segment
