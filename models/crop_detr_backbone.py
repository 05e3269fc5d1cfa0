"""Backbones of the DETR croppers: pictures in, maps of several strides out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .crop_builtin import weights_folder
from .crop_detr_config import CropDetrConfig
from .crop_weights import load_crop_net
from .efficientnet_lite import EfficientNetLite, trunk_maps
from .resnet import CHANNELS, ResNet50

_MEAN, _SCALE = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Backbone(nn.Module):
    """What the croppers need of one; see `open_backbone`."""

    channels: tuple[int, ...]  # of the maps, finest first

    def forward(self, pictures: Tensor, pad: Tensor) -> list[Tensor]:
        """Maps of pictures (B,3,h,w) in [0,1], `pad` (B,h,w) being True where there is none."""
        raise NotImplementedError


class ResNetBackbone(Backbone):
    """ResNet-50; stem and first stage are frozen, batch norms too.

    Its parameters lie where the published detectors have them, in `body`.
    """

    def __init__(self, config: CropDetrConfig) -> None:
        super().__init__()
        self.body = ResNet50(dilated=config.backbone == "resnet50-dc5")
        self.channels = CHANNELS
        self._minmax = config.normalise == "minmax"
        self.body.requires_grad_(config.train_backbone)
        self.body.freeze_first()

    def forward(self, pictures: Tensor, pad: Tensor) -> list[Tensor]:
        """See `Backbone`."""
        if self._minmax:
            x = minmax(pictures, pad)
        else:
            mean, scale = (pictures.new_tensor(v)[:, None, None] for v in (_MEAN, _SCALE))
            x = ((pictures - mean) / scale).masked_fill(pad[:, None], 0)
        found: list[Tensor] = self.body(x)
        return found


class EmbeddedBackbone(Backbone):
    """The convolutional trunk that ships, always frozen; its weights are not in checkpoints."""

    def __init__(self, config: CropDetrConfig) -> None:
        super().__init__()
        self.stages = config.stages
        with torch.device("meta"):
            shape = EfficientNetLite()
        self.channels = tuple(shape.channels[stage] for stage in config.stages)
        self._trunk: list[EfficientNetLite] = []  # in a list: it is none of ours to train or save

    def forward(self, pictures: Tensor, pad: Tensor) -> list[Tensor]:
        """See `Backbone`.

        Raises:
            ModelError: the trunk is missing from the installation.
        """
        if not self._trunk:
            self._trunk.append(load_crop_net(weights_folder()).lite.requires_grad_(False))
        trunk = self._trunk[0].to(pictures.device)
        with torch.no_grad():
            maps = trunk_maps(trunk, pictures, self.stages)
            # a cell's numbers go up to 30; attention wants them about 1
            return [_evened(m) for m in maps]


def open_backbone(config: CropDetrConfig) -> Backbone:
    """The one that is asked for, with random weights where they do not ship."""
    return EmbeddedBackbone(config) if config.backbone == "embedded" else ResNetBackbone(config)


def _evened(x: Tensor) -> Tensor:
    """(B,C,h,w) with mean 0 and variance 1 over the channels of each cell."""
    cells = x.permute(0, 2, 3, 1)
    return F.layer_norm(cells, cells.shape[-1:]).permute(0, 3, 1, 2).contiguous()


def minmax(pictures: Tensor, pad: Tensor) -> Tensor:
    """Each channel of each picture from 0 to 1, as ProCrop has it; padding is 0 and not counted."""
    hidden = pad[:, None]
    low = pictures.masked_fill(hidden, torch.inf).amin((2, 3), keepdim=True)
    high = pictures.masked_fill(hidden, -torch.inf).amax((2, 3), keepdim=True)
    spread = (high - low).clamp(min=1e-6)
    return ((pictures - low) / spread).masked_fill(hidden, 0)
