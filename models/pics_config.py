"""Sizes of the network of PICS (pairwise compositing), from tiny to published."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class PicsConfig:
    """One network; the defaults are the published ones, of the size of Stable Diffusion 2.1."""

    channels: int = 320  # of the finest level
    multipliers: tuple[int, ...] = (1, 2, 4, 4)  # channels of each level over the finest's
    blocks: int = 2  # residual blocks a level on the way down, one more on the way up
    attention: tuple[int, ...] = (1, 2, 4)  # halvings (as factors) at which transformers stand
    head: int = 64  # channels of an attention head
    groups: int = 32  # of the group normalisations
    context: int = 1024  # width of the objects' tokens
    features: int = 1536  # width of what the object encoder gives, DINOv2 ViT-g/14
    latents: int = 4  # channels that are denoised
    hint: tuple[int, ...] = (16, 32, 96, 256)  # widths of the hint's convolutions, one a halving
    side: int = 512  # pixels of the square that is painted
    object_side: int = 224  # pixels of the square on which an object is shown
    temperature: float = 0.5  # of the choice between objects where they overlap
    autoencoder: str = "kl"  # Stable Diffusion's; "pixels": none, pixels moved into channels
    encoder: str = "dinov2"  # of the objects; "pixels": their pixels, patch by patch
    patch: int = 14  # pixels of the encoder's patches
    ranks: int = 0  # our extension: so many places from front to back can be told; 0: none
    checkpointing: bool = True  # compute anew instead of keeping: less memory in training

    def __post_init__(self) -> None:
        widths = [self.channels * m for m in self.multipliers]
        if any(width % self.groups or width % self.head for width in widths):
            raise ValueError("the levels' channels must be whole groups and whole heads")
        if self.side % (self.factor * 2 ** (len(self.multipliers) - 1)):
            raise ValueError("the side must be halved by the hint and by every level")
        if self.object_side % self.patch:
            raise ValueError("an object's side must be whole patches")
        if self.autoencoder == "pixels" and self.latents != 3 * self.factor**2:
            raise ValueError("without an autoencoder there are 3 latents a pixel of a cell")
        if self.encoder == "pixels" and self.features != 3 * self.patch**2:
            raise ValueError("without an encoder there are 3 features a pixel of a patch")

    @property
    def factor(self) -> int:
        """Pixels of a latent cell's side."""
        return int(2 ** (len(self.hint) - 1))

    @property
    def tokens(self) -> int:
        """Tokens of one object: one of the whole and one a patch."""
        return 1 + (self.object_side // self.patch) ** 2

    def as_json(self) -> dict[str, Any]:
        """For a file; `from_json` reads it."""
        return asdict(self)


PUBLISHED = PicsConfig()

# learns the toy set on one CPU core in minutes
TINY = PicsConfig(
    channels=48,
    multipliers=(1, 1),
    blocks=1,
    attention=(1, 2),
    head=16,
    groups=8,
    context=64,
    features=48,
    latents=12,
    hint=(16, 32),
    side=16,
    object_side=16,
    autoencoder="pixels",
    encoder="pixels",
    patch=4,
    ranks=2,
    checkpointing=False,
)


def config_from_json(values: dict[str, Any]) -> PicsConfig:
    """What `PicsConfig.as_json` gave, lists for tuples.

    Raises:
        TypeError, ValueError: a field is unknown or does not fit the others.
    """
    tuples: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return PicsConfig(**tuples)
