"""Deformable DETR (Zhu et al., ICLR 2021) without its backbone and heads, and where SCRM stands.

Names are those of its published files. B pictures, S cells of all levels one after the other, Q
queries, D channels, L levels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .deformable_attention import DeformableAttention, Shapes
from .detr_parts import Feed, inverse_sigmoid, pads_of, sine_positions
from .scrm import Scrm

Refine = Callable[[int, Tensor], Tensor]  # layer and its features to moves (B,Q,4) of the logits


class EncoderLayer(Feed):
    """Cells look around themselves on all levels."""

    def __init__(
        self, channels: int, heads: int, hidden: int, dropout: float, levels: int, points: int
    ) -> None:
        super().__init__()
        self.self_attn = DeformableAttention(channels, levels, heads, points)
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.linear1 = nn.Linear(channels, hidden)
        self.linear2 = nn.Linear(hidden, channels)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, positions: Tensor, points: Tensor, shapes: Shapes, pad: Tensor
    ) -> Tensor:
        """(B,S,D) to the same; points (B,S,L,2)."""
        seen = self.self_attn(x + positions, points, x, shapes, pad)
        return self.feed(self.norm1(x + self.dropout(seen)), self.norm2)


class Encoder(nn.Module):
    """Layers one after the other."""

    def __init__(
        self,
        layers: int,
        channels: int,
        heads: int,
        hidden: int,
        dropout: float,
        levels: int,
        points: int,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            EncoderLayer(channels, heads, hidden, dropout, levels, points) for _ in range(layers)
        )

    def forward(
        self, x: Tensor, positions: Tensor, shapes: Shapes, ratios: Tensor, pad: Tensor
    ) -> Tensor:
        """(B,S,D) to the same; ratios (B,L,2) from `valid_ratios`."""
        points = cell_points(shapes, ratios)
        for layer in self.layers:
            x = layer(x, positions, points, shapes, pad)
        return x


class DecoderLayer(Feed):
    """Queries look at each other, then at the picture around their reference points."""

    def __init__(
        self, channels: int, heads: int, hidden: int, dropout: float, levels: int, points: int
    ) -> None:
        super().__init__()
        self.cross_attn = DeformableAttention(channels, levels, heads, points)
        self.norm1 = nn.LayerNorm(channels)
        self.self_attn = nn.MultiheadAttention(channels, heads, dropout, batch_first=True)
        self.norm2 = nn.LayerNorm(channels)
        self.linear1 = nn.Linear(channels, hidden)
        self.linear2 = nn.Linear(hidden, channels)
        self.norm3 = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        queries: Tensor,
        points: Tensor,
        memory: Tensor,
        shapes: Shapes,
        pad: Tensor,
    ) -> Tensor:
        """(B,Q,D) to the same; `queries` are the places added, points (B,Q,L,2 or 4)."""
        keys = x + queries
        x = self.norm2(x + self.dropout(self.self_attn(keys, keys, x, need_weights=False)[0]))
        seen = self.cross_attn(x + queries, points, memory, shapes, pad)
        return self.feed(self.norm1(x + self.dropout(seen)), self.norm3)


class Decoder(nn.Module):
    """Layers, each followed by a subject-context relation module where there is one.

    Args:
        relations: as many as layers, or none.
    """

    def __init__(
        self,
        layers: int,
        channels: int,
        heads: int,
        hidden: int,
        dropout: float,
        levels: int,
        points: int,
        relations: bool = False,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            DecoderLayer(channels, heads, hidden, dropout, levels, points) for _ in range(layers)
        )
        self.relations = nn.ModuleList(
            Scrm(channels, heads, hidden, dropout, levels, points)
            for _ in range(layers)
            if relations
        )

    def forward(
        self,
        queries: Tensor,
        content: Tensor,
        points: Tensor,
        seen: Seen,
        context: Tensor | None = None,
        refine: Refine | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Features (Y,B,Q,D) of every layer, and the points (Y,B,Q,2 or 4) that each looked at.

        Args:
            queries, content: (B,Q,D) places and what the first layer begins with.
            points: (B,Q,2) in [0,1] of the picture without its padding.
            seen: the encoded picture.
            context: see `Scrm`; without it such modules are passed by.
            refine: moves the points after every layer; they become boxes.
        """
        x, found, looked_at = content, [], []
        for number, layer in enumerate(self.layers):
            looked_at.append(points)
            ratios = seen.ratios
            scale = ratios if points.shape[-1] == 2 else torch.cat([ratios, ratios], -1)
            places = points[:, :, None] * scale[:, None]
            picture = places, seen.memory, seen.shapes, seen.pad
            x = layer(x, queries, *picture)
            if len(self.relations) and context is not None:
                x = self.relations[number](x, queries, context, *picture)
            found.append(x)
            if refine is not None:
                moves = refine(number, x)
                begun = inverse_sigmoid(points)
                begun = F.pad(begun, (0, 4 - begun.shape[-1]))
                points = (moves + begun).sigmoid().detach()
        return torch.stack(found), torch.stack([F.pad(p, (0, 4 - p.shape[-1])) for p in looked_at])


class Transformer(nn.Module):
    """Encoder, decoder and what is learned beside them.

    Args:
        encoder, decoder: layers.
        sizes: channels, heads, hidden channels, dropout, levels and points.
        relations: whether SCRM follows every decoder layer.
    """

    def __init__(
        self,
        encoder: int,
        decoder: int,
        sizes: tuple[int, int, int, float, int, int],
        relations: bool = False,
    ) -> None:
        super().__init__()
        channels, levels = sizes[0], sizes[4]
        self.encoder = Encoder(encoder, *sizes)
        self.decoder = Decoder(decoder, *sizes, relations=relations)
        self.reference_points = nn.Linear(channels, 2)
        nn.init.xavier_uniform_(self.reference_points.weight)
        nn.init.zeros_(self.reference_points.bias)
        self.level_embed = nn.Parameter(torch.randn(levels, channels))

    def seen(self, levels: list[Tensor], pad: Tensor) -> Seen:
        """What the encoder makes of projected maps, and the points of queries' places.

        Args:
            levels: (B,D,h,w) each, finest first.
            pad: (B,H,W) of the pictures.
        """
        pads = pads_of(levels, pad)
        places = [
            sine_positions(each, m.shape[1], centred=True).flatten(2).transpose(1, 2) + own
            for m, each, own in zip(levels, pads, self.level_embed, strict=True)
        ]
        shapes = [(int(m.shape[2]), int(m.shape[3])) for m in levels]
        cells = torch.cat([m.flatten(2).transpose(1, 2) for m in levels], 1)
        hidden, ratios = torch.cat([p.flatten(1) for p in pads], 1), valid_ratios(pads)
        memory = self.encoder(cells, torch.cat(places, 1), shapes, ratios, hidden)
        return Seen(memory, shapes, ratios, hidden)


@dataclass(frozen=True)
class Seen:
    """An encoded picture."""

    memory: Tensor  # (B,S,D)
    shapes: Shapes
    ratios: Tensor  # (B,L,2)
    pad: Tensor  # (B,S)


def valid_ratios(pads: list[Tensor]) -> Tensor:
    """(B,L,2) which shares of each level's width and height hold picture; pads (B,h,w) each."""
    found = []
    for pad in pads:
        height, width = pad.shape[1:]
        rows, columns = (~pad[:, :, 0]).sum(1) / height, (~pad[:, 0]).sum(1) / width
        found.append(torch.stack([columns, rows], -1))
    return torch.stack(found, 1)


def cell_points(shapes: Shapes, ratios: Tensor) -> Tensor:
    """(B,S,L,2) the middle of every cell in shares of every level's map."""
    found = []
    for level, (height, width) in enumerate(shapes):
        y = torch.arange(height, device=ratios.device) + 0.5
        x = torch.arange(width, device=ratios.device) + 0.5
        rows, columns = torch.meshgrid(y, x, indexing="ij")
        own = ratios[:, None, level]
        sides = torch.tensor([width, height], device=ratios.device)
        found.append(torch.stack([columns, rows], -1).reshape(1, -1, 2) / (own * sides))
    return torch.cat(found, 1)[:, :, None] * ratios[:, None]
