"""The hole-filling network from torch to the file that onnxruntime runs."""

from __future__ import annotations

from pathlib import Path

import torch

from .crop_export import export
from .inpaint_net import STRIDE, InpaintNet


def export_inpaint(net: InpaintNet, target: Path) -> None:
    """Write the network, rounded by `packing.round_int8` before, ready for `inpainter_builtin`.

    The file takes one picture of any sides that are multiples of `STRIDE`.
    """
    side = net.config.side
    inputs = (torch.zeros(1, 3, side, side), torch.zeros(1, 1, side, side))
    sides = {2: "height", 3: "width"}
    free = {"picture": sides, "hole": sides, "filled": sides}
    notes = {"side": side, "multiple": STRIDE}
    export(net, inputs, ["picture", "hole"], ["filled"], target, notes, free)
