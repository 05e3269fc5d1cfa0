"""SCRM, the subject-context relation module of Multi in One (section 1.3 of our notes).

A second detector says what else is in the picture; each crop query is paired with some of that.
`random` is the published pairing: as many of the detector's features as there are queries, drawn
by lot and paired by lot, here from a seed. `topk` draws nothing: every query is paired with each
of the likeliest, and attends to its pairs.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .deformable_attention import DeformableAttention, Shapes
from .detr_parts import Feed


class Scrm(Feed):
    """Its answer takes the place of the decoder's features.

    B pictures, Q queries, M features of the context, D channels.
    """

    def __init__(
        self, channels: int, heads: int, hidden: int, dropout: float, levels: int, points: int
    ) -> None:
        super().__init__()
        self.pair1 = nn.Linear(2 * channels, channels)
        self.pair2 = nn.Linear(channels, channels)
        self.pair_norm = nn.LayerNorm(channels)
        self.pool = nn.MultiheadAttention(channels, heads, dropout, batch_first=True)
        self.self_attn = nn.MultiheadAttention(channels, heads, dropout, batch_first=True)
        self.norm1 = nn.LayerNorm(channels)
        self.cross_attn = DeformableAttention(channels, levels, heads, points)
        self.norm2 = nn.LayerNorm(channels)
        self.linear1 = nn.Linear(channels, hidden)
        self.linear2 = nn.Linear(hidden, channels)
        self.norm3 = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        queries: Tensor,
        context: Tensor,
        points: Tensor,
        memory: Tensor,
        shapes: Shapes,
        pad: Tensor,
    ) -> Tensor:
        """(B,Q,D) to the same.

        Args:
            x, queries: (B,Q,D) decoded features and the places added.
            context: (B,Q,D) a partner for each query, or (B,1,M,D) the same partners for all.
            points, memory, shapes, pad: as the decoder's layer has them.
        """
        x = self._paired(x, queries, context)
        keys = x + queries
        seen = self.self_attn(keys, keys, x, need_weights=False)[0]
        x = self.norm1(x + self.dropout(seen))
        seen = self.cross_attn(x + queries, points, memory, shapes, pad)
        return self.feed(self.norm2(x + self.dropout(seen)), self.norm3)

    def _paired(self, x: Tensor, queries: Tensor, context: Tensor) -> Tensor:
        if context.dim() == 3:
            # the pool is no part of the published module; touched, so that processes that share
            # gradients agree on what has one
            idle = sum(p.sum() for p in self.pool.parameters()) * 0
            return self._pairs(x, context) + idle
        count, each = x.shape[1], context.shape[2]
        partners = context.expand(-1, count, -1, -1)
        pairs = self._pairs(x[:, :, None].expand(-1, -1, each, -1), partners).flatten(0, 1)
        asked = (x + queries).flatten(0, 1)[:, None]
        found: Tensor = self.pool(asked, pairs, pairs, need_weights=False)[0]
        return found.view_as(x)

    def _pairs(self, subjects: Tensor, partners: Tensor) -> Tensor:
        both = torch.cat([subjects, partners], -1)
        found: Tensor = self.pair_norm(self.pair2(F.relu(self.pair1(both))))
        return found


def draw_context(features: Tensor, count: int, draws: torch.Generator) -> Tensor:
    """`random`: (B,count,D) of features (B,N,D), the same ones for all pictures, shuffled.

    Args:
        draws: on the CPU.
    """
    drawn = torch.randperm(features.shape[1], generator=draws)[:count]
    order = torch.randperm(len(drawn), generator=draws)  # drawn apart from it, as published
    return features[:, drawn[order].to(features.device)]


def likeliest_context(features: Tensor, logits: Tensor, count: int) -> Tensor:
    """`topk`: (B,1,count,D) of features (B,N,D) with the greatest logits (B,N,K) of any class."""
    best = logits.amax(-1)
    order = torch.sort(best, dim=1, descending=True, stable=True).indices[:, :count]
    taken = features.gather(1, order[..., None].expand(-1, -1, features.shape[-1]))
    return taken[:, None]
