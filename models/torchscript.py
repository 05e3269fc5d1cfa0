"""The weights in a TorchScript archive, read without running anything in it.

The archive is a zip file: `data.pkl` describes the tree of modules as a pickle, `data/*` are the
tensors' bytes, and `code/*` is the program, which is not looked at. torch's own reader would
load the program too, and is deprecated.
"""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core.errors import ModelError
from ..core.names import printable
from .bounded_pickle import Budget, Reader, Refused, check_depth, view

_STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


def is_torchscript(path: Path) -> bool:
    """Whether a file is a zip archive with a TorchScript program in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any("/code/" in name for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def load_torchscript_state(path: Path) -> dict[str, Tensor]:
    """Parameters and buffers by their dotted names, on the CPU, in the file's own precision.

    Raises:
        ModelError: the file cannot be read or is not such an archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            pickled = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
            folder = pickled.removesuffix("data.pkl")
            with archive.open(pickled) as file:
                size = path.stat().st_size
                root = _Unpickler(file, archive, folder, size).load()
        state: dict[str, Tensor] = {}
        _collect(root, "", state, Budget(2 * size))  # weights may be tied
    except Refused as error:
        raise ModelError(
            f"{printable(path)} {error}; give the file as its authors published it."
        ) from error
    except Exception as error:  # on damaged bytes an unpickler fails with whatever it meets
        raise ModelError(
            f"cannot read the weights in {printable(path)} ({type(error).__name__}); give the "
            "file as its authors published it."
        ) from error
    return state


class _Module:
    """Stands for every class of the archive's program."""

    attributes: dict[str, Any]

    def __setstate__(self, state: Any) -> None:
        self.attributes = state if isinstance(state, dict) else {}


_TENSOR = Reader(lambda storage, offset, size, stride, *_: view(storage, offset, size, stride))
_FIRST = Reader(lambda value, *_: value)


class _Unpickler(pickle.Unpickler):
    """Knows tensors, plain containers and nothing else; every other name is refused."""

    def __init__(self, file: Any, archive: zipfile.ZipFile, folder: str, size: int) -> None:
        super().__init__(file)
        self._archive, self._folder, self._left = archive, folder, size
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        """What a global name of the pickle stands for."""
        if module == "__torch__" or module.startswith("__torch__."):
            return _Module
        if module == "torch._utils" and name in ("_rebuild_tensor_v2", "_rebuild_parameter"):
            return _TENSOR if name == "_rebuild_tensor_v2" else _FIRST
        if module == "torch.jit._pickle":  # typed lists and tags around plain values
            return _FIRST
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if (module, name) == ("collections", "OrderedDict"):
            return dict
        raise pickle.UnpicklingError(f"{module}.{name} is no tensor")

    def persistent_load(self, key: Any) -> Tensor:
        """A tensor's bytes: ("storage", type, name, device, count)."""
        _, dtype, name, _, _ = key
        if name not in self._storages:
            member = self._archive.getinfo(f"{self._folder}data/{name}")
            self._left -= member.file_size
            if self._left < 0:  # compressed, which such archives are not
                raise Refused("unfolds to more than it holds")
            data = bytearray(self._archive.read(member))
            flat = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
            self._storages[name] = flat
        return self._storages[name]


def _collect(module: Any, prefix: str, state: dict[str, Tensor], budget: Budget) -> None:
    check_depth(prefix)
    for name, value in getattr(module, "attributes", {}).items():
        if isinstance(value, Tensor):
            budget.spend(value.numel() * value.element_size())
            state[prefix + name] = value
        elif isinstance(value, _Module):
            budget.spend(0)
            _collect(value, f"{prefix}{name}.", state, budget)
