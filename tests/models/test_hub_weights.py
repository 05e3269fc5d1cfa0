import os
import pickle
from pathlib import Path

import pytest

from compose.core.errors import ModelError
from compose.models.weights_io import load_pickle_weights_only, load_safetensors

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")


class Evil:
    """A pickle that would make a folder when it is read."""

    def __init__(self, place: Path) -> None:
        self.place = str(place)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.place,)


def test_safetensors_come_back(tmp_path: Path) -> None:
    weights = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(1, dtype=torch.float16)}
    safetensors.save_file(weights, tmp_path / "w.safetensors")
    loaded = load_safetensors(tmp_path / "w.safetensors")
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name], weights[name]) for name in weights)
    assert loaded["b"].dtype == torch.float16


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"\xff" * 9, b"\x08" + bytes(7) + b"{}"])
def test_what_is_no_safetensors_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w\n.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="as a safetensors file") as caught:
        load_safetensors(tmp_path / "w\n.safetensors")
    assert str(caught.value).isprintable()


def test_state_dicts_come_back_as_the_authors_nested_them(tmp_path: Path) -> None:
    torch.save({"model": {"a": torch.ones(2, 3)}, "epoch": 3}, tmp_path / "w.pth")
    loaded = load_pickle_weights_only(tmp_path / "w.pth")
    assert torch.equal(loaded["model"]["a"], torch.ones(2, 3))
    assert loaded["epoch"] == 3


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_not_run(tmp_path: Path, zipped: bool) -> None:
    trap = tmp_path / "run"
    torch.save({"a": Evil(trap)}, tmp_path / "evil.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match="holds more than weights"):
        load_pickle_weights_only(tmp_path / "evil.pth")
    assert not trap.exists()
    torch.load(tmp_path / "evil.pth", weights_only=False)  # it is a trap indeed
    assert trap.exists()


def test_a_bare_pickle_is_not_run_either(tmp_path: Path) -> None:
    trap = tmp_path / "run"
    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"a": Evil(trap)}))
    with pytest.raises(ModelError):
        load_pickle_weights_only(tmp_path / "evil.pth")
    assert not trap.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x00" * 100, b"<html></html>", b"\x80"])
def test_what_torch_did_not_save_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load_pickle_weights_only(tmp_path / "w.pth")
    assert str(caught.value).isprintable()


def test_truncated_weights_are_one_sentence(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(100, 30)}, tmp_path / "w.pth")
    whole = (tmp_path / "w.pth").read_bytes()
    for length in (10, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "w.pth").write_bytes(whole[:length])
        with pytest.raises(ModelError):
            load_pickle_weights_only(tmp_path / "w.pth")


def test_a_missing_file_and_a_tensor_alone_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        load_pickle_weights_only(tmp_path / "w.pth")
    with pytest.raises(ModelError, match="No such file"):
        load_safetensors(tmp_path / "w.safetensors")
    torch.save(torch.ones(3), tmp_path / "t.pth")
    with pytest.raises(ModelError, match="holds a Tensor"):
        load_pickle_weights_only(tmp_path / "t.pth")
