"""Retrieved photographs beside what the encoder sees (ProCrop; section 3.3 of our notes).

`paper`      the query's tokens, the projected retrieved ones, and what the former attend to in them
`token-mlp`  the released code: a perceptron over the token axis, so that sizes are fixed
`concat`     the first two of `paper`
`none`       only the query's

B pictures, S tokens of the query with D channels, R photographs of T tokens with C channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..core.errors import UsageError

FUSIONS = ("paper", "token-mlp", "concat", "none")


@dataclass(frozen=True)
class Memory:
    """What the decoder looks at."""

    tokens: Tensor  # (B,S,D)
    positions: Tensor  # (B,S,D)
    pad: Tensor  # (B,S) True where there is nothing

    def beside(self, other: Memory) -> Memory:
        """Both, one after the other."""
        return Memory(
            torch.cat([self.tokens, other.tokens], 1),
            torch.cat([self.positions, other.positions], 1),
            torch.cat([self.pad, other.pad], 1),
        )


@dataclass(frozen=True)
class Retrieved:
    """Tokens of the retrieved photographs, or of what a language model says of them."""

    tokens: Tensor  # (B,R,T,C), the most alike first
    pad: Tensor  # (B,R) True where there is no photograph, or (B,R,T) where there is no token

    def to(self, device: str) -> Retrieved:
        """The same on a device."""
        return Retrieved(self.tokens.to(device), self.pad.to(device))

    def missing(self) -> Tensor:
        """(B,R,T) True where there is no token."""
        each = self.tokens.shape[2]
        return self.pad if self.pad.dim() == 3 else self.pad[:, :, None].expand(-1, -1, each)


class RetrievalFusion(nn.Module):
    """See the module's text; `forward` gives what is to be put beside, or in place of, the query's.

    Args:
        kind: of `FUSIONS`, not `none`.
        channels: D.
        heads: of the cross-attention.
        cin: C.
        most: photographs at most, R.
        tokens: T; and `query`: S. Only token-mlp needs them, and then they are fixed.
        dropout: in the perceptron and in the attention.
    """

    def __init__(
        self,
        kind: str,
        channels: int,
        heads: int,
        cin: int,
        most: int,
        tokens: int = 0,
        query: int = 0,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.kind, self.most = kind, most
        self._sizes = (query, tokens)
        if kind == "token-mlp":
            whole = query + most * tokens
            self.entry = nn.Linear(cin, channels) if cin != channels else nn.Identity()
            self.entry_norm = nn.LayerNorm(channels)
            self.mlp = nn.Sequential(
                nn.LayerNorm(whole),
                nn.Linear(whole, query),
                nn.ReLU(),
                nn.Dropout(dropout),
                nn.Linear(query, query),
            )
            self.exit_norm = nn.LayerNorm(channels)
            return
        self.norm = nn.LayerNorm(cin)
        self.project = nn.Linear(cin, channels)
        self.rank = nn.Embedding(most, channels)  # which of the photographs, the first most alike
        self.place = nn.Parameter(torch.zeros(channels))  # they have no place in this picture
        nn.init.normal_(self.rank.weight, std=0.02)
        if kind == "paper":
            self.cross = nn.MultiheadAttention(channels, heads, dropout, batch_first=True)

    def forward(self, query: Memory, found: Retrieved) -> Memory:
        """The fused memory: with token-mlp (B,S,D), else longer.

        Raises:
            UsageError: more photographs than `most`, or with token-mlp another number of tokens.
        """
        if found.tokens.shape[1] > self.most:
            raise UsageError(
                f"{found.tokens.shape[1]} references for a network that was trained with at most "
                f"{self.most}; give fewer."
            )
        if self.kind == "token-mlp":
            return self._mixed(query, found)
        batch, count = found.tokens.shape[:2]
        projected = self.project(self.norm(found.tokens)) + self.rank.weight[:count, None]
        tokens = projected.flatten(1, 2)
        pad = found.missing().flatten(1)
        tokens = tokens.masked_fill(pad[..., None], 0)
        place = self.place.expand(batch, tokens.shape[1], -1)
        beside = query.beside(Memory(tokens, place, pad))
        if self.kind == "concat":
            return beside
        return beside.beside(self._seen(query, tokens, pad))

    def _seen(self, query: Memory, tokens: Tensor, pad: Tensor) -> Memory:
        # where nothing was retrieved there is nothing to attend to, and softmax has no answer
        nothing = pad.all(1, keepdim=True)
        asked = query.tokens + query.positions
        seen = self.cross(
            asked, tokens, tokens, key_padding_mask=pad & ~nothing, need_weights=False
        )[0]
        seen = seen.masked_fill(nothing[..., None], 0)
        return Memory(seen, query.positions, query.pad | nothing)

    def _mixed(self, query: Memory, found: Retrieved) -> Memory:
        _, count, each, _ = found.tokens.shape
        length, tokens = self._sizes
        if query.tokens.shape[1] != length or each != tokens:
            raise UsageError(
                f"fusion token-mlp was made for {length} tokens of a picture and {tokens} of a "
                f"reference, not {query.tokens.shape[1]} and {each}; use fusion paper."
            )
        taken = self.entry_norm(self.entry(found.tokens))
        taken = taken.masked_fill(found.missing()[..., None], 0)
        taken = F.pad(taken, (0, 0, 0, 0, 0, self.most - count)).flatten(1, 2)
        own = query.tokens.masked_fill(query.pad[..., None], 0)
        mixed = self.mlp(torch.cat([own, taken], 1).transpose(1, 2)).transpose(1, 2)
        return Memory(self.exit_norm(F.relu(mixed)), query.positions, query.pad)
