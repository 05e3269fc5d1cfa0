"""The weights in a checkpoint that PyTorch Lightning wrote, without anything else that is in it.

Beside the state dict such files hold the trainer's state and the experiment's settings as objects
of Lightning's and OmegaConf's classes. These are not needed, nor are their packages: something
empty stands for each of them, and any other class in the file makes it refused.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core.errors import ModelError
from ..core.names import printable
from .weights_io import load_pickle_weights_only

_PASSED_OVER = frozenset(
    {"lightning", "lightning_fabric", "omegaconf", "pytorch_lightning", "typing"}
)
_PLAIN = frozenset(
    {"argparse.Namespace", "collections.defaultdict"}
    | {f"builtins.{name}" for name in ("bool", "dict", "float", "int", "list", "str")}
)


class _Unread(dict[Any, Any]):
    """Stands for an object that is not looked at; takes whatever the file says of it."""

    def __init__(self, *_: Any) -> None:
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        pass

    def append(self, item: Any) -> None:
        """As lists take items."""

    def extend(self, items: Iterable[Any]) -> None:
        """As lists take items."""


def load_lightning_state(path: Path) -> dict[str, Tensor]:
    """Tensors of the state dict by name, floating ones in single precision, on the CPU.

    A plain state dict of `torch.save` is read too.

    Raises:
        ModelError: the file cannot be read, is damaged, or holds code.
    """
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # no archive of torch.save: the reader below says what is wrong
        names = []
    harmless = all(n.partition(".")[0] in _PASSED_OVER or n in _PLAIN for n in names)
    if not names or not harmless:
        found = load_pickle_weights_only(path)
    else:
        stands: list[Any] = [(_Unread, name) for name in names]
        try:
            with torch.serialization.safe_globals(stands):
                # mapped, so that a trainer's state of many gigabytes is never read
                mapped = zipfile.is_zipfile(path)
                found = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
        except (pickle.UnpicklingError, RuntimeError, ValueError, TypeError) as error:
            raise ModelError(
                f"{printable(path)} cannot be read as a checkpoint of Lightning; give the file as "
                "its authors published it, or its state dict as safetensors."
            ) from error
    state = found.get("state_dict", found) if isinstance(found, dict) else {}
    if not isinstance(state, dict):
        raise ModelError(f"{printable(path)} holds no state dict; give the file of weights itself.")
    return {
        name: value.float() if value.is_floating_point() else value
        for name, value in state.items()
        if isinstance(value, Tensor)
    }
