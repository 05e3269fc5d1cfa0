"""State dicts are the same without torch as with it, and no file harms or fills the reader."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tracemalloc
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from compose.core.errors import ModelError
from compose.models.state_file import load_state_file
from compose.models.torch_arrays import load_torch_arrays

from .malicious import Touch

MIB = 2**20
DTYPES = [
    torch.float32,
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
]
LAYOUTS = ["plain", "turned", "stepped", "later", "spread", "parameter"]


def random_tensor(dtype: torch.dtype, shape: Sequence[int], layout: str, seed: int) -> Tensor:
    """Any bits, so infinite and other odd numbers too."""
    generator = torch.Generator().manual_seed(seed)
    padded = [n + 2 for n in shape]
    if dtype == torch.bool:
        whole = torch.rand(padded, generator=generator) < 0.5
    else:
        width = torch.empty(0, dtype=dtype).element_size()
        size = [*padded, width]
        whole = torch.randint(256, size, dtype=torch.uint8, generator=generator).view(dtype)
        whole = whole.view(padded)
    part = whole[tuple(slice(1, 1 + n) for n in shape)]
    if layout == "turned":
        return part.permute(list(reversed(range(part.ndim))))
    if layout == "stepped":
        return whole[tuple(slice(None, None, 2) for _ in shape)]
    if layout == "later":
        return part
    if layout == "spread":
        return part[..., None].expand(*shape, 3)
    if layout == "parameter":
        return nn.Parameter(part.clone(), requires_grad=dtype.is_floating_point)
    return part.clone()


def assert_same(path: Path) -> dict[str, np.ndarray]:
    found, wanted = load_torch_arrays(path), load_state_file(path)
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        numbers = value.detach().numpy()
        assert found[name].dtype == numbers.dtype
        assert found[name].shape == numbers.shape
        np.testing.assert_array_equal(found[name], numbers)
        assert found[name].flags.c_contiguous
        assert found[name].flags.writeable
    return found


tensors = st.builds(
    random_tensor,
    st.sampled_from(DTYPES),
    st.lists(st.integers(0, 5), max_size=3),
    st.sampled_from(LAYOUTS),
    st.integers(0, 99),
)


@settings(deadline=None, max_examples=80)
@given(
    state=st.dictionaries(st.text(max_size=20), tensors, max_size=5),
    ordered=st.booleans(),
    key=st.sampled_from([None, "model", "state_dict"]),
)
def test_arrays_are_what_torch_reads(
    state: dict[str, Tensor], ordered: bool, key: str | None
) -> None:
    whole: Any = OrderedDict(state) if ordered else state
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.pt"
        torch.save(whole if key is None else {key: whole, "epoch": 3, "loss": [0.5, None]}, path)
        assert assert_same(path).keys() == state.keys()


def test_a_networks_own_state_dict_with_tied_weights_and_an_optimiser(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(5, 6), nn.Linear(5, 6))
    net[3].weight = net[2].weight
    optimiser = torch.optim.Adam(net.parameters())
    net[:2](torch.rand(1, 3, 8, 8)).sum().backward()
    optimiser.step()
    whole = {"model": net.state_dict(), "optimizer": optimiser.state_dict(), "best": True}
    torch.save(whole, tmp_path / "net.pt")
    assert assert_same(tmp_path / "net.pt").keys() == net.state_dict().keys()
    torch.save(net.state_dict(), tmp_path / "net.pt")
    found = assert_same(tmp_path / "net.pt")
    found["2.weight"][:] = 0
    assert found["3.weight"].all()


def test_views_of_one_storage_are_told_apart(tmp_path: Path) -> None:
    both = torch.arange(12.0).bfloat16().view(3, 4)
    torch.save({"turned": both.T, "row": both[1], "one": both[2, 3]}, tmp_path / "net.pt")
    found = assert_same(tmp_path / "net.pt")
    assert found["one"].tolist() == 11
    assert found["turned"][3].tolist() == [3, 7, 11]


def test_an_archive_may_be_compressed_and_may_not_say_its_byte_order(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    torch.save({"a": torch.rand(500), "b": torch.arange(9)}, path)
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(tmp_path / "small.pt", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if not name.endswith("byteorder"):
                new.writestr(name, old.read(name))
    found = load_torch_arrays(tmp_path / "small.pt")
    for name, value in load_torch_arrays(path).items():
        np.testing.assert_array_equal(found[name], value)


def test_torch_is_not_imported(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2, 3).half()}, tmp_path / "net.pt")
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from compose.models.torch_arrays import load_torch_arrays\n"
        "assert load_torch_arrays(Path(sys.argv[1]))['a'].sum() == 6\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "net.pt")], check=True)


# Files made by hand: instructions of a pickle, and the archive around them.


def text(value: str) -> bytes:
    return b"X" + len(value.encode()).to_bytes(4, "little") + value.encode()


def number(value: int) -> bytes:
    count = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([count]) + value.to_bytes(count, "little", signed=True)


def numbers(values: Sequence[int]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(kind: str = "FloatStorage", key: str = "0", numel: int = 4) -> bytes:
    said = text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu")
    return b"(" + said + number(numel) + b"tQ"


def tensor(
    size: bytes = numbers([4]),
    stride: bytes = numbers([1]),
    offset: int = 0,
    stored: bytes = storage(),
    marks: bytes = b"",
) -> bytes:
    rest = b"\x89ccollections\nOrderedDict\n)R" + marks
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + stored
        + number(offset)
        + size
        + stride
        + rest
        + b"tR"
    )


def state(value: bytes) -> bytes:
    return b"\x80\x02}" + text("a") + value + b"s."


def archive(path: Path, pickled: bytes, data: bytes = bytes(16), **more: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("net/data.pkl", pickled)
        out.writestr("net/data/0", data)
        for name, content in more.items():
            out.writestr(f"net/{name}", content)
    return path


def refused(path: Path, why: str = "", most: int = 8 * MIB) -> None:
    """The file ends in a sentence that matches `why`, and takes no more than `most` bytes."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match=f"({why})[^\n]*\\.$"):
            load_torch_arrays(path)
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def read_or_refused(path: Path) -> None:
    said = "."
    try:
        found = load_torch_arrays(path)
        assert all(isinstance(value, np.ndarray) for value in found.values())
    except ModelError as error:
        said = str(error)
    assert "\n" not in said
    assert said.endswith(".")


MORE, UNFOLDS = "damaged or holds more than weights", "unfolds to more than it holds"
LARGER = "larger than its numbers"


def test_the_hand_made_file_is_read(tmp_path: Path) -> None:
    data = np.arange(4, dtype="<f4").tobytes()
    path = archive(tmp_path / "net.pt", state(tensor()), data, byteorder=b"little", version=b"3\n")
    assert load_torch_arrays(path)["a"].tolist() == [0, 1, 2, 3]
    assert assert_same(path)
    odd = state(tensor(stored=storage("BoolStorage")))
    assert load_torch_arrays(archive(path, odd, b"\0\1\2\xff"))["a"].tolist() == [
        False,
        *[True] * 3,
    ]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (tensor(offset=1), LARGER),
        (tensor(offset=-1), MORE),
        (tensor(offset=2**62), LARGER),
        (tensor(stride=numbers([2])), LARGER),
        (tensor(stride=numbers([-1]), offset=3), MORE),
        (tensor(stride=numbers([2**62])), LARGER),
        (tensor(stride=numbers([2**900])), MORE),
        (tensor(size=numbers([5])), LARGER),
        (tensor(size=numbers([-4])), MORE),
        (tensor(size=numbers([2, 2])), MORE),
        (tensor(size=numbers([2**61]), stride=numbers([0])), UNFOLDS),
        (tensor(size=numbers([10**6]), stride=numbers([0])), UNFOLDS),
        (tensor(size=numbers([2**62] * 64), stride=numbers([0] * 64)), UNFOLDS),
        (tensor(size=numbers([2] * 65), stride=numbers([0] * 65)), MORE),
        (tensor(size=numbers([2**1900] * 60), stride=numbers([0] * 60)), MORE),
        (tensor(size=numbers([0, 2**62, 2**62]), stride=numbers([1] * 3)), "damaged"),
        (tensor(size=b"}"), MORE),
        (tensor(size=b"N"), MORE),
        (tensor(size=b"G" + bytes(8) + b"\x85"), MORE),
        (tensor(size=b"\x88\x85"), MORE),
        (tensor(stored=storage(numel=5)), MORE),
        (tensor(stored=storage(numel=2**900)), MORE),
        (tensor(stored=storage(numel=-4)), LARGER),
        (tensor(stored=storage("DoubleStorage")), MORE),
        (tensor(stored=storage("ComplexFloatStorage")), r"names torch\.ComplexFloatStorage"),
        (tensor(stored=storage(key="1")), "damaged"),
        (tensor(stored=storage(key="../data.pkl")), "damaged"),
        (tensor(stored=b"N"), MORE),
        (tensor(stored=b"NQ"), MORE),
        (tensor(stored=text("storage") + b"Q"), MORE),
        (tensor(marks=b"}" + text("neg") + b"\x88s"), MORE),
    ],
)
def test_tensors_stay_within_their_numbers(tmp_path: Path, value: bytes, why: str) -> None:
    refused(archive(tmp_path / "net.pt", state(value)), why)


DOUBLING = b")" + b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(90))
CHANGES = b"}" + text("name") + b"Nsb"


@pytest.mark.parametrize(
    ("pickled", "why"),
    [
        (b"", MORE),
        (b".", MORE),
        (b"junk", MORE),
        (b"\x80\x02}", MORE),
        (b"\x80\x02\x8b\xff\xff\xff\x7f", MORE),  # an integer of 2**31 - 1 bytes
        (b"\x80\x02\x8b" + (10**6).to_bytes(4, "little") + b"\x7f" * 10**6 + b".", MORE),
        (b"\x80\x02L" + b"9" * 10**6 + b"L\n.", MORE),
        (b"\x80\x02X\xff\xff\xff\xff", MORE),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f", MORE),
        (b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f", MORE),
        (b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7f", MORE),
        (b"\x80\x02Nr\xff\xff\xff\xff.", "holds a NoneType and not a state dict"),
        (b"\x80\x02h\x07.", MORE),
        (b"\x80\x02}" + DOUBLING + b"Ns.", MORE),
        (b"\x80\x02" + DOUBLING + b"Q.", MORE),
        (state(tensor(size=DOUBLING)), MORE),
        (state(b"ccollections\nOrderedDict\n" + DOUBLING + b"R"), MORE),
        (b"\x80\x02}" + number(2**61 - 1) + b"Ns.", MORE),
        (b"\x80\x02}NNs.", MORE),
        (b"\x80\x02}(NNNu.", MORE),
        (b"\x80\x02](eNt.", MORE),
        (b"\x80\x02NNs.", MORE),
        (b"\x80\x02}Na.", MORE),
        (state(b"ctorch._utils\n_rebuild_parameter\n" + CHANGES), MORE),
        (state(b"ccollections\nOrderedDict\n" + CHANGES), MORE),
        (state(b"ctorch\nFloatStorage\n" + CHANGES), MORE),
        (state(tensor() + CHANGES), MORE),
        (state(tensor() + b"(K\x01K\x02tb"), MORE),
        (state(b"ccollections\nOrderedDict\n)\x81"), MORE),
        (state(b"ccollections\nOrderedDict\n]\x85R"), MORE),
        (state(b"ctorch._utils\n_rebuild_parameter\n)R"), MORE),
        (state(b"ctorch._utils\n_rebuild_tensor_v2\n)R"), MORE),
        (state(b"ctorch\nFloatStorage\n)R"), MORE),
        (state(b"N)R"), MORE),
        (state(b"(ios\nsystem\n"), MORE),
        (state(b"\x82\x01"), MORE),
        (state(b"cbuiltins\neval\n"), r"names builtins\.eval.*is refused"),
        (state(b"ctorch._utils\n_rebuild_tensor_v2.__globals__\n"), "names torch"),
        (state(b"c" + b"\x1b[2J" * 9999 + b"\nx\n"), "names .x1b"),
        (state(b"c__torch__\nModule\n"), r"names __torch__\.Module"),
        (b"\x80\x02].", "holds a list and not a state dict; give the file of weights"),
        (b"\x80\x02" + tensor() + b".", "holds a tensor and not"),
    ],
)
def test_pickles_of_anything_else_end_in_a_sentence(
    tmp_path: Path, pickled: bytes, why: str
) -> None:
    path = archive(tmp_path / "net.pt", pickled)
    refused(path, why)
    with pytest.raises(ModelError) as caught:
        load_torch_arrays(path)
    assert len(str(caught.value)) < len(str(path)) + 700


def test_nesting_does_not_end_the_process(tmp_path: Path) -> None:
    deep = b")" + b"\x85" * 200_000
    refused(archive(tmp_path / "net.pt", b"\x80\x02}" + deep + b"Ns."), MORE, 64 * MIB)
    deep = deep[:50_000]
    refused(archive(tmp_path / "net.pt", state(tensor(size=deep))), MORE, 64 * MIB)
    assert load_torch_arrays(archive(tmp_path / "net.pt", state(deep))) == {}
    itself = b"\x80\x02}q\x00" + text("model") + b"h\x00s" + text("w") + tensor() + b"s."
    assert load_torch_arrays(archive(tmp_path / "net.pt", itself)).keys() == {"w"}


def test_pickles_do_not_unfold(tmp_path: Path) -> None:
    for each in (b"}", b"(", b")\x85"):
        refused(archive(tmp_path / "net.pt", b"\x80\x02" + each * 500_000), UNFOLDS, 64 * MIB)
    long = archive(tmp_path / "net.pt", b"\x80\x02}" + text("a" * (9 * MIB)) + b"Ns.")
    refused(long, UNFOLDS)


def test_one_storage_under_many_names_does_not_unfold(tmp_path: Path) -> None:
    value = b"\x80\x02}q\x00" + text("0") + tensor(numbers([MIB]), stored=storage(numel=MIB))
    value += b"q\x01s" + b"".join(text(str(n)) + b"h\x01s" for n in range(1, 300)) + b"."
    path = archive(tmp_path / "net.pt", value, bytes(4 * MIB))
    refused(path, UNFOLDS, 32 * MIB)


def test_nothing_is_run(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    for content in (Touch(touched), {"a": Touch(touched)}, {"model": {}, "more": [Touch(touched)]}):
        torch.save(content, tmp_path / "net.pt")
        refused(tmp_path / "net.pt", r"names posix\.mkdir, which is more than weights.*refused")
    assert not touched.exists()


def test_tensors_of_other_kinds_are_refused(tmp_path: Path) -> None:
    negated = torch._neg_view(torch.ones(3))
    for value in (negated, torch.ones(2, dtype=torch.complex64), torch.ones(2).to_sparse()):
        torch.save({"a": value}, tmp_path / "net.pt")
        refused(tmp_path / "net.pt", f"{MORE}|names torch")


def zipped(path: Path, value: bytes, method: int = zipfile.ZIP_STORED, **claims: int) -> Path:
    """An archive whose table of contents claims other things of the numbers' bytes."""
    with zipfile.ZipFile(path, "w", method) as out:
        out.writestr("net/data.pkl", state(tensor()), zipfile.ZIP_STORED)
        out.writestr("net/data/0", value)
        for name, claim in claims.items():
            setattr(out.infolist()[1], name, claim)
    return path


@pytest.mark.parametrize(
    ("method", "claims", "why"),
    [
        (zipfile.ZIP_DEFLATED, {}, UNFOLDS),
        (zipfile.ZIP_DEFLATED, {"file_size": 16}, "damaged"),
        (zipfile.ZIP_DEFLATED, {"file_size": 16, "compress_size": 2**40}, "damaged"),
        (zipfile.ZIP_BZIP2, {"file_size": 16}, "no archive"),
        (zipfile.ZIP_LZMA, {"file_size": 16}, "no archive"),
        (zipfile.ZIP_STORED, {"file_size": 2**63}, UNFOLDS),
        (zipfile.ZIP_STORED, {"file_size": 2**32, "compress_size": 2**32}, UNFOLDS),
        (zipfile.ZIP_STORED, {"header_offset": 2**40}, "cannot read"),
        (zipfile.ZIP_STORED, {"header_offset": 0}, "damaged"),
        (zipfile.ZIP_STORED, {"CRC": 1, "file_size": 16, "compress_size": 16}, "damaged"),
    ],
)
def test_members_are_no_larger_than_they_may_be(
    tmp_path: Path, method: int, claims: dict[str, int], why: str
) -> None:
    value = bytes(16 if method == zipfile.ZIP_STORED else 20 * MIB)
    refused(zipped(tmp_path / "net.pt", value, method, **claims), why)


def test_a_compressed_pickle_does_not_unfold(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.pt", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("net/data.pkl", b"}" * 10 * MIB)
    refused(tmp_path / "net.pt", UNFOLDS)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_are_ambiguous_or_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    for names in (
        ["net/data.pkl", "net/data/0", "net/data/0"],
        ["net/data.pkl", "net/data.pkl"],
        ["net/data.pkl", "more/data.pkl"],
        ["net/more/data.pkl"],
        ["data.pkl"],
        [],
    ):
        with zipfile.ZipFile(path, "w") as out:
            for name in names:
                out.writestr(name, state(tensor()))
        refused(path, r"is no archive of torch\.save; give the file as its authors")
    with zipfile.ZipFile(path, "w") as out:
        for number in range(20_000):
            out.writestr(f"{number}{'x' * 200}", b"")
    refused(path, UNFOLDS)
    refused(archive(path, state(tensor()), byteorder=b"big"), "big-endian machine")
    refused(archive(path, state(tensor()), byteorder=b"b" * 99), UNFOLDS)


def test_files_that_are_no_archives_end_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    torch.save({"a": torch.ones(3)}, path, _use_new_zipfile_serialization=False)
    refused(path, r"torch before 1\.6.*give the published file")
    for content in (b"", b"PK\x03\x04 cut short", b"\x80\x02}.", bytes(9999)):
        path.write_bytes(content)
        refused(path, "cannot read .*net.pt as a file of torch.save .damaged")
    refused(tmp_path / "absent.pt", "No such file")
    refused(tmp_path, "Is a directory")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "net.pt"
    torch.manual_seed(0)
    torch.save(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).half().state_dict(), path)
    return path.read_bytes()


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_files_cut_short_end_in_a_sentence(whole: bytes, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.pt"
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        refused(path)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_changed_bytes_end_in_a_sentence_or_in_arrays(whole: bytes, data: st.DataObject) -> None:
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.pt"
        path.write_bytes(changed)
        read_or_refused(path)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_changed_pickles_end_in_a_sentence_or_in_arrays(data: st.DataObject) -> None:
    changed = bytearray(state(tensor()))
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = archive(Path(folder) / "net.pt", bytes(changed))
        read_or_refused(path)
