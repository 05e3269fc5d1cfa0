"""Conditional DETR (Meng et al., ICCV 2021, §3) without its backbone and heads.

Names are those of its published files. Batches come first in all shapes: B pictures, S cells of a
map (or other tokens), Q queries, D channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .detr_parts import Feed, Mlp, sine_points


class EncoderLayer(Feed):
    """Self-attention and two linear layers, normalised after each."""

    def __init__(self, channels: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(channels, heads, dropout, batch_first=True)
        self.linear1 = nn.Linear(channels, hidden)
        self.linear2 = nn.Linear(hidden, channels)
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, positions: Tensor, pad: Tensor) -> Tensor:
        """(B,S,D) to the same; positions (B,S,D) are added to queries and keys, pad (B,S)."""
        keys = x + positions
        seen = self.self_attn(keys, keys, x, key_padding_mask=pad, need_weights=False)[0]
        x = self.norm1(x + self.dropout(seen))
        return self.feed(x, self.norm2)


class Encoder(nn.Module):
    """Layers one after the other."""

    def __init__(self, layers: int, channels: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            EncoderLayer(channels, heads, hidden, dropout) for _ in range(layers)
        )

    def forward(self, x: Tensor, positions: Tensor, pad: Tensor) -> Tensor:
        """See `EncoderLayer`."""
        for layer in self.layers:
            x = layer(x, positions, pad)
        return x


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(B,N,D) to (B,N,heads,D/heads)."""
    return x.reshape(*x.shape[:2], heads, -1)


class _Joined(nn.Module):
    """Attention whose queries, keys and values are projected already; only its exit is its own."""

    def __init__(self, channels: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.out_proj = nn.Linear(channels, channels)
        self.heads, self.dropout = heads, dropout

    def forward(self, q: Tensor, k: Tensor, v: Tensor, pad: Tensor | None = None) -> Tensor:
        """(B,Q,h*a), (B,S,h*a), (B,S,D) with `pad` (B,S) to (B,Q,D)."""
        q, k, v = (split_heads(x, self.heads).transpose(1, 2) for x in (q, k, v))
        mask = None if pad is None else ~pad[:, None, None]
        rate = self.dropout if self.training else 0.0
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=rate)
        found: Tensor = self.out_proj(seen.transpose(1, 2).flatten(2))
        return found


class DecoderLayer(Feed):
    """Content and place attend apart; `first` layers know the query's place by a projection."""

    def __init__(self, channels: int, heads: int, hidden: int, dropout: float, first: bool) -> None:
        super().__init__()
        self.heads = heads
        self.sa_qcontent_proj = nn.Linear(channels, channels)
        self.sa_qpos_proj = nn.Linear(channels, channels)
        self.sa_kcontent_proj = nn.Linear(channels, channels)
        self.sa_kpos_proj = nn.Linear(channels, channels)
        self.sa_v_proj = nn.Linear(channels, channels)
        self.ca_qcontent_proj = nn.Linear(channels, channels)
        self.ca_kcontent_proj = nn.Linear(channels, channels)
        self.ca_kpos_proj = nn.Linear(channels, channels)
        self.ca_v_proj = nn.Linear(channels, channels)
        self.ca_qpos_sine_proj = nn.Linear(channels, channels)
        self.ca_qpos_proj = nn.Linear(channels, channels) if first else None
        self.self_attn = _Joined(channels, heads, dropout)
        self.cross_attn = _Joined(channels, heads, dropout)
        self.linear1 = nn.Linear(channels, hidden)
        self.linear2 = nn.Linear(hidden, channels)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(channels) for _ in range(3))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        queries: Tensor,
        sines: Tensor,
        memory: Tensor,
        positions: Tensor,
        pad: Tensor,
    ) -> Tensor:
        """Decoded (B,Q,D), query embeddings (B,Q,D), sines of reference points, then the memory."""
        q = self.sa_qcontent_proj(x) + self.sa_qpos_proj(queries)
        k = self.sa_kcontent_proj(x) + self.sa_kpos_proj(queries)
        x = self.norm1(x + self.dropout(self.self_attn(q, k, self.sa_v_proj(x))))
        q, k = self.ca_qcontent_proj(x), self.ca_kcontent_proj(memory)
        places = self.ca_kpos_proj(positions)
        if self.ca_qpos_proj is not None:
            q, k = q + self.ca_qpos_proj(queries), k + places
        q = self._beside(q, self.ca_qpos_sine_proj(sines))
        seen = self.cross_attn(q, self._beside(k, places), self.ca_v_proj(memory), pad)
        x = self.norm2(x + self.dropout(seen))
        return self.feed(x, self.norm3)

    def _beside(self, content: Tensor, place: Tensor) -> Tensor:
        """(B,N,D) twice to (B,N,2D), each head with its content and its place."""
        parts = [split_heads(x, self.heads) for x in (content, place)]
        return torch.cat(parts, -1).flatten(2)


class Decoder(nn.Module):
    """Layers that look at the same reference points; each one's answer is normalised alike."""

    def __init__(self, layers: int, channels: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            DecoderLayer(channels, heads, hidden, dropout, first=not number)
            for number in range(layers)
        )
        self.norm = nn.LayerNorm(channels)
        self.query_scale = Mlp(channels, channels, channels, 2)
        self.ref_point_head = Mlp(channels, channels, 2, 2)

    def forward(
        self, memory: Tensor, positions: Tensor, pad: Tensor, queries: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Features (L,B,Q,D) of every layer and logits (B,Q,2) of the points x, y.

        Args:
            memory, positions: (B,S,D).
            pad: (B,S).
            queries: (Q,D) embeddings.
        """
        queries = queries[None].expand(len(memory), -1, -1)
        logits = self.ref_point_head(queries)
        sines = sine_points(logits.sigmoid(), queries.shape[-1])
        x = torch.zeros_like(queries)
        found = []
        for number, layer in enumerate(self.layers):
            scale = self.query_scale(x) if number else 1.0
            x = layer(x, queries, sines * scale, memory, positions, pad)
            found.append(self.norm(x))
        return torch.stack(found), logits
