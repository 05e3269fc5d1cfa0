"""The crop networks in torch, from the files that `compose train crop` wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..core.errors import ModelError
from .crop_builtin import LITE, VIT
from .crop_net import RANK_MAPS, CropNet, CropNetConfig
from .crop_rank_net import RankConfig, RankHead
from .packing import fold_batch_norms, packed_state, unpack_state
from .vit import VitConfig
from .weights_io import load_safetensors


def load_crop_net(folder: Path) -> CropNet:
    """Trunks and heads of engine `builtin`, in evaluation mode.

    Args:
        folder: of `compose train crop`, or `crop_builtin.weights_folder()`.

    Raises:
        ModelError: a file is missing, damaged, or belongs to another network.
    """
    path = folder / "crop_builtin.safetensors"
    config = _net_config(path)
    net = CropNet(config).eval()
    fold_batch_norms(net.lite)
    trunks = {**packed_state(folder / LITE), **packed_state(folder / VIT)}
    state = {**trunks, **_tensors(path)}
    wanted = net.state_dict().keys()
    try:
        net.load_state_dict({name: state[name] for name in wanted if name in state})
    except RuntimeError as error:
        raise ModelError(f"{folder} holds another network ({error}); train it again.") from None
    return net


def load_rank_head(folder: Path) -> RankHead:
    """The scorer of engine `rank`, in evaluation mode.

    Raises:
        ModelError: the file is missing, damaged, or belongs to another network.
    """
    path = folder / "crop_rank.safetensors"
    config = RankConfig(**_config(path)["rank"])
    head = CropNet(_net_config(path)).new_scorer(config, RANK_MAPS)
    head.load_state_dict(_tensors(path))
    return head.eval()


def _tensors(path: Path) -> dict[str, Any]:
    return unpack_state(load_safetensors(path))


def _config(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), "pt") as file:
            config: dict[str, Any] = json.loads((file.metadata() or {})["config"])
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise ModelError(f"{path.name} has no configuration ({error}); train it again.") from None
    return config


def _net_config(path: Path) -> CropNetConfig:
    net = _config(path)["net"]
    heads = tuple(tuple(maps) for maps in net["heads"])
    regions = tuple(tuple(maps) for maps in net["regions"])
    nested = {"vit": VitConfig(**net["vit"]), "region": RankConfig(**net["region"])}
    lists = {"heads": heads, "regions": regions, "choices": tuple(net["choices"])}
    return CropNetConfig(**{**net, **nested, **lists})
