"""Pickles of networks as StyleGAN2-ADA's training writes them, made without its code."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_BUFFERS = ("resample_filter", "noise_const", "w_avg")


def _reconstruct_persistent_obj(meta: Any) -> Any:  # of the published name; never to be called
    raise AssertionError("the file's own reader was called")


class EasyDict(dict[str, Any]):
    """As `dnnlib.util.EasyDict`."""


class Persistent(nn.Module):
    """As classes of `torch_utils.persistence.persistent_class` write themselves."""

    source = "raise SystemExit('the source in the file was run')"

    def __init__(self) -> None:
        super().__init__()
        self._init_args = (64, None)
        self._init_kwargs = EasyDict(act="lrelu", norm=nn.LayerNorm)
        self.weight_gain = 1 / np.sqrt(27)  # a numpy scalar, as there
        self.size = torch.Size([4, 4])

    def __reduce__(self) -> Any:
        meta = {
            "type": "class",
            "version": 5,
            "module_src": self.source,
            "class_name": "Generator",
            "state": self.__dict__,
        }
        return _reconstruct_persistent_obj, (meta,), None


@contextmanager
def _under_published_names() -> Iterator[None]:
    made = {}
    for name, member in (
        ("torch_utils.persistence", _reconstruct_persistent_obj),
        ("dnnlib.util", EasyDict),
    ):
        package, module = ModuleType(name.partition(".")[0]), ModuleType(name)
        setattr(module, member.__name__, member)
        member.__module__ = name
        made |= {package.__name__: package, name: module}
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in made:
            del sys.modules[name]
        for member in (_reconstruct_persistent_obj, EasyDict):
            member.__module__ = __name__


def as_network(state: Mapping[str, Tensor]) -> nn.Module:
    """A tree of modules that holds a state dict; numbered children lie in torch's own lists."""
    tree = Persistent()
    groups: dict[str, dict[str, Tensor]] = {}
    for name, value in state.items():
        first, _, rest = name.partition(".")
        if rest:
            groups.setdefault(first, {})[rest] = value
        elif first in _BUFFERS:
            tree.register_buffer(first, value)
        else:
            tree.register_parameter(first, nn.Parameter(value, requires_grad=False))
    for name, inner in groups.items():
        if all(k.partition(".")[0].isdigit() for k in inner):
            numbered = as_network(inner)
            child: nn.Module = nn.ModuleList(numbered.children())
        else:
            child = as_network(inner)
        tree.add_module(name, child)
    return tree


def networks_pickle(content: Any, protocol: int = 4) -> bytes:
    """The bytes of a file with such content, mostly {"G": …, "D": …, "G_ema": …}."""
    file = io.BytesIO()
    with _under_published_names():
        pickle.dump(content, file, protocol)
    return file.getvalue()
