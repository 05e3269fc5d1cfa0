"""What the croppers ProCrop and Multi in One are made of, as published and small, for a CPU."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from ..core.errors import ModelError, UsageError

ENGINES = ("procrop", "multi-in-one")
BACKBONES = ("resnet50", "resnet50-dc5", "embedded")
CONTEXTS = ("random", "topk", "memory", "none")


@dataclass(frozen=True)
class CropDetrConfig:
    """The defaults are those of ProCrop as published but where the comment says ours."""

    engine: str = "procrop"  # conditional DETR; "multi-in-one" is deformable DETR
    backbone: str = "resnet50"
    train_backbone: bool = True  # but for stem and first stage
    stages: tuple[int, ...] = (4, 6)  # of the embedded trunk, strides 16 and 32; ours
    channels: int = 256
    heads: int = 8
    encoder: int = 6  # layers
    decoder: int = 6
    hidden: int = 2048  # channels within the layers
    dropout: float = 0.1
    queries: int = 90  # 24 for CPC
    norm: bool = True  # in the perceptron of the boxes; not in conditional DETR itself
    normalise: str = "minmax"  # each picture and channel to [0,1]; or "imagenet"
    square: int = 0  # pixels of a square that pictures are padded to; 0: as little as needed
    # retrieval
    fusion: str = "paper"
    references: int = 10  # photographs at most
    reference_channels: int = 256  # of their tokens
    reference_tokens: int = 64  # of one; only token-mlp is bound to it
    text_channels: int = 0  # of the language model's tokens; 0: no such branch
    # multi-in-one
    levels: int = 4  # maps, the last one made by a convolution where the backbone has too few
    points: int = 4  # that a head looks at on each
    context: str = "none"  # where SCRM's context comes from
    partners: int = 4  # features of the context
    refine: bool = False  # each layer moves the points of the next (--with_box_refine)

    def __post_init__(self) -> None:
        for name, allowed in (
            ("engine", ENGINES),
            ("backbone", BACKBONES),
            ("context", CONTEXTS),
            ("fusion", ("paper", "token-mlp", "concat", "none")),
            ("normalise", ("minmax", "imagenet")),
        ):
            if getattr(self, name) not in allowed:
                raise UsageError(f"'{getattr(self, name)}' is no {name}; use {', '.join(allowed)}.")
        if min(self.heads, self.channels, self.queries, self.levels, self.points) < 1:
            raise UsageError("heads, channels, queries, levels and points are 1 or more.")
        if not self.stages:
            raise UsageError("a cropper needs a map to look at; name one of the trunk's stages.")
        if self.channels % (4 * self.heads):
            raise UsageError(f"{self.channels} channels do not fit {self.heads} heads.")
        if self.fusion == "token-mlp" and not self.square:
            raise UsageError("fusion token-mlp needs pictures of one size; set square.")

    @property
    def stride(self) -> int:
        """Pixels of the cells of the coarsest map."""
        if self.backbone == "embedded":
            return (2, 4, 8, 16, 16, 32, 32)[self.stages[-1]]
        return 16 if self.backbone.endswith("dc5") else 32

    def as_json(self) -> dict[str, Any]:
        """For a file's metadata."""
        return asdict(self)

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> CropDetrConfig:
        """Of a file's metadata.

        Raises:
            ModelError: it is another network's.
        """
        try:
            return cls(**{**values, "stages": tuple(values["stages"])})
        except (TypeError, KeyError, UsageError) as error:
            raise ModelError(f"this is no cropper of ours ({error}); train it again.") from None


PAPER = {
    "procrop": CropDetrConfig(),
    "multi-in-one": CropDetrConfig(
        engine="multi-in-one",
        decoder=1,
        hidden=1024,
        queries=4,
        norm=False,
        normalise="imagenet",
        fusion="none",
        context="random",
    ),
}
_SMALL: dict[str, Any] = {
    "backbone": "embedded",
    "train_backbone": False,
    "channels": 128,
    "encoder": 1,
    "hidden": 256,
    "square": 256,
}
SMALL = {
    "procrop": replace(
        PAPER["procrop"],
        **_SMALL,
        decoder=3,
        queries=24,
        reference_channels=352,
        reference_tokens=16,
    ),
    "multi-in-one": replace(PAPER["multi-in-one"], **_SMALL, levels=2, context="memory"),
}
PRESETS = {"paper": PAPER, "small": SMALL}
