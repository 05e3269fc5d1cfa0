"""The weights in a pickle of StyleGAN2-ADA's container (Karras et al. 2020), without its program.

Such a file is a dict of networks, "G", "D" and "G_ema", each as the source text of its module and
the state of its objects; its own reader runs that text. Here objects become records of what the
file says of them, the text is not looked at, and no name in the file stands for anything but the
few readers below, so that nothing in it can run.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from ..core.errors import ModelError
from ..core.names import printable
from .bounded_pickle import Budget, Reader, Refused, check_depth, view

_NETWORKS = ("G_ema", "G")  # the averaged generator is what its authors sample from
# Where objects may come from that are kept as records; none of these is ever imported.
_RECORDED = ("torch.nn.modules", "torch_utils", "dnnlib", "networks", "training")
_NUMPY = frozenset(
    {"numpy.dtype", "numpy.ndarray"}
    | {
        f"numpy.{core}.multiarray.{n}"
        for core in ("core", "_core")
        for n in ("scalar", "_reconstruct")
    }
)


def load_persistence_state(path: Path) -> dict[str, Tensor]:
    """Parameters and buffers of the generator by dotted names, in single precision, on the CPU.

    Raises:
        ModelError: the file cannot be read, is damaged, is no such container, or names anything
            that no file of weights needs.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(0)
            root = _Unpickler(_Bounded(file, size), size).load()
        found = _generator(root)
        state: dict[str, Tensor] = {}
        _collect(found, "", state, Budget(size))
    except Refused as error:
        raise ModelError(
            f"{printable(path)} {error}, and nothing in it is run; give the file as its authors "
            "published it, or the generator's state dict."
        ) from error
    except OSError as error:
        raise ModelError(
            f"cannot read {printable(path)} ({error.strerror or 'damaged?'}); check the path, or "
            "pull it again."
        ) from error
    except Exception as error:  # on damaged bytes an unpickler fails with whatever it meets
        raise ModelError(
            f"{printable(path)} is damaged or no pickle of networks ({type(error).__name__}); "
            "give the file as its authors published it."
        ) from error
    return {k: v.float() if v.is_floating_point() else v for k, v in state.items()}


class _Record:
    """Stands for an object of any class, and does nothing."""

    __slots__ = ("state",)
    state: dict[Any, Any]

    def __init__(self, *_: Any) -> None:
        self.state = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def append(self, item: Any) -> None:
        """As lists take items."""

    def extend(self, items: Any) -> None:
        """As lists take items."""


class _Bounded:
    """A file that never makes room for more bytes than it has."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size

    def read(self, count: int = -1) -> bytes:
        """As files do."""
        if count > self._size - self._file.tell():
            raise EOFError
        return self._file.read(count)

    def readline(self) -> bytes:
        """As files do."""
        return self._file.readline()


class _Unpickler(pickle._Unpickler):
    """Knows tensors, plain containers and records; every other name is refused.

    It is the one written in Python: the one in C makes room for as many memos as a file claims.
    """

    def __init__(self, file: _Bounded, size: int) -> None:
        super().__init__(file)
        self._left = size
        self._known: dict[str, Any] = {
            "torch_utils.persistence._reconstruct_persistent_obj": Reader(_rebuilt_object),
            "torch._utils._rebuild_tensor_v2": Reader(_rebuilt_tensor),
            "torch._utils._rebuild_parameter": Reader(lambda data, *_: data),
            "torch.storage._load_from_bytes": Reader(self._storage),
            "torch.Size": tuple,
            "collections.OrderedDict": dict,
            "dnnlib.util.EasyDict": dict,
            "builtins.set": set,
        }

    def find_class(self, module: str, name: str) -> Any:
        """What a global name of the pickle stands for."""
        full = f"{module}.{name}"
        if full in self._known:
            return self._known[full]
        if full in _NUMPY or any(module == m or module.startswith(f"{m}.") for m in _RECORDED):
            return _Record
        raise Refused(f"names {printable(full)}, which is no part of a network's weights")

    def _storage(self, data: Any) -> Tensor:
        """The flat tensor in what `torch.save` wrote of a storage, in its older format."""
        if not isinstance(data, bytes) or data.startswith(b"PK"):
            raise Refused("holds tensors in another format than such files do")
        self._left -= len(data)
        if self._left < 0:  # the same bytes, named over and over
            raise Refused("unfolds to more than it holds")
        try:
            storage = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise Refused("holds a tensor with more in it than numbers") from error
        if not isinstance(storage, torch.storage.TypedStorage):
            raise Refused("holds tensors in another format than such files do")
        flat = torch.empty(0, dtype=storage.dtype)
        return flat.set_(storage._untyped_storage)


def _rebuilt_tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Tensor:
    return view(storage, offset, size, stride)


def _rebuilt_object(meta: Any) -> _Record:
    if not (isinstance(meta, dict) and meta.get("type") == "class"):
        raise Refused("describes an object as such files do not")
    record = _Record()
    record.__setstate__(meta.get("state"))
    return record


def _generator(root: Any) -> _Record:
    for name in _NETWORKS:
        found = root.get(name) if isinstance(root, dict) else None
        if isinstance(found, _Record) and "_modules" in found.state:
            return found
    raise Refused("holds no generator (G_ema or G)")


def _collect(module: _Record, prefix: str, state: dict[str, Tensor], budget: Budget) -> None:
    check_depth(prefix)
    passing = module.state.get("_non_persistent_buffers_set", ())
    for kind in ("_parameters", "_buffers"):
        for name, value in module.state.get(kind, {}).items():
            if isinstance(value, Tensor) and not (kind == "_buffers" and name in passing):
                budget.spend(value.numel() * value.element_size())
                state[f"{prefix}{name}"] = value
    for name, value in module.state.get("_modules", {}).items():
        if isinstance(value, _Record):
            budget.spend(0)
            _collect(value, f"{prefix}{name}.", state, budget)
