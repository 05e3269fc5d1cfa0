"""Small networks of ours in safetensors files: packed weights with their configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from torch import nn

from ..core.errors import ModelError
from ..core.files import atomic_write
from .packing import pack_state, unpack_state
from .weights_io import load_safetensors

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Net = TypeVar("Net", bound=nn.Module)


def small_net_bytes(net: nn.Module, config: DataclassInstance) -> bytes:
    """The file's content, for `load_small_net`."""
    from safetensors.torch import save

    text = json.dumps(asdict(config), sort_keys=True)
    return save(pack_state(net), metadata={"config": text})


def write_small_net(path: Path, net: nn.Module, config: DataclassInstance) -> None:
    """Write the file, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    with atomic_write(path) as part:
        part.write_bytes(small_net_bytes(net, config))


def load_small_net(path: Path, build: Callable[[dict[str, Any]], Net]) -> Net:
    """The network in evaluation mode.

    Args:
        path: of the file.
        build: makes the network from its configuration as JSON gives it.

    Raises:
        ModelError: the file is missing, damaged, or belongs to another network.
    """
    from safetensors import SafetensorError, safe_open

    tensors = unpack_state(load_safetensors(path))
    try:
        with safe_open(str(path), "pt") as file:
            net = build(json.loads((file.metadata() or {})["config"]))
        net.load_state_dict(tensors)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{path.name} holds another network ({reason}); train it again.") from None
    return net.eval()
