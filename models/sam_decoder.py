"""Segment Anything's prompt encoder and mask decoder (Kirillov et al., ICCV 2023, appendix A).

Written for export: pictures may be of any form, so that no time is spent on the padding of a
square, and what all prompts of a picture share is worked out once. Modules are called as Meta's
files call their tensors.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .tiny_vit import ChannelNorm

WIDTH = 256  # of all embeddings
MASKS = 4  # answers: the single one, then whole, part and part of a part
_HEADS = 8


class PositionEncoding(nn.Module):
    """Random Fourier features of places, whose frequencies are part of the weights."""

    def __init__(self) -> None:
        super().__init__()
        self.positional_encoding_gaussian_matrix: Tensor
        self.register_buffer("positional_encoding_gaussian_matrix", torch.zeros(2, WIDTH // 2))

    def forward(self, places: Tensor) -> Tensor:
        """Places (...,2), x and y as shares of the square's side, to (...,256)."""
        turns = 2 * math.pi * ((2 * places - 1) @ self.positional_encoding_gaussian_matrix)
        return torch.cat([turns.sin(), turns.cos()], -1)


class PromptEncoder(nn.Module):
    """What points, corners of boxes and first guesses mean."""

    def __init__(self) -> None:
        super().__init__()
        self.pe_layer = PositionEncoding()
        # not on the object, on it, upper left and lower right corner
        self.point_embeddings = nn.ModuleList(nn.Embedding(1, WIDTH) for _ in range(4))
        self.not_a_point_embed = nn.Embedding(1, WIDTH)
        self.no_mask_embed = nn.Embedding(1, WIDTH)
        self.mask_downscaling = nn.Sequential(
            nn.Conv2d(1, 4, 2, 2),
            ChannelNorm(4),
            nn.GELU(),
            nn.Conv2d(4, 16, 2, 2),
            ChannelNorm(16),
            nn.GELU(),
            nn.Conv2d(16, WIDTH, 1),
        )

    def points(self, places: Tensor, labels: Tensor) -> Tensor:
        """Places (N,P,2) as shares of the square's side and their labels to (N,P,256).

        Labels (N,P) are -1 for no point, 0 and 1 for points beside and on the object, 2 and 3 for
        the corners of a box.
        """
        kinds = [self.not_a_point_embed, *self.point_embeddings]
        table = torch.cat([kind.weight for kind in kinds])
        placed = torch.where(labels[..., None] < 0, 0.0, self.pe_layer(places))
        return placed + table[labels + 1]

    def grid(self, height: int, width: int, cells: int) -> Tensor:
        """Where the cells lie of a picture in the upper left of a square: (h·w,256)."""
        device = self.no_mask_embed.weight.device
        rows = (torch.arange(height, device=device) + 0.5) / cells
        columns = (torch.arange(width, device=device) + 0.5) / cells
        places = torch.stack(
            [columns.expand(height, width), rows[:, None].expand(height, width)], -1
        )
        encoded: Tensor = self.pe_layer(places.reshape(-1, 2))
        return encoded


class Attention(nn.Module):
    """Attention whose inner width may be smaller."""

    def __init__(self, inner: int) -> None:
        super().__init__()
        self.q_proj = nn.Linear(WIDTH, inner)
        self.k_proj = nn.Linear(WIDTH, inner)
        self.v_proj = nn.Linear(WIDTH, inner)
        self.out_proj = nn.Linear(inner, WIDTH)

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """(B,Q,C), (B,K,C) and (B,K,C) to (B,Q,C); each B may be 1 for all the others."""
        q, k, v = self.q_proj(query), self.k_proj(key), self.v_proj(value)
        q, k, v = (x.unflatten(-1, (_HEADS, -1)).transpose(-3, -2) for x in (q, k, v))
        weights = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).softmax(-1)
        result: Tensor = self.out_proj((weights @ v).transpose(-3, -2).flatten(-2))
        return result


class Perceptron(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(into, out) for into, out in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        """(...,C) to (...,C')."""
        for number, layer in enumerate(self.layers):
            x = layer(F.relu(x) if number else x)
        return x


class _TwoLayers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin1, self.lin2 = nn.Linear(WIDTH, 2048), nn.Linear(2048, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.lin2(F.relu(self.lin1(x)))
        return result


class TwoWayLayer(nn.Module):
    """Prompts look at themselves, at the picture, and the picture at them."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attn = Attention(WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH)
        self.cross_attn_token_to_image = Attention(WIDTH // 2)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.mlp = _TwoLayers()
        self.norm3 = nn.LayerNorm(WIDTH)
        self.cross_attn_image_to_token = Attention(WIDTH // 2)
        self.norm4 = nn.LayerNorm(WIDTH)

    def forward(
        self, tokens: Tensor, cells: Tensor, token_place: Tensor, cell_place: Tensor, *, first: bool
    ) -> tuple[Tensor, Tensor]:
        """Tokens (N,T,C) and cells (N or 1,h·w,C) to the same, (N,h·w,C)."""
        if first:  # the tokens are still their own places
            tokens = self.self_attn(tokens, tokens, tokens)
        else:
            asked = tokens + token_place
            tokens = tokens + self.self_attn(asked, asked, tokens)
        tokens = self.norm1(tokens)
        seen = cells + cell_place
        tokens = self.norm2(
            tokens + self.cross_attn_token_to_image(tokens + token_place, seen, cells)
        )
        tokens = self.norm3(tokens + self.mlp(tokens))
        back = self.cross_attn_image_to_token(seen, tokens + token_place, tokens)
        return tokens, self.norm4(cells + back)


class _TwoWay(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TwoWayLayer() for _ in range(2))
        self.final_attn_token_to_image = Attention(WIDTH // 2)
        self.norm_final_attn = nn.LayerNorm(WIDTH)

    def forward(self, tokens: Tensor, cells: Tensor, cell_place: Tensor) -> tuple[Tensor, Tensor]:
        place = tokens
        for number, layer in enumerate(self.layers):
            tokens, cells = layer(tokens, cells, place, cell_place, first=number == 0)
        seen = self.final_attn_token_to_image(tokens + place, cells + cell_place, cells)
        return self.norm_final_attn(tokens + seen), cells


class MaskDecoder(nn.Module):
    """From prompts and the picture's embedding to masks."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer = _TwoWay()
        self.iou_token = nn.Embedding(1, WIDTH)
        self.mask_tokens = nn.Embedding(MASKS, WIDTH)
        self.output_upscaling = nn.Sequential(
            nn.ConvTranspose2d(WIDTH, WIDTH // 4, 2, 2),
            ChannelNorm(WIDTH // 4),
            nn.GELU(),
            nn.ConvTranspose2d(WIDTH // 4, WIDTH // 8, 2, 2),
            nn.GELU(),
        )
        self.output_hypernetworks_mlps = nn.ModuleList(
            Perceptron(WIDTH, WIDTH, WIDTH, WIDTH // 8) for _ in range(MASKS)
        )
        self.iou_prediction_head = Perceptron(WIDTH, WIDTH, WIDTH, MASKS)

    def forward(self, embedding: Tensor, points: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
        """Answers at N prompts.

        Args:
            embedding: (N or 1,256,h,w), the picture's, with what the first guesses add.
            points: (N,P,256) of `PromptEncoder.points`.
            grid: (h·w,256) of `PromptEncoder.grid`.

        Returns:
            Logits (N,4,4h,4w) and the IoU (N,4) that is expected of each.
        """
        count, (height, width) = points.shape[0], embedding.shape[-2:]
        own = torch.cat([self.iou_token.weight, self.mask_tokens.weight])
        tokens = torch.cat([own.expand(count, -1, -1), points], 1)
        tokens, cells = self.transformer(tokens, embedding.flatten(2).transpose(1, 2), grid)
        fine = self.output_upscaling(cells.transpose(1, 2).unflatten(2, (height, width)))
        answers = [net(tokens[:, 1 + i]) for i, net in enumerate(self.output_hypernetworks_mlps)]
        logits = torch.einsum("nkc,nchw->nkhw", torch.stack(answers, 1), fine)
        return logits, self.iou_prediction_head(tokens[:, 0])
