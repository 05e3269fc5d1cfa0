"""Weights come out of TorchScript archives as torch itself reads them, and nothing runs."""

from __future__ import annotations

import io
import pickle
import sys
import types
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from compose.core.errors import ModelError
from compose.models.state_file import load_state_file
from compose.models.torchscript import is_torchscript, load_torchscript_state


def network() -> nn.Module:
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    whole = nn.Sequential(trunk, nn.Flatten(), nn.Linear(4 * 6 * 7, 5)).eval()
    trunk[1].running_mean.uniform_(-1, 1)
    return whole


def save(module: nn.Module, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's, of TorchScript itself
        torch.jit.trace(module, torch.rand(1, 3, 8, 9)).save(str(path))


def test_the_weights_are_those_that_torch_saved(tmp_path: Path) -> None:
    path, module = tmp_path / "net.pt", network()
    save(module, path)
    assert is_torchscript(path)
    found, wanted = load_torchscript_state(path), module.state_dict()
    assert set(found) >= {n for n in wanted if not n.endswith("num_batches_tracked")}
    for name in wanted.keys() & found.keys():
        assert found[name].dtype == wanted[name].dtype
        assert torch.equal(found[name], wanted[name])


def test_half_precision_is_widened(tmp_path: Path) -> None:
    path, holder = tmp_path / "net.pt", nn.Module()
    holder.visual = nn.Linear(3, 4).half()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(holder).save(str(path))
    assert load_torchscript_state(path)["visual.weight"].dtype == torch.float16
    assert torch.equal(load_state_file(path)["visual.weight"], holder.visual.weight.float())


def test_views_of_one_storage_are_told_apart(tmp_path: Path) -> None:
    holder = nn.Module()
    both = torch.arange(12.0).view(3, 4)
    holder.register_buffer("turned", both.T)
    holder.register_buffer("row", both[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(holder).save(str(tmp_path / "net.pt"))
    found = load_torchscript_state(tmp_path / "net.pt")
    assert torch.equal(found["turned"], both.T)
    assert torch.equal(found["row"], both[1])


def test_state_dicts_come_nested_or_not(tmp_path: Path) -> None:
    state = {"a": torch.ones(2, dtype=torch.float64), "n": torch.tensor(3)}
    for number, whole in enumerate([state, {"state_dict": state, "epoch": 4}, {"model": state}]):
        path = tmp_path / f"{number}.pth"
        torch.save(whole, path)
        assert not is_torchscript(path)
        found = load_state_file(path)
        assert found["a"].dtype == torch.float32
        assert found["n"].item() == 3


def archive(path: Path, pickled: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("net/data.pkl", pickled)
        out.writestr("net/code/__torch__.py", "raise SystemExit")
    return path


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (eval, ("__import__('os').mkdir('harmed')",))


def test_code_in_the_pickle_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = archive(tmp_path / "evil.pt", pickle.dumps({"weight": Evil()}))
    with pytest.raises(ModelError, match="cannot read the weights"):
        load_torchscript_state(path)
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("pickled", [b"", b"junk", pickle.dumps([1])[:-3]])
def test_damaged_archives_end_in_one_sentence(tmp_path: Path, pickled: bytes) -> None:
    with pytest.raises(ModelError, match="as its authors published it") as caught:
        load_torchscript_state(archive(tmp_path / "bad.pt", pickled))
    assert "\n" not in str(caught.value)


def test_other_files_are_no_torchscript(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"PK\x03\x04 cut short")
    assert not is_torchscript(tmp_path / "a.pt")
    assert not is_torchscript(tmp_path / "absent.pt")
    with pytest.raises(ModelError):
        load_state_file(tmp_path / "a.pt")


class _Storage:
    """What a pickle of an archive says of a tensor's bytes."""


class _Says(pickle.Pickler):
    def persistent_id(self, value: object) -> object:
        if isinstance(value, _Storage):
            return ("storage", torch.FloatStorage, "0", "cpu", 1)
        return None


def crafted(path: Path, stride: int) -> Path:
    """An archive whose module has a tensor of three numbers on a storage of one."""
    written = io.BytesIO()
    fake, holder = types.ModuleType("__torch__"), type("Holder", (), {"__module__": "__torch__"})
    fake.Holder = holder  # type: ignore[attr-defined]
    sys.modules["__torch__"] = fake
    try:
        value = holder()
        value.weight = _Rebuilt(stride)
        _Says(written, protocol=2).dump(value)
    finally:
        del sys.modules["__torch__"]
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("net/data.pkl", written.getvalue())
        out.writestr("net/data/0", b"\0" * 4)
        out.writestr("net/code/__torch__.py", "")
    return path


class _Rebuilt:
    def __init__(self, stride: int) -> None:
        self.stride = stride

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        size = (1,) if self.stride else (300_000_000,)
        parts = (_Storage(), 0, size, (self.stride,), False, {})
        return torch._utils._rebuild_tensor_v2, parts


def test_a_small_file_does_not_unfold_to_a_large_tensor(tmp_path: Path) -> None:
    whole = load_torchscript_state(crafted(tmp_path / "whole.pt", 1))
    assert {name: value.tolist() for name, value in whole.items()} == {"weight": [0.0]}
    with pytest.raises(ModelError, match="larger than its numbers"):
        load_torchscript_state(crafted(tmp_path / "bomb.pt", 0))


def test_bytes_that_are_compressed_beyond_the_file_are_refused(tmp_path: Path) -> None:
    path = crafted(tmp_path / "net.pt", 1)
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for name in old.namelist():
            out.writestr(name, bytes(10**6) if name.endswith("/0") else old.read(name))
    with pytest.raises(ModelError, match="unfolds to more"):
        load_torchscript_state(tmp_path / "bomb.pt")


def test_a_module_within_itself_is_refused(tmp_path: Path) -> None:
    looped = b"".join(
        (b"c__torch__\nHolder\n", b"q\x01", b")\x81", b"q\x02", b"}X\x04\0\0\0self", b"h\x02sb.")
    )
    with pytest.raises(ModelError, match="without end"):
        load_torchscript_state(archive(tmp_path / "loop.pt", looped))


def test_a_file_cannot_change_what_reads_it(tmp_path: Path) -> None:
    changes = b"ctorch._utils\n_rebuild_parameter\n}X\x05\0\0\0_readNsb."
    with pytest.raises(ModelError, match="changes what reads it"):
        load_torchscript_state(archive(tmp_path / "changes.pt", changes))
