"""A state dict that `torch.save` wrote (torch 1.6 or newer), as numpy arrays and without torch.

The file is a zip archive: `data.pkl` describes names and tensors as a pickle, and `data/*` are the
tensors' bytes. The pickle is not given to Python's own reader, which calls what a file names. The
few instructions that such a file needs are followed here, and they make dicts, lists, tuples and
notes of tensors, so that there is nothing which a file could call, change or have without end.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ModelError
from ..core.names import printable

_STEPS = 500_000  # instructions of a pickle; a tensor takes some thirty
_PICKLE = 8 * 2**20  # bytes of a pickle; a tensor takes some two hundred
_DIRECTORY = 4 * 2**20  # bytes of an archive's table of contents; a tensor takes some eighty
_TIMES = 4  # the arrays' bytes to the file's: half precision is widened, and weights may be tied
_MOST_AXES = 64  # numpy's own bound
_OLD_FORMAT = bytes.fromhex("6cfc9c46f9206aa85019")  # the number that such files begin with

# by the storage's class: what lies in the file, and what it becomes
_KINDS: dict[str, tuple[str, Any]] = {
    "torch FloatStorage": ("<f4", np.float32),
    "torch DoubleStorage": ("<f8", np.float32),
    "torch HalfStorage": ("<f2", np.float32),
    "torch BFloat16Storage": ("<u2", np.float32),
    "torch LongStorage": ("<i8", np.int64),
    "torch IntStorage": ("<i4", np.int32),
    "torch ShortStorage": ("<i2", np.int16),
    "torch CharStorage": ("i1", np.int8),
    "torch ByteStorage": ("u1", np.uint8),
    "torch BoolStorage": ("u1", np.bool_),  # a byte other than 0 and 1 would make no bool
}
_TENSOR, _PARAMETER = "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"
_DICT = "collections OrderedDict"
_KNOWN = frozenset({*_KINDS, _TENSOR, _PARAMETER, _DICT})

_AS_PUBLISHED = "give the file as its authors published it."
_NOT_RUN = (
    "and running what is in it is refused; convert it to safetensors where you trust it, or "
    + _AS_PUBLISHED
)
_MORE = "is damaged or holds more than weights, " + _NOT_RUN
_UNFOLDS = "unfolds to more than it holds; " + _AS_PUBLISHED


class _Refused(Exception):
    """What is wrong with a file that can be read, without its name."""


class _Global(NamedTuple):
    """A name in a pickle, as "module name"; it stands for nothing that could be called."""

    name: str


class _Storage(NamedTuple):
    kind: str
    key: str
    numel: int


class _Tensor(NamedTuple):
    """As the file describes it; looked at only where the tensor is wanted."""

    storage: _Storage
    offset: Any
    size: Any
    stride: Any


def load_torch_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Tensors by name, floating ones in single precision, each contiguous and on its own.

    Reads what `torch.save` wrote of a state dict, which may lie under "state_dict" or "model", as
    `load_state_file` does, and needs no torch. Nothing in the file is run. Of the rest of a
    checkpoint, such as an optimiser's state, no tensor is read.

    Raises:
        ModelError: the file cannot be read, is damaged, holds more than weights or no state dict,
            or was written in the format of torch before 1.6.
    """
    try:
        with _File(path) as file:
            archive = _Archive(file)
            found = _state(_follow(archive.pickle()))
            return {name: archive.array(tensor) for name, tensor in found.items()}
    except _Refused as error:
        raise ModelError(f"{printable(path)} {error}") from error
    except Exception as error:  # on damaged bytes zipfile and numpy fail with whatever they meet
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "damaged?"
        raise ModelError(
            f"cannot read {printable(path)} as a file of torch.save ({reason}); check the path, "
            "or pull it again."
        ) from error


class _File(io.FileIO):
    """A file that makes no room for a table of contents, or a member, of any size it claims."""

    most = _DIRECTORY

    def read(self, size: int | None = -1, /) -> bytes:
        """As files do.

        Raises:
            _Refused: more than `most` bytes are asked for at once.
        """
        if size is not None and size > self.most:
            raise _Refused(_UNFOLDS)
        return super().read(size) or b""


class _Archive:
    """The members of a file of `torch.save`.

    Raises:
        _Refused: it is no such archive, or an ambiguous one.
    """

    def __init__(self, file: _File) -> None:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        if _OLD_FORMAT in file.read(32):
            raise _Refused(
                "is in the format of torch before 1.6, which only torch reads; give the published "
                "file, or load it with torch and save it again."
            )
        self._zip = zipfile.ZipFile(file)
        file.most = size
        self._unread = self._unmade = _TIMES * size
        self._storages: dict[str, bytes] = {}
        names = self._zip.namelist()
        pickles = [n for n in names if n.count("/") == 1 and n.endswith("/data.pkl")]
        if len(set(names)) < len(names) or len(pickles) != 1:
            raise _Refused("is no archive of torch.save; " + _AS_PUBLISHED)
        self._folder = pickles[0].removesuffix("data.pkl")
        order = f"{self._folder}byteorder"  # older files do not say, and are little
        if order in names and self._read(order, 16) != b"little":
            raise _Refused(
                "was written on a big-endian machine; load it with torch and save it again on "
                "another."
            )

    def pickle(self) -> bytes:
        """The description of what was saved."""
        return self._read(f"{self._folder}data.pkl", _PICKLE)

    def array(self, tensor: _Tensor) -> NDArray[Any]:
        """A tensor's numbers, copied.

        Raises:
            _Refused: it reaches beyond its storage, or the arrays become larger than the file.
        """
        storage, offset, size, stride = tensor
        if type(size) is not tuple or type(stride) is not tuple or len(size) != len(stride):
            raise _Refused(_MORE)
        numbers = (offset, *size, *stride)
        # checked before any arithmetic, which has no end on numbers of a million digits
        if len(size) > _MOST_AXES or not all(type(n) is int and 0 <= n < 2**63 for n in numbers):
            raise _Refused(_MORE)
        stored, made = np.dtype(_KINDS[storage.kind][0]), np.dtype(_KINDS[storage.kind][1])
        self._unmade -= prod(size) * made.itemsize
        if self._unmade < 0:
            raise _Refused(_UNFOLDS)
        if 0 in size:
            return np.empty(size, made)
        if offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) >= storage.numel:
            raise _Refused("holds a tensor that is larger than its numbers; " + _AS_PUBLISHED)
        step = stored.itemsize
        strides = [s * step if n > 1 else 0 for n, s in zip(size, stride, strict=True)]
        # unlike `as_strided`, this checks the bounds once more itself
        seen: NDArray[Any] = np.ndarray(size, stored, self._bytes(storage), offset * step, strides)
        if storage.kind == "torch BFloat16Storage":  # the upper half of single precision
            wide = seen.astype(np.uint32, order="C")
            return np.left_shift(wide, 16, out=wide).view(np.float32)
        with np.errstate(all="ignore"):  # what is too large for single precision becomes infinite
            return seen.astype(made, order="C")

    def _bytes(self, storage: _Storage) -> bytes:
        if storage.key not in self._storages:
            member = f"{self._folder}data/{storage.key}"
            self._storages[storage.key] = self._read(member, self._unread)
        found = self._storages[storage.key]
        if len(found) != storage.numel * np.dtype(_KINDS[storage.kind][0]).itemsize:
            raise _Refused(_MORE)
        return found

    def _read(self, name: str, most: int) -> bytes:
        member = self._zip.getinfo(name)
        self._unread -= member.file_size
        if member.file_size > most or self._unread < 0:
            raise _Refused(_UNFOLDS)
        # the other methods make room for as much as a member claims
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _Refused("is no archive of torch.save; " + _AS_PUBLISHED)
        with self._zip.open(member) as file:
            found = file.read(member.file_size)  # with no number it would inflate without a bound
        if len(found) != member.file_size:
            raise EOFError
        return found


def _state(root: Any) -> dict[str, _Tensor]:
    if not isinstance(root, dict):
        kind = "tensor" if isinstance(root, _Tensor) else type(root).__name__
        raise _Refused(f"holds a {kind} and not a state dict; give the file of weights itself.")
    for key in ("state_dict", "model"):
        if isinstance(root.get(key), dict):
            root = root[key]
    return {k: v for k, v in root.items() if isinstance(k, str) and isinstance(v, _Tensor)}


def _follow(pickled: bytes) -> Any:
    """What a pickle describes, of plain containers, numbers, strings and `_Tensor`.

    Raises:
        _Refused: it is damaged, too long, or names or does anything else.
    """
    try:
        return _followed(pickled)
    except (LookupError, ValueError) as error:
        raise _Refused(_MORE) from error


def _followed(pickled: bytes) -> Any:
    stack: list[Any] = []
    outer: list[list[Any]] = []  # the stacks below each mark
    memo: dict[int, Any] = {}
    for step, (code, operand, _) in enumerate(pickletools.genops(pickled)):
        given: Any = operand
        if step == _STEPS:
            raise _Refused(_UNFOLDS)
        match code.name:
            case "PROTO":
                pass
            case "STOP":
                return stack.pop()
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT" | "BINUNICODE" | "NONE":
                stack.append(given)
            case "NEWTRUE" | "NEWFALSE":
                stack.append(code.name == "NEWTRUE")
            case "GLOBAL":
                stack.append(_known(given))
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                items = [stack.pop() for _ in range(int(code.name[-1]))]
                stack.append(tuple(reversed(items)))
            case "MARK":
                outer.append(stack)
                stack = []
            case "TUPLE":
                items, stack = stack, outer.pop()
                stack.append(tuple(items))
            case "APPENDS":
                items, stack = stack, outer.pop()
                _append(stack[-1], items)
            case "APPEND":
                item = stack.pop()
                _append(stack[-1], [item])
            case "SETITEMS":
                items, stack = stack, outer.pop()
                _put(stack[-1], items)
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                _put(stack[-1], [key, value])
            case "BINPUT" | "LONG_BINPUT":
                memo[given] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[given])
            case "BINPERSID":
                stack.append(_storage(stack.pop()))
            case "REDUCE":
                arguments = stack.pop()
                stack.append(_result(stack.pop(), arguments))
            case "BUILD":  # the versions of the modules, which torch hangs on the dict
                if not isinstance(stack.pop(), dict) or not isinstance(stack[-1], dict):
                    raise _Refused(_MORE)
            case _:
                raise _Refused(_MORE)
    raise _Refused(_MORE)


def _known(name: str) -> _Global:
    if name not in _KNOWN:
        shown = printable(name[:80].replace(" ", "."))
        raise _Refused(f"names {shown}, which is more than weights, {_NOT_RUN}")
    return _Global(name)


def _append(target: Any, items: list[Any]) -> None:
    if type(target) is not list:
        raise _Refused(_MORE)
    target.extend(items)


def _put(target: Any, items: list[Any]) -> None:
    if type(target) is not dict:
        raise _Refused(_MORE)
    for key, value in zip(items[::2], items[1::2], strict=True):
        # tuples in tuples would overflow the stack when hashed, and large numbers can all collide
        if type(key) is not str and not (type(key) is int and 0 <= key < 2**32):
            raise _Refused(_MORE)
        target[key] = value


def _storage(said: Any) -> _Storage:
    if type(said) is tuple and len(said) == 5:
        word, kind, key, _, count = said  # the fourth is the device
        if (
            word == "storage"
            and isinstance(kind, _Global)
            and kind.name in _KINDS
            and type(key) is str
            and type(count) is int
        ):
            return _Storage(kind.name, key, count)
    raise _Refused(_MORE)


def _result(function: Any, arguments: Any) -> Any:
    if isinstance(function, _Global) and type(arguments) is tuple:
        match function.name, arguments:
            case name, () if name == _DICT:
                return {}
            case name, (_Tensor() as tensor, *_) if name == _PARAMETER:
                return tensor
            # after the gradient and its hooks come marks, such as one that negates the numbers
            case name, (_Storage() as storage, offset, size, stride, _, _, *marks) if (
                name == _TENSOR and not any(marks)
            ):
                return _Tensor(storage, offset, size, stride)
    raise _Refused(_MORE)
