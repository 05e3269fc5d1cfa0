"""The network of objects from torch to the file that onnxruntime runs."""

from __future__ import annotations

from pathlib import Path

import torch

from .crop_export import export
from .object_features import FORMS, LOOKS_LENGTH
from .object_net import ObjectNet


def export_objects(net: ObjectNet, target: Path) -> None:
    """Write the network, rounded by `packing.round_int8` before, ready for `object_choice`."""
    inputs = (torch.zeros(2, FORMS), torch.zeros(2, LOOKS_LENGTH))
    free = {name: {0: "candidates"} for name in ("forms", "looks", "logits")}
    export(net, inputs, ["forms", "looks"], ["logits"], target, None, free)
