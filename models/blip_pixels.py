"""Pictures as BLIP's own processor prepares them, which wants torchvision."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

_MEAN = (0.48145466, 0.4578275, 0.40821073)
_SPREAD = (0.26862954, 0.26130258, 0.27577711)


def blip_pixels(rgb: NDArray[np.uint8], side: int) -> Tensor:
    """A picture HxWx3, squashed and standardised: (3,side,side)."""
    small = Image.fromarray(rgb).resize((side, side), Image.Resampling.BICUBIC)
    standard = (np.asarray(small, np.float32) / 255 - np.array(_MEAN)) / np.array(_SPREAD)
    return torch.from_numpy(standard.astype(np.float32).transpose(2, 0, 1))
