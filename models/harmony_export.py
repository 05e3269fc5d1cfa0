"""The harmonising network from torch to the file that onnxruntime runs."""

from __future__ import annotations

from pathlib import Path

import torch

from .crop_export import export
from .harmony import SIDE
from .harmony_net import HarmonyNet


def export_harmony(net: HarmonyNet, target: Path) -> None:
    """Write the network, rounded by `packing.round_int8` before, ready for `harmony`."""
    export(net, [torch.zeros(1, 4, SIDE, SIDE)], ["pictures"], ["settings"], target)
