"""Weights come out of TorchScript archives as torch itself reads them, and nothing runs."""

from __future__ import annotations

import pickle
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
