"""The interaction transformer of PICS, pixel by pixel and head by head: slow and plain."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from compose.models.pics_routing import Attention, RoutedBlock


def normed(layer: nn.LayerNorm, vector: Tensor) -> Tensor:
    middle = vector - vector.mean()
    scaled = middle / torch.sqrt((middle**2).mean() + layer.eps)
    return scaled * layer.weight + layer.bias


def attended(attention: Attention, query: Tensor, seen: list[Tensor]) -> Tensor:
    """One cell's query (C,) on a list of vectors: (C,)."""
    q = attention.to_q.weight @ query
    keys = [attention.to_k.weight @ s for s in seen]
    values = [attention.to_v.weight @ s for s in seen]
    size = len(q) // attention.heads
    heads = []
    for h in range(attention.heads):
        part = slice(h * size, (h + 1) * size)
        scores = torch.stack([q[part] @ k[part] / math.sqrt(size) for k in keys])
        weights = torch.exp(scores - scores.max())
        weights = weights / weights.sum()
        heads.append(sum((w * v[part] for w, v in zip(weights, values, strict=True)),
                         torch.zeros(size, dtype=q.dtype)))  # fmt: skip
    out = attention.to_out[0]
    return out.weight @ torch.cat(heads) + out.bias


def pair_vector(block: RoutedBlock, cell: Tensor, tokens: Tensor, inside: list[bool]) -> Tensor:
    """The mixture (D,) of the objects' tokens (K,T,D) for one cell (C,)."""
    width = tokens.shape[-1]
    q = block.gate_q.weight @ normed(block.norm2g, cell) + block.gate_q.bias
    taking_part = inside if sum(inside) >= 2 else [True] * len(inside)
    mixtures, scores = [], []
    for k, takes_part in enumerate(taking_part):
        if not takes_part:
            continue
        keys = [block.k_proj.weight @ normed(block.norm_c, token) for token in tokens[k]]
        weights = torch.softmax(torch.stack([q @ key / math.sqrt(width) for key in keys]), 0)
        values = [block.v_proj.weight @ token for token in tokens[k]]
        mixture = sum((w * v for w, v in zip(weights, values, strict=True)),
                      torch.zeros(width, dtype=q.dtype))  # fmt: skip
        mixtures.append(mixture)
        scores.append(q @ mixture / math.sqrt(width))
    shares = torch.softmax(torch.stack(scores) / block.temperature, 0)
    return sum(
        (s * m for s, m in zip(shares, mixtures, strict=True)), torch.zeros_like(mixtures[0])
    )


def routed(block: RoutedBlock, x: Tensor, tokens: Tensor, masks: Tensor) -> Tensor:
    """As `RoutedBlock.forward`: x (B,N,C), tokens (B,K,T,D), masks (B,K,N) bool."""
    samples = []
    for cells, objects, inside in zip(x, tokens, masks, strict=True):
        calm = [normed(block.norm1, cell) for cell in cells]
        cells = [c + attended(block.attn1, q, calm) for c, q in zip(cells, calm, strict=True)]
        covering = [[bool(inside[k, n]) for k in range(len(objects))] for n in range(len(cells))]
        pairs = [pair_vector(block, cell, objects, covering[n]) for n, cell in enumerate(cells)]
        done = []
        for n, cell in enumerate(cells):
            asked = normed(block.norm2, cell)
            here = [k for k in range(len(objects)) if covering[n][k]]
            if len(here) == 1:
                heard = attended(block.attn2, asked, list(objects[here[0]]))
            elif here:
                mixed = attended(block.attn2, asked, pairs)
                heard = attended(block.attn_bg, normed(block.norm2b, mixed), cells)
            else:
                heard = torch.zeros_like(cell)
            cell = cell + heard
            value, gate = (block.ff.net[0].proj.weight @ normed(block.norm3, cell)
                           + block.ff.net[0].proj.bias).chunk(2)  # fmt: skip
            inner = value * gate * 0.5 * (1 + torch.erf(gate / math.sqrt(2)))
            done.append(cell + block.ff.net[2].weight @ inner + block.ff.net[2].bias)
        samples.append(torch.stack(done))
    return torch.stack(samples)
