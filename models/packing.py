"""Small weights: int8 with a scale a row.

Weights are rounded *before* they are used to compute features or scores, so that the network in
torch and the exported one hold the same numbers. In the ONNX file they are stored as they were
rounded, followed by a cast and a product that the runtime folds when it loads the file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

LEAST = 2048  # numbers; smaller tensors, and single rows, stay in single precision


def _large(shape: tuple[int, ...]) -> bool:
    return len(shape) > 1 and shape[0] > 1 and int(np.prod(shape)) >= LEAST


def int8_rows(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round (R,…) to whole multiples of a scale a row; returns those and the scales (R,1,…)."""
    peak = np.abs(weight).max(axis=tuple(range(1, weight.ndim)), keepdims=True)
    scale = np.where(peak > 0, peak / 127, 1).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale


@torch.no_grad()
def round_int8(module: nn.Module) -> None:
    """Round every large matrix and kernel of `module` in place to int8 rows."""
    for parameter in module.parameters():
        if _large(tuple(parameter.shape)):
            whole, scale = int8_rows(parameter.numpy())
            parameter.copy_(torch.from_numpy(whole.astype(np.float32) * scale))


def pack_state(module: nn.Module) -> dict[str, torch.Tensor]:
    """The state of a module that `round_int8` rounded, in a quarter of the space."""
    packed = {}
    for name, value in module.state_dict().items():
        if value.is_floating_point() and _large(tuple(value.shape)):
            whole, scale = int8_rows(value.numpy())
            packed[f"{name}.int8"] = torch.from_numpy(whole)
            packed[f"{name}.scale"] = torch.from_numpy(scale)
        else:
            packed[name] = value.clone()
    return packed


def unpack_state(packed: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What `pack_state` was given."""
    state = {}
    for name, value in packed.items():
        if name.endswith(".int8"):
            base = name.removesuffix(".int8")
            state[base] = value.float() * packed[f"{base}.scale"]
        elif not name.endswith(".scale"):
            state[name] = value
    return state


def fold_batch_norms(module: nn.Module) -> None:
    """Merge every batch norm that follows a convolution in a Sequential into it, in place.

    For a network in evaluation mode only, whose answers stay as they are up to rounding.
    """
    for child in module.modules():
        if not isinstance(child, nn.Sequential):
            continue
        for index in range(len(child) - 1):
            conv, norm = child[index], child[index + 1]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                _merge(conv, norm)
                child[index + 1] = nn.Identity()


@torch.no_grad()
def _merge(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    assert norm.running_var is not None
    assert norm.running_mean is not None
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    conv.weight.mul_(gain.view(-1, 1, 1, 1))
    before = conv.bias if conv.bias is not None else torch.zeros_like(norm.running_mean)
    conv.bias = nn.Parameter((before - norm.running_mean) * gain + norm.bias)


def pack_onnx(path: Path, target: Path) -> None:
    """Store the large weights of the ONNX file `path` as int8 rows in `target`.

    Deterministic: the same file gives the same bytes.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    nodes = []
    kept = []
    for item in graph.initializer:
        array = numpy_helper.to_array(item)
        if array.dtype != np.float32 or not _large(array.shape):
            kept.append(item)
            continue
        small, cast = f"{item.name}.int8", f"{item.name}.cast"
        whole, scale = int8_rows(array)
        kept.append(numpy_helper.from_array(whole, small))
        kept.append(numpy_helper.from_array(scale, f"{item.name}.scale"))
        nodes.append(helper.make_node("Cast", [small], [cast], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [cast, f"{item.name}.scale"], [item.name]))
    nodes.extend(graph.node)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.node[:]
    graph.node.extend(nodes)
    model.producer_version = ""
    onnx.checker.check_model(model)
    target.write_bytes(model.SerializeToString(deterministic=True))


def packed_state(path: Path) -> dict[str, torch.Tensor]:
    """The weights in a file that `pack_onnx` wrote, by the names they had in torch."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    arrays = {item.name: np.array(numpy_helper.to_array(item)) for item in graph.initializer}
    return unpack_state({name: torch.from_numpy(array) for name, array in arrays.items()})
