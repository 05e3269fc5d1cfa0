from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from compose.core import devices
from compose.core.devices import (
    available_cores,
    require_torch,
    resolve_device,
    resolve_gpus,
    resolve_precision,
    tune_malloc,
)
from compose.core.errors import UsageError


def test_auto_never_fails_and_is_a_device() -> None:
    device = resolve_device("auto")
    assert resolve_device(device) == device


def test_cpu_does_not_import_torch() -> None:
    code = "import sys; from compose.core.devices import *; resolve_device('cpu'); tune_malloc(); "
    code += "resolve_precision('auto', 'cpu'); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("text", ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU", "cuda:999"])
def test_what_is_no_device_here_is_wrong_usage(text: str) -> None:
    pytest.importorskip("torch")
    with pytest.raises(UsageError, match=r"use (--device )?auto"):
        resolve_device(text)


def test_without_torch_auto_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert resolve_device("auto") == "cpu"
    for attempt in (lambda: resolve_device("cuda"), lambda: require_torch("training")):
        with pytest.raises(UsageError, match="pip install"):
            attempt()


def test_broken_driver_leaves_auto_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")

    def broken() -> bool:
        raise RuntimeError("driver too old")

    monkeypatch.setattr(torch.cuda, "is_available", broken)
    assert resolve_device("auto") == "cpu"


@pytest.mark.parametrize("text", ["", "0,", "a", "0,0", "1,01"])
def test_lists_of_gpus(text: str) -> None:
    with pytest.raises(UsageError, match="--gpus 0,1"):
        resolve_gpus(text)


def test_gpus_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "resolve_device", lambda text: text)
    assert resolve_gpus("1,0") == ["cuda:1", "cuda:0"]


def test_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_precision("auto", "cpu", auto="bf16") == "fp32"
    assert resolve_precision("auto", "cuda:0") == "fp32"
    assert resolve_precision("bf16", "cpu") == "bf16"
    assert resolve_precision("fp16", "cuda:0") == "fp16"
    for text, device in (("fp16", "cpu"), ("fp64", "cpu")):
        with pytest.raises(UsageError):
            resolve_precision(text, device)
    torch = pytest.importorskip("torch")
    for has, expected in ((True, "bf16"), (False, "fp16")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda has=has: has)
        assert resolve_precision("auto", "cuda:0", auto="bf16") == expected


def test_malloc_tuning_is_safe_to_repeat() -> None:
    tune_malloc()
    tune_malloc()
    assert available_cores() >= 1
