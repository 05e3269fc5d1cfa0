"""Rounded weights say the same in torch and in the packed file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from compose.models.crop_export import export
from compose.models.packing import (
    fold_batch_norms,
    int8_rows,
    pack_state,
    packed_state,
    round_int8,
    unpack_state,
)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(3, 32, 3, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 16, 3), nn.Flatten(), nn.Linear(16 * 4 * 4, 20),
    )  # fmt: skip
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
    return body.eval()


def test_int8_rows_are_off_by_half_a_step_at_most() -> None:
    weight = np.random.default_rng(0).normal(size=(5, 7, 3)).astype(np.float32)
    weight[2] = 0
    whole, scale = int8_rows(weight)
    assert whole.dtype == np.int8
    assert (np.abs(whole * scale - weight) <= scale / 2 + 1e-7).all()
    again, _ = int8_rows(whole * scale)
    assert (again == whole).all()


def test_folding_keeps_the_answers() -> None:
    body, x = network(), torch.randn(2, 3, 8, 8)
    before = body(x)
    fold_batch_norms(body)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in body.modules())
    torch.testing.assert_close(body(x), before, atol=1e-5, rtol=1e-4)


def test_a_packed_file_answers_as_torch_does(tmp_path: Path) -> None:
    body = network()
    fold_batch_norms(body)
    round_int8(body)
    x = torch.randn(1, 3, 8, 8)
    target = tmp_path / "packed.onnx"
    export(body, (x,), ["x"], ["y"], target, {"config": {"a": 1}})
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": x.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(found, body(x).numpy(), atol=1e-5)
    assert session.get_modelmeta().custom_metadata_map["config"] == '{"a": 1}'
    state = packed_state(target)
    for name, value in body.state_dict().items():
        torch.testing.assert_close(state[name], value, atol=1e-7, rtol=1e-6)


def test_a_packed_state_comes_back() -> None:
    body = network()
    round_int8(body)
    packed = pack_state(body)
    assert any(name.endswith(".int8") for name in packed)
    state = unpack_state(packed)
    assert state.keys() == body.state_dict().keys()
    for name, value in body.state_dict().items():
        torch.testing.assert_close(state[name], value, atol=1e-7, rtol=1e-6)


def test_packing_is_deterministic_and_small(tmp_path: Path) -> None:
    body = nn.Linear(64, 64)
    round_int8(body)
    for name in ("a", "b"):
        export(body, (torch.zeros(1, 64),), ["x"], ["y"], tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").stat().st_size < 64 * 64 * 2
