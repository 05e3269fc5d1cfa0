"""The crop networks from torch to the files that onnxruntime runs."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..core.files import atomic_write
from .crop_net import MAPS, RANK_MAPS, CropNet
from .crop_rank_net import RankHead
from .packing import pack_onnx


class _Lite(nn.Module):
    def __init__(self, net: CropNet) -> None:
        super().__init__()
        self.lite = net.lite

    def forward(self, large: Tensor) -> tuple[Tensor, Tensor]:
        stages = self.lite.features(large)
        return F.avg_pool2d(stages[4], 2), stages[6]


class _Vit(nn.Module):
    def __init__(self, net: CropNet) -> None:
        super().__init__()
        self.vit = net.vit

    def forward(self, small: Tensor) -> Tensor:
        tokens: Tensor = self.vit(small)
        return tokens


class _Heads(nn.Module):
    def __init__(self, net: CropNet) -> None:
        super().__init__()
        self.heads = net.heads

    def forward(self, fine: Tensor, coarse: Tensor, tokens: Tensor, log_aspect: Tensor) -> Tensor:
        maps = dict(zip(MAPS, (fine, coarse, tokens), strict=True))
        return torch.stack([head(maps, log_aspect) for head in self.heads]).mean(0)


class _Regions(nn.Module):
    def __init__(self, net: CropNet) -> None:
        super().__init__()
        self.regions = net.regions
        self.scores = net.scores

    def forward(self, fine: Tensor, coarse: Tensor, tokens: Tensor, boxes: Tensor) -> Tensor:
        maps = dict(zip(MAPS, (fine, coarse, tokens), strict=True))
        return self.scores(maps, None, boxes)


class _Rank(nn.Module):
    def __init__(self, head: RankHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, fine: Tensor, coarse: Tensor, boxes: Tensor) -> Tensor:
        scores: Tensor = self.head(torch.cat([fine, coarse], 1), None, boxes)
        return scores


def export_crop_net(net: CropNet, lite: Path, vit: Path, heads: Path, regions: Path) -> None:
    """Write the network's four files, ready for `crop_builtin`.

    All weights must have been rounded by `packing.round_int8`.
    """
    config = net.config
    large = torch.zeros(1, 3, config.side, config.side)
    small = torch.zeros(1, 3, config.vit.side, config.vit.side)
    with torch.inference_mode():
        maps = net.features(large, small)
    export(_Lite(net), (large,), ["large"], ["fine", "coarse"], lite)
    export(_Vit(net), (small,), ["small"], ["tokens"], vit)
    note = {"config": {**dataclasses.asdict(config), "vit_side": config.vit.side}}
    values = [maps[name].clone() for name in MAPS]
    names = [*MAPS, "log_aspect"]
    export(_Heads(net), (*values, torch.zeros(1)), names, ["energies"], heads, note)
    _export_scorer(_Regions(net), net, MAPS, regions)


def export_rank(net: CropNet, head: RankHead, target: Path) -> None:
    """Write the scorer of engine `rank`, ready for `crop_rank`; rounded as in the above."""
    note = {"config": {"side": net.config.side}}
    _export_scorer(_Rank(head), net, RANK_MAPS, target, note)


def _export_scorer(
    module: nn.Module,
    net: CropNet,
    names: tuple[str, ...],
    target: Path,
    notes: dict[str, Any] | None = None,
) -> None:
    """A scorer of any number of crops of one picture's maps `names`."""
    shapes = net.map_shapes()
    maps = [torch.zeros(1, shapes[n][0], shapes[n][1], shapes[n][1]) for n in names]
    boxes = torch.tensor([[0.1, 0.1, 0.9, 0.9], [0.0, 0.2, 0.8, 1.0]])
    free = {"boxes": {0: "crops"}, "scores": {0: "crops"}}
    export(module, (*maps, boxes), [*names, "boxes"], ["scores"], target, notes, free)


def export(
    module: nn.Module,
    inputs: Sequence[Tensor],
    names: list[str],
    outputs: list[str],
    target: Path,
    notes: dict[str, Any] | None = None,
    free: dict[str, dict[int, str]] | None = None,
) -> None:
    """One packed ONNX file of `module`, for inputs of the shapes of `inputs`.

    Args:
        names, outputs: of the graph's ends.
        notes: JSON-able metadata that the file carries.
        free: axes of ends that may have any length, with a name for each.
    """
    import onnx

    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        export_plain(module, inputs, names, outputs, plain, free)
        if notes:
            model = onnx.load(str(plain))
            for key, value in notes.items():
                entry = model.metadata_props.add()
                entry.key, entry.value = key, json.dumps(value, sort_keys=True)
            onnx.save(model, str(plain))
        with atomic_write(target) as part:
            pack_onnx(plain, part)


def export_plain(
    module: nn.Module,
    inputs: Sequence[Tensor],
    names: list[str],
    outputs: list[str],
    target: Path,
    free: dict[str, dict[int, str]] | None = None,
) -> None:
    """An ONNX file of `module` whose weights keep their names and precision; see `export`."""
    module.eval()  # the exporter puts back the mode it found
    with warnings.catch_warnings():
        # the exporter that keeps parameters' names is the older one, and says so
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(inputs),
            str(target),
            input_names=names,
            output_names=outputs,
            opset_version=17,
            dynamic_axes=free,
            do_constant_folding=False,
            dynamo=False,
        )
