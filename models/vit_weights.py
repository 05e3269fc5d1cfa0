"""Weights of a ViT-S/14 out of the `vit-s-focus` checkpoint, an ONNX graph of a DINOv2 trunk.

The exporter kept the names of norms, biases and scales, and renamed the matrices; those are
found by the name of the node that multiplies with them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..core.errors import ModelError
from .vit import Vit, VitConfig, resize_positions


def load_focus_trunk(path: Path, config: VitConfig) -> Vit:
    """The trunk in `path` (vit_s_focus.onnx), cut after `config.blocks` blocks.

    Raises:
        ModelError: the file is not that graph.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    arrays = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    inputs = {node.name: list(node.input) for node in graph.node}
    model = Vit(config)
    try:
        model.load_state_dict(_state(arrays, inputs, config))
    except (KeyError, RuntimeError, StopIteration) as error:
        raise ModelError(
            f"{path.name} is not the vit-s-focus graph ({error}); run 'compose models verify'."
        ) from None
    return model.eval()


def _state(
    arrays: dict[str, np.ndarray], inputs: dict[str, list[str]], config: VitConfig
) -> dict[str, Tensor]:
    def named(name: str) -> Tensor:
        return torch.from_numpy(np.array(arrays[name]))

    def matrix(node: str) -> Tensor:
        """The constant factor of a MatMul node, as nn.Linear stores it."""
        return named(next(name for name in inputs[node] if name in arrays)).T.contiguous()

    def first_of(node: str) -> Tensor:
        return named(next(name for name in inputs[node] if name in arrays))

    patch = "backbone.embeddings.patch_embeddings.projection"
    positions = resize_positions(first_of("/backbone/embeddings/Reshape_1"), config.cells)
    class_position = next(
        named(name)
        for node, names in inputs.items()
        if node.startswith("/backbone/embeddings/Concat")
        for name in names
        if name in arrays and name != "backbone.embeddings.cls_token"
        if arrays[name].shape == (1, 1, config.width)
    )
    state = {
        "patches.weight": named(f"{patch}.weight"),
        "patches.bias": named(f"{patch}.bias"),
        "class_token": named("backbone.embeddings.cls_token"),
        "position": torch.cat([class_position, positions], 1)[0],
    }
    for number in range(config.blocks):
        old, node = f"backbone.encoder.layer.{number}", f"/backbone/encoder/layer.{number}"
        new = f"blocks.{number}"
        triple = ("query", "key", "value")
        attention = f"{old}.attention.attention"
        state[f"{new}.qkv.weight"] = torch.cat(
            [matrix(f"{node}/attention/attention/{part}/MatMul") for part in triple]
        )
        state[f"{new}.qkv.bias"] = torch.cat([named(f"{attention}.{part}.bias") for part in triple])
        for ours, theirs in (
            ("out", "attention.output.dense"),
            ("fc1", "mlp.fc1"),
            ("fc2", "mlp.fc2"),
        ):
            state[f"{new}.{ours}.weight"] = matrix(f"{node}/{theirs.replace('.', '/')}/MatMul")
            state[f"{new}.{ours}.bias"] = named(f"{old}.{theirs}.bias")
        for part in (1, 2):
            state[f"{new}.norm{part}.weight"] = named(f"{old}.norm{part}.weight")
            state[f"{new}.norm{part}.bias"] = named(f"{old}.norm{part}.bias")
            state[f"{new}.scale{part}"] = named(f"{old}.layer_scale{part}.lambda1")
    return state
