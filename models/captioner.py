"""Captions of photographs by BLIP (Li et al., ICML 2022), run by transformers.

ProCrop has prompts written by GPT-4, in at most 30 words; BLIP is what of its parts runs anywhere.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..core.errors import ModelError, UsageError
from ..core.names import printable
from .blip_pixels import blip_pixels

_WORDS = 30  # at most (ProCrop)
_TOKENS = 40  # that are generated at most


class BlipCaptioner:
    """Opened once a process.

    Args:
        model: `BlipForConditionalGeneration`.
        tokenizer: of its text.
        device: torch's name of a device.
    """

    def __init__(self, model: Any, tokenizer: Any, device: str = "cpu") -> None:
        self._model = model.to(device).eval()
        self._tokenizer, self._device = tokenizer, device
        self._side: int = model.config.vision_config.image_size
        self._lock = threading.Lock()

    def caption(self, rgb: NDArray[np.uint8]) -> str:
        """What is to be seen in a picture HxWx3, in up to 30 words; nothing is drawn at random."""
        pixels = blip_pixels(rgb, self._side)[None].to(self._device)
        with self._lock, torch.inference_mode():
            tokens = self._model.generate(
                pixel_values=pixels, max_new_tokens=_TOKENS, do_sample=False
            )
        text = str(self._tokenizer.decode(tokens[0], skip_special_tokens=True))
        return " ".join(text.split()[:_WORDS])


def open_captioner(name: str, device: str = "cpu", *, offline: bool = False) -> BlipCaptioner:
    """Load BLIP from a folder of transformers, or by a name of its hub.

    Raises:
        UsageError: torch or transformers is not installed.
        ModelError: it cannot be loaded.
    """
    try:
        from transformers import AutoTokenizer, BlipForConditionalGeneration
    except ImportError:
        raise UsageError(
            "a captioner needs transformers; run: pip install 'compose-toolkit[diffusers]'."
        ) from None
    local = offline or Path(name).is_dir()
    try:
        model = BlipForConditionalGeneration.from_pretrained(name, local_files_only=local)
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=local)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "unknown"
        raise ModelError(
            f"{printable(name)} cannot be loaded as BLIP ({reason}); give its folder, or a name "
            "of the hub without --offline."
        ) from None
    return BlipCaptioner(model, tokenizer, device)
