"""PICS's network in one piece: U-Net, hint branch and the projector of the objects' tokens."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .pics_config import PicsConfig
from .pics_unet import HintBranch, Route, UNet


@dataclass(frozen=True, eq=False)
class PicsInput:
    """What is known of B pictures with K objects each."""

    hint: Tensor  # (B,4,S,S): colours in [-1,1], black in the boxes; 1 hole, 0 kept, -1 padding
    masks: Tensor  # (B,K,S,S), 1 in object k's box and 0 elsewhere
    features: Tensor  # (B,K,T,F), of the object encoder
    ranks: Tensor | None = None  # (B,K) int64: 0 is in front; -1: not told

    def at(self, chosen: slice) -> PicsInput:
        """Some of the pictures."""
        ranks = None if self.ranks is None else self.ranks[chosen]
        return PicsInput(self.hint[chosen], self.masks[chosen], self.features[chosen], ranks)

    def without_objects(self, nothing: Tensor, dropped: Tensor | None = None) -> PicsInput:
        """The same with features `nothing` (T,F) for objects, and no order: what guidance leaves.

        Args:
            nothing: of a black picture, as published.
            dropped: (B,) bool, which of the pictures; all by default.
        """
        if dropped is None:
            dropped = torch.ones(len(self.hint), dtype=torch.bool, device=self.hint.device)
        features = torch.where(dropped[:, None, None, None], nothing, self.features)
        ranks = self.ranks
        if ranks is not None:
            ranks = torch.where(dropped[:, None], -1, ranks)
        return PicsInput(self.hint, self.masks, features, ranks)


class PicsNet(nn.Module):
    """Noisy latents and what is known to the noise in them.

    With `config.ranks` an embedding of each object's place from front to back is added to its
    tokens. That is ours: in the published network nothing says who is in front.
    """

    def __init__(self, config: PicsConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or PicsConfig()
        self.unet = UNet(config)
        self.control = HintBranch(config)
        self.projector = nn.Linear(config.features, config.context)
        self.order = nn.Embedding(config.ranks, config.context) if config.ranks else None
        if self.order is not None:
            nn.init.normal_(self.order.weight, std=0.5)

    def tokens(self, features: Tensor, ranks: Tensor | None = None) -> Tensor:
        """Tokens (B,K,T,D) of features (B,K,T,F) and places (B,K)."""
        tokens: Tensor = self.projector(features)
        if self.order is not None and ranks is not None:
            place = self.order(ranks.clamp(0, self.config.ranks - 1))  # all far behind are alike
            tokens = tokens + (place * (ranks >= 0)[..., None])[:, :, None]
        return tokens

    def forward(self, noisy: Tensor, times: Tensor, known: PicsInput) -> Tensor:
        """The noise (B,L,h,w) in `noisy` (B,L,h,w) at times (B,) in [0, 1000)."""
        route = Route(self.tokens(known.features, known.ranks), known.masks)
        control = self.control(known.hint, times, route)
        out: Tensor = self.unet(noisy, times, route, control)
        return out
