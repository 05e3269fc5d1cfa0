"""The text branch's tokens: what BLIP (Li et al., ICML 2022) makes of photographs and captions.

Tokens of its text encoder while it looks at the picture, as ProCrop's paper has them; the released
code has no such branch. From a folder in transformers' layout, such as that of
`Salesforce/blip-itm-base-coco`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.errors import ModelError
from ..core.names import printable
from .blip_pixels import blip_pixels
from .retrieval_fusion import Retrieved


class BlipTokens:
    """Opened once; in evaluation mode.

    Args:
        folder: of the model and its tokenizer.
        device: torch's name.

    Raises:
        ModelError: transformers is not installed, or the folder holds no such model.
    """

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        try:
            from transformers import BertTokenizer, BlipForImageTextRetrieval
        except ImportError:
            raise ModelError(
                "the text branch needs transformers; run: pip install 'compose-toolkit[clip]'."
            ) from None
        try:
            self._words: Any = BertTokenizer.from_pretrained(str(folder), local_files_only=True)
            model: Any = BlipForImageTextRetrieval.from_pretrained(
                str(folder), local_files_only=True
            )
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(
                f"{printable(folder)} holds no BLIP for image-text retrieval ({reason}); give the "
                "folder of its published files."
            ) from None
        self._model = model.to(device).eval()
        self._device = device
        self.side = int(model.config.vision_config.image_size)  # pixels of the square it sees
        self.channels = int(model.config.text_config.hidden_size)

    @torch.inference_mode()
    def encode(
        self, pictures: Sequence[NDArray[np.uint8]], captions: Sequence[str]
    ) -> tuple[Tensor, Tensor]:
        """Tokens (N,T,C) of pictures HxWx3 and their captions, and which are padding (N,T)."""
        given = self._words(list(captions), padding=True, truncation=True, return_tensors="pt")
        words, kept = given["input_ids"].to(self._device), given["attention_mask"]
        kept = kept.to(self._device)
        pixels = torch.stack([blip_pixels(rgb, self.side) for rgb in pictures]).to(self._device)
        seen = self._model.vision_model(pixel_values=pixels)[0]
        tokens = self._model.text_encoder(
            input_ids=words,
            attention_mask=kept,
            encoder_hidden_states=seen,
            encoder_attention_mask=torch.ones(seen.shape[:-1], device=self._device),
        )[0]
        return tokens, kept == 0

    def retrieved(
        self, pictures: Sequence[NDArray[np.uint8]], captions: Sequence[str]
    ) -> Retrieved:
        """The tokens of R photographs, the most alike first, for one picture that is cropped."""
        tokens, pad = self.encode(pictures, captions)
        return Retrieved(tokens[None], pad[None])
