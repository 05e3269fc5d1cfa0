"""The network of engine `builtin`: a distribution over all crops of a picture from edge pairs.

A crop is four edges. Each edge of each side has a token for each of G+1 positions; the tokens
look at the picture's features by attention, and every pair of edges gets an energy from the
inner product of two projections of its tokens. The logit of a crop is the sum over the six pairs
of edges, so that all crops on the grid (about 6000) are scored by six small tables, and any crop
between the grid's lines by interpolation. Our own design; summing pair energies is the structure
of a conditional random field (Lafferty et al., ICML 2001).

Two frozen trunks see the picture, a convolutional one that knows textures and edges and a
transformer that knows objects; several small heads, each on one trunk or on both, are averaged.
The likeliest crops are then looked at once more, each by itself, by scorers of what is inside and
outside of it (`crop_rank_net`); the mean of both logits is the network's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .crop_grid import EDGE_PAIRS
from .crop_rank_net import RankConfig, RankHead
from .efficientnet_lite import EfficientNetLite
from .vit import Vit, VitConfig

RANK_MAPS = ("fine", "coarse")  # what engine `rank` sees
MAPS = ("fine", "coarse", "tokens")  # strides 32 of two depths of the one trunk, the other's


@dataclass(frozen=True)
class CropNetConfig:
    """Sizes of the network; the defaults are those of the weights that ship."""

    side: int = 384  # pixels a side of the squashed picture for the convolutional trunk
    vit: VitConfig = field(default_factory=VitConfig)  # its own side is the transformer's
    lite: str = "lite2"
    grid: int = 16  # cells a side; edges lie on its lines
    width: int = 128  # channels of a token
    rank: int = 32  # channels of an edge pair's inner product
    attention_heads: int = 4
    dropout: float = 0.4  # in training only
    # which maps each head sees; heads are averaged
    heads: tuple[tuple[str, ...], ...] = (("fine", "coarse"), ("tokens",), MAPS)
    # which maps each scorer of single crops sees, and whether it learns to choose among crops
    # drawn from the grid or among grid anchors; scorers are averaged
    regions: tuple[tuple[str, ...], ...] = (("fine", "coarse"), ("tokens",))
    choices: tuple[str, ...] = ("grid", "grid")
    region: RankConfig = field(default_factory=lambda: RankConfig(cells=6))
    looked_at: int = 512  # crops, the likeliest by the heads
    # the scorers' share of a logit, half of it that of engine `rank`; the energies have the rest
    region_share: float = 0.5


class Attention(nn.Module):
    """Multi-head attention (Vaswani et al., 2017) of queries on a memory."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)

    def forward(self, queries: Tensor, memory: Tensor) -> Tensor:
        """(N,Q,W) on (N,T,W) → (N,Q,W)."""
        n, q, width = queries.shape
        split = (self.heads, width // self.heads)
        asked = self.query(queries).view(n, q, *split).transpose(1, 2)
        keys, values = self.key_value(memory).view(n, -1, 2, *split).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(asked, keys, values)
        answers: Tensor = self.out(mixed.transpose(1, 2).reshape(n, q, width))
        return answers


class EdgePairHead(nn.Module):
    """Feature maps to the six tables of pair energies.

    Args:
        config: sizes.
        maps: channels and cells a side of each feature map, by name.
    """

    def __init__(self, config: CropNetConfig, maps: dict[str, tuple[int, int]]) -> None:
        super().__init__()
        self.names, self.rank, width = tuple(maps), config.rank, config.width
        self.lines = config.grid + 1
        self.normal = nn.ModuleDict(
            {k: nn.BatchNorm1d(c, affine=False) for k, (c, _) in maps.items()}
        )
        self.project = nn.ModuleDict({k: nn.Linear(c, width) for k, (c, _) in maps.items()})
        self.position = nn.ParameterDict(
            {k: nn.Parameter(torch.randn(n * n, width) * 0.02) for k, (_, n) in maps.items()}
        )
        self.aspect = nn.Linear(2, width)
        self.edges = nn.Parameter(torch.randn(4 * self.lines, width) * 0.2)
        self.memory_norm = nn.LayerNorm(width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(4))
        self.among = Attention(width, config.attention_heads)
        self.look = Attention(width, config.attention_heads)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(config.dropout),
            nn.Linear(2 * width, width),
        )  # fmt: skip
        self.dropout = nn.Dropout(config.dropout)
        self.single = nn.Linear(width, 1, bias=False)  # a constant would change nothing
        self.left = nn.Linear(width, len(EDGE_PAIRS) * config.rank)
        self.right = nn.Linear(width, len(EDGE_PAIRS) * config.rank)

    def forward(self, maps: dict[str, Tensor], log_aspect: Tensor) -> Tensor:
        """Energies (N,6,G+1,G+1) of feature maps (N,C,n,n) and log(width/height) (N,)."""
        count = log_aspect.shape[0]
        shape = self.aspect(torch.stack([log_aspect, log_aspect.abs()], -1))[:, None]
        tokens = []
        for name in self.names:
            x = self.normal[name](maps[name].flatten(2)).transpose(1, 2)
            tokens.append(self.dropout(self.project[name](x)) + self.position[name])
        memory = self.memory_norm(torch.cat(tokens, 1) + shape)
        x = self.edges + shape
        x = x + self.dropout(self.look(self.norms[0](x), memory))
        middle = self.norms[1](x)
        x = x + self.dropout(self.among(middle, middle))
        x = x + self.dropout(self.mlp(self.norms[2](x)))
        x = self.norms[3](x).view(count, 4, self.lines, -1)
        left = self.left(x).view(count, 4, self.lines, len(EDGE_PAIRS), self.rank)
        right = self.right(x).view(count, 4, self.lines, len(EDGE_PAIRS), self.rank)
        single = self.single(x)[..., 0]
        tables = []
        for pair, (i, j) in enumerate(EDGE_PAIRS):
            table = left[:, i, :, pair] @ right[:, j, :, pair].transpose(1, 2)
            table = table / math.sqrt(self.rank)
            if pair < 2:  # left-right and top-bottom carry the edges' own energies
                table = table + single[:, i, :, None] + single[:, j, None]
            tables.append(table)
        return torch.stack(tables, 1)


class CropNet(nn.Module):
    """Trunks and heads together; what is exported."""

    def __init__(self, config: CropNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or CropNetConfig()
        self.lite, self.vit = EfficientNetLite(config.lite), Vit(config.vit)
        shapes = self.map_shapes()
        self.heads = nn.ModuleList(
            EdgePairHead(config, {name: shapes[name] for name in names}) for names in config.heads
        )
        self.regions = nn.ModuleList(
            self.new_scorer(config.region, names) for names in config.regions
        )

    def new_scorer(self, config: RankConfig, names: tuple[str, ...]) -> RankHead:
        """A scorer of single crops on the maps `names` (of one size) side by side."""
        shapes = [self.map_shapes()[name] for name in names]
        return RankHead(config, sum(channels for channels, _ in shapes), shapes[0][1])

    def map_shapes(self) -> dict[str, tuple[int, int]]:
        """Channels and cells a side of every feature map."""
        cells = self.config.side // 32
        channels = self.lite.channels
        return {
            "fine": (channels[4], cells),
            "coarse": (channels[6], cells),
            "tokens": (self.config.vit.width, self.config.vit.cells),
        }

    def features(self, large: Tensor, small: Tensor) -> dict[str, Tensor]:
        """The maps that heads see, of pictures (N,3,side,side) in pixels 0..255 at both sides."""
        stages = self.lite.features(large)
        return {
            "fine": F.avg_pool2d(stages[4], 2),
            "coarse": stages[6],
            "tokens": self.vit(small),
        }

    def energies(self, maps: dict[str, Tensor], log_aspect: Tensor) -> Tensor:
        """Tables (N,6,G+1,G+1), the mean of the heads."""
        return torch.stack([head(maps, log_aspect) for head in self.heads]).mean(0)

    def scores(self, maps: dict[str, Tensor], rows: Tensor | None, boxes: Tensor) -> Tensor:
        """Logits (P,) of crops (P,4) in shares, each of picture `rows` (P,) or all of the one."""
        found = [
            region(torch.cat([maps[name] for name in names], 1), rows, boxes)
            for region, names in zip(self.regions, self.config.regions, strict=True)
        ]
        return torch.stack(found).mean(0)

    def forward(self, large: Tensor, small: Tensor, log_aspect: Tensor) -> Tensor:
        """Energies (N,6,G+1,G+1) of pictures."""
        return self.energies(self.features(large, small), log_aspect)
