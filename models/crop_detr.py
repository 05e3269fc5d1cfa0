"""The croppers of ProCrop and Multi in One, whole (sections 3.4 and 1.2 of our notes)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .crop_detr_backbone import open_backbone
from .crop_detr_config import CropDetrConfig
from .detr_conditional import Decoder, Encoder
from .detr_deformable import Transformer
from .detr_parts import Mlp, inverse_sigmoid, pads_of, sine_positions
from .retrieval_fusion import Memory, RetrievalFusion, Retrieved

_RARE = -math.log(99)  # at first every query is a good crop with 1 %


@dataclass(frozen=True)
class CropInputs:
    """A batch of B pictures, as pixels or as the maps of a frozen backbone."""

    pad: Tensor  # (B,h,w) True where there is no picture
    pictures: Tensor | None = None  # (B,3,h,w) in [0,1]
    maps: list[Tensor] | None = None
    retrieved: Retrieved | None = None
    text: Retrieved | None = None  # what a language model says of the retrieved ones
    context: Tensor | None = None  # for SCRM; see there


@dataclass(frozen=True)
class CropAnswer:
    """Of every decoder layer, the last one last."""

    logits: Tensor  # (Y,B,Q) of being a good crop
    boxes: Tensor  # (Y,B,Q,4) centre and size in shares of the picture without its padding
    points: Tensor  # (B,Q,2) reference points x, y in the same shares


class CropDetr(nn.Module):
    """Backbone, encoder, fusion, decoder and heads, under the names of the published detectors."""

    def __init__(self, config: CropDetrConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = nn.ModuleList([open_backbone(config)])
        width = config.channels
        self.class_embed = nn.Linear(width, 1)
        nn.init.constant_(self.class_embed.bias, _RARE)
        self.bbox_embed = Mlp(width, width, 4, 3, norm=config.norm)
        if config.engine == "procrop":
            self._conditional(config)
        else:
            self._deformable(config)

    def _conditional(self, config: CropDetrConfig) -> None:
        width = config.channels
        sizes = width, config.heads, config.hidden, config.dropout
        self.input_proj: nn.Module = nn.Conv2d(self._channels[-1], width, 1)
        self.query_embed = nn.Embedding(config.queries, width)
        self.transformer: nn.ModuleDict | Transformer = nn.ModuleDict(
            {
                "encoder": Encoder(config.encoder, *sizes),
                "decoder": Decoder(config.decoder, *sizes),
            }
        )
        for name, parameter in self.transformer.named_parameters():
            if parameter.dim() > 1 and "norm" not in name:
                nn.init.xavier_uniform_(parameter)
        self.fusion = self._fusion(config.reference_channels)
        self.text_fusion = self._fusion(config.text_channels) if config.text_channels else None

    def _fusion(self, cin: int) -> RetrievalFusion | None:
        config = self.config
        if config.fusion == "none":
            return None
        return RetrievalFusion(
            config.fusion,
            config.channels,
            config.heads,
            cin,
            config.references,
            config.reference_tokens,
            math.ceil(config.square / config.stride) ** 2,
            config.dropout,
        )

    def _deformable(self, config: CropDetrConfig) -> None:
        width, levels = config.channels, config.levels
        sizes = (width, config.heads, config.hidden, config.dropout, levels, config.points)
        cin = [*self._channels, self._channels[-1]]
        self.input_proj = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(cin[n], width, 1)
                if n < len(self._channels)
                else nn.Conv2d(cin[n] if n == len(self._channels) else width, width, 3, 2, 1),
                nn.GroupNorm(32, width),
            )
            for n in range(levels)
        )
        self.query_embed = nn.Embedding(config.queries, 2 * width)
        self.transformer = Transformer(
            config.encoder, config.decoder, sizes, relations=config.context != "none"
        )
        last = self.bbox_embed.layers[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        with torch.no_grad():
            last.bias[2:] = -2
        if config.context == "memory":
            self.context_score = nn.Linear(width, 1)

    @property
    def _channels(self) -> tuple[int, ...]:
        found: tuple[int, ...] = self.backbone[0].channels  # type: ignore[assignment]
        return found

    def maps(self, pictures: Tensor, pad: Tensor) -> list[Tensor]:
        """The backbone's maps of pictures (B,3,h,w) in [0,1], for `CropInputs.maps`."""
        found: list[Tensor] = self.backbone[0](pictures, pad)
        return found

    def forward(self, inputs: CropInputs) -> CropAnswer:
        """Crops of a batch."""
        maps = inputs.maps
        if maps is None:
            assert inputs.pictures is not None
            maps = self.maps(inputs.pictures, inputs.pad)
        if self.config.engine == "procrop":
            return self._conditionally(maps[-1], inputs)
        return self._deformably(maps, inputs)

    def _conditionally(self, top: Tensor, inputs: CropInputs) -> CropAnswer:
        x = self.input_proj(top)
        (pad,) = pads_of([x], inputs.pad)
        positions = sine_positions(pad, self.config.channels, centred=False)
        places = positions.flatten(2).transpose(1, 2)
        assert isinstance(self.transformer, nn.ModuleDict)
        encoder, decoder = self.transformer["encoder"], self.transformer["decoder"]
        x = encoder(x.flatten(2).transpose(1, 2), places, pad.flatten(1))
        memory = self._fused(Memory(x, places, pad.flatten(1)), inputs)
        found, points = decoder(
            memory.tokens, memory.positions, memory.pad, self.query_embed.weight
        )
        moved = self.bbox_embed(found)
        boxes = torch.cat([moved[..., :2] + points, moved[..., 2:]], -1).sigmoid()
        return CropAnswer(self.class_embed(found)[..., 0], boxes, points.sigmoid())

    def _fused(self, query: Memory, inputs: CropInputs) -> Memory:
        """The paper's two fused features, image and text, one after the other."""
        fused = query
        if self.fusion is not None:
            given = inputs.retrieved or self._nothing(query, self.config.reference_channels)
            fused = self.fusion(query, given)
        if self.text_fusion is not None:
            given = inputs.text or self._nothing(query, self.config.text_channels)
            fused = fused.beside(self.text_fusion(query, given))
        return fused

    def _nothing(self, query: Memory, cin: int) -> Retrieved:
        """No photograph: what is trained to use them must be able to go without."""
        batch = len(query.tokens)
        tokens = query.tokens.new_zeros(batch, 1, self.config.reference_tokens, cin)
        return Retrieved(tokens, query.pad.new_ones(batch, 1))

    def _deformably(self, maps: list[Tensor], inputs: CropInputs) -> CropAnswer:
        config = self.config
        levels: list[Tensor] = []
        projections = self.input_proj
        assert isinstance(projections, nn.ModuleList)
        for number, project in enumerate(projections):
            above = maps[-1] if number == len(maps) else None
            source = maps[number] if number < len(maps) else above
            levels.append(project(levels[-1] if source is None else source))
        parts = self.transformer
        assert isinstance(parts, Transformer)
        seen = parts.seen(levels, inputs.pad)
        place, content = self.query_embed.weight[None].expand(len(inputs.pad), -1, -1).chunk(2, -1)
        points = parts.reference_points(place).sigmoid()
        context = inputs.context
        if config.context == "memory":
            context = self._own_context(seen.memory, seen.pad)
        refine = (lambda number, x: self.bbox_embed(x)) if config.refine else None
        found, looked_at = parts.decoder(place, content, points, seen, context, refine)
        begun = inverse_sigmoid(looked_at)
        known = torch.ones_like(begun)
        if not config.refine:
            known[..., 2:] = 0
        else:
            known[0, ..., 2:] = 0  # the first layer has points, the others boxes
        boxes = (self.bbox_embed(found) + begun * known).sigmoid()
        return CropAnswer(self.class_embed(found)[..., 0], boxes, points)

    def _own_context(self, memory: Tensor, hidden: Tensor) -> Tensor:
        """(B,1,M,D) the cells that a learned score likes best."""
        scores = self.context_score(memory)[..., 0].masked_fill(hidden, -1e4)
        best = torch.sort(scores, dim=1, descending=True, stable=True)
        order = best.indices[:, : self.config.partners]
        taken = memory.gather(1, order[..., None].expand(-1, -1, memory.shape[-1]))
        # the score is learned by what it lets through
        return (taken * best.values[:, : self.config.partners, None].sigmoid())[:, None]
