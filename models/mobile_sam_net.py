"""MobileSAM (Zhang et al., 2023) in torch: Segment Anything's decoder behind a small encoder."""

from __future__ import annotations

from torch import nn

from .sam_decoder import MaskDecoder, PromptEncoder
from .tiny_vit import TinyViT


class MobileSam(nn.Module):
    """The three parts, called as in the published file."""

    def __init__(self) -> None:
        super().__init__()
        self.image_encoder = TinyViT()
        self.prompt_encoder = PromptEncoder()
        self.mask_decoder = MaskDecoder()
