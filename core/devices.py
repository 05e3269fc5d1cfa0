"""Where networks run and in which precision; torch is imported only when something asks for it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import sys
from typing import Literal

from .errors import UsageError

Precision = Literal["fp32", "fp16", "bf16"]

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


def available_cores() -> int:
    """How many cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(len(os.sched_getaffinity(0)), 1)
    return os.cpu_count() or 1


def tune_malloc() -> None:
    """Let glibc keep large blocks instead of handing them back to the kernel.

    On the CPU, torch spends up to most of its time on page faults of big activations
    otherwise; the price is memory that stays with the process. Elsewhere it does nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # another C library
        return
    mallopt(_M_MMAP_THRESHOLD, 1 << 30)
    mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def require_torch(purpose: str, extra: str = "torch") -> None:
    """Make `import torch` possible and fast; call it just before.

    Args:
        purpose: what needs it.
        extra: of this package, which brings it.

    Raises:
        UsageError: torch is not installed.
    """
    if importlib.util.find_spec("torch") is None:
        raise UsageError(f"{purpose} needs torch; run: pip install 'compose-toolkit[{extra}]'.")
    tune_malloc()
    # threads of OpenMP that wait for each other spin only briefly: for long they take the cores
    # from each other and from everybody else; it has to be said before the library is loaded
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def resolve_device(text: str) -> str:
    """The device that `auto`, `cpu`, `cuda`, `cuda:N` or `mps` stands for here.

    `auto` takes a GPU where torch finds one and never fails. `cpu` does not import torch.

    Returns:
        "cpu", "mps" or "cuda:N".

    Raises:
        UsageError: another word, or a device that is not here.
    """
    if text == "cpu":
        return "cpu"
    if text == "auto":
        return _best_device()
    wanted = re.fullmatch(r"cuda(?::(\d+))?|mps", text)
    if wanted is None:
        raise UsageError(f"'{text}' is no device; use auto, cpu, cuda, cuda:N or mps.")
    require_torch(f"--device {text}")
    import torch

    if text == "mps":
        if not torch.backends.mps.is_available():
            raise UsageError("there is no mps device here; use --device auto.")
        return "mps"
    number, count = int(wanted[1] or 0), torch.cuda.device_count()
    if number >= count:
        raise UsageError(f"there is no {text} here (GPUs: {count}); use --device auto.")
    return f"cuda:{number}"


def resolve_gpus(text: str) -> list[str]:
    """The devices of a list such as `0,1`, each once.

    Raises:
        UsageError: no list of numbers, a number twice, or a GPU that is not here.
    """
    if not re.fullmatch(r"\d+(,\d+)*", text):
        raise UsageError(f"'{text}' is no list of GPUs; write numbers as in --gpus 0,1.")
    numbers = text.split(",")
    if len({int(number) for number in numbers}) < len(numbers):
        raise UsageError(f"'{text}' names a GPU twice; name each once as in --gpus 0,1.")
    return [resolve_device(f"cuda:{number}") for number in numbers]


def resolve_precision(text: str, device: str, *, auto: Precision = "fp32") -> Precision:
    """The precision to run with on `device`.

    Args:
        text: auto, fp32, fp16 or bf16.
        device: as from `resolve_device`.
        auto: what a CUDA device gets for `auto`. Small networks keep fp32, so that they answer
            alike everywhere; a large one asks for bf16, which becomes fp16 on cards without it.

    Raises:
        UsageError: another word, or fp16 where there is no GPU.
    """
    if text == "fp32" or text == "bf16":
        return "bf16" if text == "bf16" else "fp32"
    if text == "fp16":
        if device == "cpu":
            raise UsageError("fp16 needs a GPU; use --precision fp32 or bf16 on the CPU.")
        return "fp16"
    if text != "auto":
        raise UsageError(f"'{text}' is no precision; use auto, fp32, fp16 or bf16.")
    if not device.startswith("cuda") or auto == "fp32":
        return "fp32"
    import torch

    return "fp16" if auto == "bf16" and not torch.cuda.is_bf16_supported() else auto


def _best_device() -> str:
    if importlib.util.find_spec("torch") is None:
        return "cpu"
    tune_malloc()
    try:
        import torch

        if torch.cuda.is_available() and torch.cuda.device_count() > 0:
            return "cuda:0"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    except (ImportError, OSError, RuntimeError):  # a broken driver or build must not stop a CPU run
        return "cpu"
