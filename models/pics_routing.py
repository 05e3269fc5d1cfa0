"""The interaction transformer of PICS: who speaks to which pixel (section 4.3 of our notes).

Where one object's box lies alone, its tokens are attended to; where boxes overlap, an expert of
its own mixes the objects pixel by pixel; elsewhere nothing is said. The modules bear the names of
the published checkpoint. Any number of objects is taken; two are the published case.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .pics_config import PicsConfig


@dataclass(frozen=True, eq=False)
class Regions:
    """What of a grid of N cells is whose; each sample of a batch has its own."""

    covered: Tensor  # (B,K,N) bool: inside object k's box
    exclusive: Tensor  # (B,K,N) bool: inside that box alone
    joint: Tensor  # (B,N) bool: inside two or more


def regions_of(masks: Tensor, height: int, width: int) -> Regions:
    """The regions of masks (B,K,H,W), above 1/2 inside the box, on a grid of height x width.

    Cells take the nearest pixel's value, as published. A box that falls between these has the
    cells that it touches, so that its object is heard at every level.
    """
    small = F.interpolate(masks.float(), (height, width), mode="nearest")
    covered = small.flatten(2) > 0.5
    touched = F.adaptive_max_pool2d(masks.float(), (height, width)).flatten(2) > 0.5
    covered = covered | (touched & ~covered.any(-1, keepdim=True))
    count = covered.sum(1)
    return Regions(covered, covered & (count == 1)[:, None], count >= 2)


class Attention(nn.Module):
    """Multi-head attention with a bias only at its exit."""

    def __init__(self, width: int, seen: int, head: int) -> None:
        super().__init__()
        self.heads = width // head
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(seen, width, bias=False)
        self.to_v = nn.Linear(seen, width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width))

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """What x (B,N,C) finds in seen (B,M,S): (B,N,C)."""
        return self.answer(self.to_q(x), seen)

    def answer(self, queries: Tensor, seen: Tensor) -> Tensor:
        """The same with queries (B,N,C) that `to_q` has made."""
        q, k, v = (
            t.unflatten(2, (self.heads, -1)).transpose(1, 2)
            for t in (queries, self.to_k(seen), self.to_v(seen))
        )
        found = F.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.to_out(found.transpose(1, 2).flatten(2))
        return out


class GatedGelu(nn.Module):
    """GEGLU (Shazeer, 2020)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner)

    def forward(self, x: Tensor) -> Tensor:
        """(…,C) to (…,inner)."""
        value, gate = self.proj(x).chunk(2, -1)
        out: Tensor = value * F.gelu(gate)
        return out


class FeedForward(nn.Module):
    """Two layers, four times as wide between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # the second is the dropout of the published code, which is always 0
        self.net = nn.Sequential(
            GatedGelu(width, 4 * width), nn.Identity(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(…,C) to (…,C)."""
        out: Tensor = self.net(x)
        return out


class RoutedBlock(nn.Module):
    """Self-attention, the objects' say by region, and a perceptron.

    A fresh block's overlap expert says nothing: its exit is zero, so that weights which never
    saw it, such as Stable Diffusion's, are not disturbed (the published one is random there).
    """

    def __init__(self, width: int, config: PicsConfig) -> None:
        super().__init__()
        context = config.context
        self.temperature = config.temperature
        self.attn1 = Attention(width, width, config.head)
        self.attn2 = Attention(width, context, config.head)
        self.ff = FeedForward(width)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.norm2g, self.norm2b = nn.LayerNorm(width), nn.LayerNorm(width)
        self.norm_c = nn.LayerNorm(context)
        self.gate_q = nn.Linear(width, context)
        self.k_proj = nn.Linear(context, context, bias=False)
        self.v_proj = nn.Linear(context, context, bias=False)
        self.attn_bg = Attention(width, width, config.head)
        for parameter in self.attn_bg.to_out.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, tokens: Tensor, regions: Regions) -> Tensor:
        """x (B,N,C) after hearing the objects' tokens (B,K,T,D)."""
        x = x + self.attn1(y := self.norm1(x), y)
        queries = self.attn2.to_q(self.norm2(x))
        heard = self.overlap(x, queries, tokens, regions) * regions.joint[..., None]
        for k in range(tokens.shape[1]):
            said = self.attn2.answer(queries, tokens[:, k])
            heard = heard + said * regions.exclusive[:, k, :, None]
        x = x + heard
        out: Tensor = x + self.ff(self.norm3(x))
        return out

    def overlap(self, x: Tensor, queries: Tensor, tokens: Tensor, regions: Regions) -> Tensor:
        """What the overlap expert would say to every cell, (B,N,C).

        Args:
            x: (B,N,C), after self-attention.
            queries: (B,N,C), of x for the objects.
            tokens: (B,K,T,D).
            regions: of the objects.
        """
        asked = self.gate_q(self.norm2g(x))[:, None]  # (B,1,N,D)
        keys, values = self.k_proj(self.norm_c(tokens)), self.v_proj(tokens)
        spread = asked.expand(-1, tokens.shape[1], -1, -1)
        each = F.scaled_dot_product_attention(spread, keys, values)  # (B,K,N,D)
        scores = (asked * each).sum(-1) / math.sqrt(each.shape[-1])  # (B,K,N)
        # of more than two objects, only those whose boxes overlap here have a share
        elsewhere = regions.joint[:, None] & ~regions.covered
        scores = scores.masked_fill(elsewhere, -torch.inf)
        shares = torch.softmax(scores / self.temperature, 1)
        pair = (shares[..., None] * each).sum(1)  # (B,N,D), one vector a cell
        mixed = self.attn2.answer(queries, pair)
        out: Tensor = self.attn_bg(self.norm2b(mixed), x)
        return out


# of a block: what is new in PICS, and so in no other checkpoint of this family
OVERLAP_LAYERS = ("norm2g", "norm2b", "norm_c", "gate_q", "k_proj", "v_proj", "attn_bg")


def is_overlap_layer(name: str) -> bool:
    """Whether a parameter's dotted name belongs to an overlap expert."""
    return any(part in OVERLAP_LAYERS for part in name.split("."))
