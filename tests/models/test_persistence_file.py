"""Networks in pickles of the published container: read as they are, and nothing in them run."""

from __future__ import annotations

import functools
import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from compose.core.errors import ModelError
from compose.models.inpainter_mat import load_mat
from compose.models.persistence_file import load_persistence_state

from .malicious import Touch
from .networks_pickle import EasyDict, Persistent, as_network, networks_pickle
from .test_inpainter_mat import random_state, save, scene


def written(path: Path, content: Any, protocol: int = 4) -> Path:
    path.write_bytes(networks_pickle(content, protocol))
    return path


def small(value: float = 1.0, name: str = "weight") -> nn.Module:
    return as_network({f"layer.{name}": torch.full((2, 3), value)})


class Calls:
    """Pickled as a call of any function."""

    def __init__(self, function: Any, *args: Any) -> None:
        self._call = function, args

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_mat_is_the_same_from_its_pickle_and_from_its_state_dict(
    tmp_path: Path, protocol: int
) -> None:
    state = random_state(noise=True)
    content = {
        "training_set_kwargs": EasyDict(path="somewhere", resolution=512, seed=np.int64(3)),
        "G": as_network({k: v + 1 for k, v in state.items()}),
        "D": small(),
        "augment_pipe": None,
        "G_ema": as_network(state),
    }
    path = written(tmp_path / "Places_512_FullData.pkl", content, protocol)
    read = load_persistence_state(path)
    assert read.keys() == state.keys()
    assert all(torch.equal(read[name], value) for name, value in state.items())
    rgb, hole = scene()
    save(tmp_path / "g.pth", noise=True)
    wanted = load_mat(tmp_path / "g.pth").fill(rgb, hole, 1)
    np.testing.assert_array_equal(load_mat(path).fill(rgb, hole, 1), wanted)


def test_views_other_precisions_and_passing_buffers(tmp_path: Path) -> None:
    base = torch.arange(12.0).half().view(3, 4)
    net = as_network({"a.weight": base.t()[1:, :2], "n": torch.tensor([5])})
    net.register_buffer("passing", torch.ones(2), persistent=False)
    net.register_parameter("none", None)
    read = load_persistence_state(written(tmp_path / "n.pkl", {"G": net}))
    assert read.keys() == {"a.weight", "n"}
    assert read["a.weight"].dtype == torch.float32
    torch.testing.assert_close(read["a.weight"], base.t()[1:, :2].float())
    assert read["n"].tolist() == [5]


def evil_storage(touched: Path) -> Any:
    file = io.BytesIO()
    torch.save(Touch(touched), file, _use_new_zipfile_serialization=False)
    return Calls(torch.storage._load_from_bytes, file.getvalue())


def evil_pickle(touched: Path) -> Any:
    return Calls(torch.storage._load_from_bytes, pickle.dumps(Touch(touched)))


def chained(touched: Path) -> Any:
    return Calls(getattr, Calls(getattr, EasyDict, "__class__"), "__subclasses__")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Touch, r"names posix\.mkdir"),
        (evil_storage, "more in it than numbers"),
        (evil_pickle, "more in it than numbers|damaged"),
        (lambda t: Calls(eval, f"__import__('os').mkdir({str(t)!r})"), r"names builtins\.eval"),
        (lambda t: Calls(getattr, EasyDict, "__class__"), r"names builtins\.getattr"),
        (chained, r"names builtins\.getattr"),
        (lambda t: Calls(functools.partial(os.mkdir, str(t))), r"names functools\.partial"),
        (lambda t: Calls(io.open, str(t), "w"), r"names _?io\.open"),
        (lambda t: Calls(torch.load, str(t)), r"names torch\.serialization\.load"),
        (lambda t: Calls(torch.hub.load, str(t)), r"names torch\.hub\.load"),
        (lambda t: Calls(np.load, str(t)), r"names numpy"),
    ],
)
@pytest.mark.parametrize("where", ["top", "state", "source", "arguments", "tensor"])
def test_nothing_else_is_called(tmp_path: Path, make: Any, why: str, where: str) -> None:
    touched = tmp_path / "touched"
    evil, net = make(touched), small()
    content: dict[str, Any] = {"G_ema": net}
    if where == "top":
        content["more"] = evil
    elif where == "state":
        net.__dict__["more"] = evil
    elif where == "source":
        net.source = evil
    elif where == "arguments":
        net.__dict__["_init_kwargs"] = EasyDict(act=[evil])
    else:
        net.get_submodule("layer")._parameters["weight"] = evil
    path = written(tmp_path / "n.pkl", content)
    with pytest.raises(ModelError, match=f"({why})[^\n]*\\.$"):
        load_persistence_state(path)
    assert not touched.exists()


def test_recorded_classes_are_not_imported_and_functions_do_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks/__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    # a call of networks.mat.evil('x')
    (tmp_path / "n.pkl").write_bytes(b"cnetworks.mat\nevil\n(X\x01\x00\x00\x00xtR.")
    with pytest.raises(ModelError, match=r"holds no generator \(G_ema or G\)[^\n]*\.$"):
        load_persistence_state(tmp_path / "n.pkl")


def test_what_reads_the_file_cannot_be_changed_by_it(tmp_path: Path) -> None:
    from compose.models import persistence_file

    path = tmp_path / "n.pkl"
    for name in ("torch._utils\n_rebuild_tensor_v2", "torch_utils.x\ny", "builtins\nset"):
        # (None, {"__defaults__": (1,), "state": 1}) as the state of the thing itself
        path.write_bytes(
            b"\x80\x02c" + name.encode() + b"\n"
            b"N}(X\x0c\x00\x00\x00__defaults__K\x01\x85X\x05\x00\x00\x00stateK\x01u\x86b."
        )
        with pytest.raises(ModelError, match=r"[^\n]*\.$"):
            load_persistence_state(path)
    assert persistence_file._rebuilt_tensor.__defaults__ is None
    assert not isinstance(persistence_file._Record.__dict__["state"], int)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04.",
        b"\x80\x04}.",
        b"not a pickle",
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",  # bytes of 2**63 - 1
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f",  # a frame of as many
        b"\x80\x02Nr\xff\xff\xff\x7f.",  # the memo of number 2**31 - 1
        b"(" * 100_000 + b"t" * 100_000 + b".",
        networks_pickle({"G_ema": small()})[:-40],
    ],
)
def test_damaged_files_end_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "n.pkl").write_bytes(content)
    with pytest.raises(ModelError, match=r"[^\n]*\.$"):
        load_persistence_state(tmp_path / "n.pkl")
    with pytest.raises(ModelError, match=r"No such file[^\n]*\.$"):
        load_persistence_state(tmp_path / "missing.pkl")


def test_small_files_do_not_unfold_to_large_ones(tmp_path: Path) -> None:
    doubling = small()
    for _ in range(40):
        outer = Persistent()
        outer._modules |= {"a": doubling, "b": doubling}
        doubling = outer
    one = torch.zeros(1)
    wide = as_network({"weight": one.expand(10**12)})
    data = io.BytesIO()
    storage = torch.zeros(9000)._typed_storage()
    torch.save(storage, data, _use_new_zipfile_serialization=False)
    raw, repeated = data.getvalue(), Persistent()
    repeated.__dict__["more"] = [Calls(torch.storage._load_from_bytes, raw) for _ in range(9)]
    zipped = io.BytesIO()
    torch.save(torch.zeros(2), zipped)
    archive = Persistent()
    archive.__dict__["more"] = Calls(torch.storage._load_from_bytes, zipped.getvalue())
    for net, why in [
        (doubling, "unfolds to more than it holds"),
        (wide, "larger than its numbers"),
        (repeated, "unfolds to more than it holds"),
        (archive, "another format"),
    ]:
        with pytest.raises(ModelError, match=f"({why})[^\n]*\\.$"):
            load_persistence_state(written(tmp_path / "n.pkl", {"G_ema": net}))


def test_what_lies_under_the_generators_name_has_to_be_one(tmp_path: Path) -> None:
    for content in ({"D": small()}, {"G_ema": {"weight": 1}}, [small()], small(), {"G": None}):
        with pytest.raises(ModelError, match=r"holds no generator[^\n]*\.$"):
            load_persistence_state(written(tmp_path / "n.pkl", content))
    path = written(tmp_path / "n.pkl", {"G": small(2.0), "D": None})
    assert load_persistence_state(path)["layer.weight"].tolist() == [[2.0] * 3] * 2
    with pytest.raises(ModelError, match=r"does not hold MAT's generator[^\n]*\.$"):
        load_mat(path)
