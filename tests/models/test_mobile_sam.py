"""MobileSAM by onnxruntime equals the torch network, and needs no torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from compose.core.boxes import Box
from compose.core.errors import ModelError
from compose.models.crop_builtin import weights_folder
from compose.models.mobile_sam import DECODER, ENCODER, GUESS, PATCH, MobileSamNetwork, Seen
from compose.models.mobile_sam_predictor import MobileSamPredictor
from compose.models.tiny_vit_biases import spread_biases

if TYPE_CHECKING:
    from compose.models.mobile_sam_net import MobileSam

GRAPHS = (ENCODER, GUESS, DECODER)
SIZES = [(90, 60), (60, 90), (64, 64), (7, 5), (300, 4)]  # width and height
BIASES = "image_encoder.layers.1.blocks.0.attn.attention_biases"
TOKEN, NO_GUESS = "mask_decoder.iou_token.weight", "prompt_encoder.no_mask_embed.weight"


@pytest.fixture(scope="module")
def network(mobile_sam_path: Path) -> MobileSamNetwork:
    return MobileSamNetwork(mobile_sam_path)


def picture(width: int, height: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def prompts(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Two points, and none; a point and a box."""
    points = np.array([[0.2, 0.3], [0.7, 0.6], [0, 0], [0.5, 0.5], [0.1, 0.2], [0.8, 0.9]])
    places = (points * (width, height)).reshape(2, 3, 2)
    return places, np.array([[1, 0, -1], [1, 2, 3]])


def torch_answers(
    net: MobileSam,
    rgb: np.ndarray,
    places: np.ndarray,
    labels: np.ndarray,
    guess: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The embedding, the logits and the expected IoU."""
    height, width = rgb.shape[:2]
    scale = 1024 / max(width, height)
    inner = [max(round(width * scale), 1), max(round(height * scale), 1)]
    small = Image.fromarray(rgb).resize((inner[0], inner[1]), Image.Resampling.BILINEAR)
    pixels = torch.tensor(np.asarray(small)).permute(2, 0, 1)[None].float()
    mean, deviation = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
    pixels = (pixels - mean.view(1, 3, 1, 1)) / deviation.view(1, 3, 1, 1)
    cells = [-(-side // 16) for side in inner]
    pixels = F.pad(pixels, (0, cells[0] * 16 - inner[0], 0, cells[1] * 16 - inner[1]))
    encoder = net.prompt_encoder
    with torch.inference_mode():
        embedding = net.image_encoder(pixels)
        added = encoder.no_mask_embed.weight.view(1, -1, 1, 1)
        if guess is not None:
            size = (max(round(inner[0] / 4), 1), max(round(inner[1] / 4), 1))
            part = torch.from_numpy(cv2.resize(guess, size, interpolation=cv2.INTER_AREA))
            part = F.pad(part, (0, cells[0] * 4 - size[0], 0, cells[1] * 4 - size[1]))
            added = encoder.mask_downscaling(part[None, None])
        at = torch.from_numpy(places) * torch.tensor(inner) / torch.tensor([width, height])
        points = encoder.points(((at + 0.5) / 1024).float(), torch.from_numpy(labels))
        grid = encoder.grid(cells[1], cells[0], 64)
        logits, expected = net.mask_decoder(embedding + added, points, grid)
    return embedding.numpy(), logits.numpy(), expected.numpy()


def assert_near(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    assert expected.std() > 0.02  # or nothing would be compared
    np.testing.assert_allclose(found, expected, atol=2e-4 * float(expected.std()), rtol=2e-4)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_answers_equal_those_of_the_torch_network(
    network: MobileSamNetwork, mobile_sam: MobileSam, width: int, height: int
) -> None:
    rgb, (places, labels) = picture(width, height), prompts(width, height)
    seen = network.look(rgb)
    guess = np.random.default_rng(1).normal(0, 8, (height, width)).astype(np.float32)
    for given in (None, guess):
        embedding, logits, expected = torch_answers(mobile_sam, rgb, places, labels, given)
        assert_near(seen.embedding, embedding)
        found = network.answers(seen, places, labels, given)
        assert_near(found[0], logits)
        assert_near(found[1], expected)
    assert found[0].shape == (2, 4, 4 * embedding.shape[2], 4 * embedding.shape[3])
    assert seen.enlarged(found[0][0, 0]).shape == (height, width)


def test_a_batch_answers_as_each_alone(network: MobileSamNetwork) -> None:
    seen = network.look(picture(40, 30))
    places = np.random.default_rng(0).uniform(0, 30, (5, 2, 2))
    labels = np.array([[1, -1], [0, -1], [2, 3], [1, 1], [1, 0]])
    together = network.answers(seen, places, labels)
    for number in range(5):
        part = slice(number, number + 1)
        alone = network.answers(seen, places[part], labels[part])
        for many, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(many[part], one, atol=1e-5)


def test_threads_share_one_network(network: MobileSamNetwork, mobile_sam_path: Path) -> None:
    photos = [picture(*size, seed) for seed, size in enumerate([(40, 10), (10, 30), (32, 8)])]

    def answer(rgb: np.ndarray) -> np.ndarray:
        seen = network.look(rgb)
        return network.answers(seen, *prompts(rgb.shape[1], rgb.shape[0]))[0]

    alone = [answer(rgb) for rgb in photos]
    with ThreadPoolExecutor(3) as pool:
        for found, expected in zip(pool.map(answer, photos * 2), alone * 2, strict=True):
            np.testing.assert_array_equal(found, expected)
    seen = MobileSamNetwork(mobile_sam_path, threads=2).look(photos[0])
    np.testing.assert_allclose(seen.embedding, network.look(photos[0]).embedding, atol=1e-3)


def blank(width: int, height: int) -> Seen:
    """A picture taken in without a network."""
    scale = 1024 / max(width, height)
    inner = (int(width * scale + 0.5), int(height * scale + 0.5))
    cells = [-(-side // PATCH) for side in inner]
    return Seen(np.zeros((1, 256, cells[1], cells[0]), np.float32), (width, height), inner)


def ramp(seen: Seen) -> np.ndarray:
    """Logits that are x + 3y of the picture at the middle of each."""
    rows, columns = (4 * cells for cells in seen.embedding.shape[2:])
    y, x = np.mgrid[:rows, :columns] + 0.5
    x, y = (v * 4 * s / i for v, s, i in zip((x, y), seen.size, seen.inner, strict=True))
    return np.asarray(x + 3 * y, np.float32)


def wanted_ramp(seen: Seen, width: int, height: int) -> np.ndarray:
    """The ramp at the middles of that many pixels."""
    y, x = np.mgrid[:height, :width] + 0.5
    return x * seen.size[0] / width + 3 * y * seen.size[1] / height


@pytest.mark.parametrize("size", [(1500, 900), (333, 500), (100, 100), (640, 7)])
def test_enlarged_logits_lie_where_the_picture_does(size: tuple[int, int]) -> None:
    """Interpolation is linear, so that it keeps a ramp, but for a logit's width at the edges."""
    seen = blank(*size)
    found = seen.enlarged(ramp(seen))
    assert found.shape == size[::-1]
    edge = 1 + 4 * max(size) // 1024
    inside = (slice(edge, size[1] - edge), slice(edge, size[0] - edge))
    np.testing.assert_allclose(found[inside], wanted_ramp(seen, *size)[inside], atol=0.02)


@pytest.mark.parametrize("size", [(1500, 900), (333, 500), (100, 100), (37, 21)])
@pytest.mark.parametrize("longer", [256, 200])
def test_shrunk_logits_lie_where_the_picture_does(size: tuple[int, int], longer: int) -> None:
    seen = blank(*size)
    small = (size[0] * longer // max(size), size[1] * longer // max(size))
    found = seen.shrunk(ramp(seen), small)
    assert found.shape == small[::-1]
    expected, inside = wanted_ramp(seen, *small), (slice(2, -2), slice(2, -2))
    # before version 5, OpenCV counts places in 32nds of a pixel
    atol = 4 * max(size) / longer / 32
    np.testing.assert_allclose(found[inside], expected[inside], atol=atol)
    assert abs((found - expected)[inside].mean()) < atol / 4  # not moved to a side


@pytest.mark.parametrize("size", [(1500, 900), (600, 1000)])
def test_shrunk_logits_are_nearly_the_enlarged_ones_made_smaller(size: tuple[int, int]) -> None:
    seen = blank(*size)
    rows, columns = (4 * cells for cells in seen.embedding.shape[2:])
    noise = np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)
    logits = cv2.GaussianBlur(noise, (0, 0), 6) * 20
    small = (size[0] * 256 // max(size), size[1] * 256 // max(size))
    found = seen.shrunk(logits, small)
    expected = cv2.resize(seen.enlarged(logits), small, interpolation=cv2.INTER_AREA)
    assert np.abs(found - expected).max() < 0.06 * expected.std()
    for moved in (np.roll(found, 1, 0), np.roll(found, 1, 1)):  # a pixel aside would be seen
        assert np.abs(moved - expected)[2:-2, 2:-2].max() > 0.3 * expected.std()


def test_the_predictor_takes_a_picture_in_once(
    network: MobileSamNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    look = network.look
    monkeypatch.setattr(network, "look", lambda rgb: calls.append(rgb.shape) or look(rgb))
    predictor, rgb = MobileSamPredictor(network), picture(24, 12)
    with pytest.raises(ValueError, match="look at a picture first"):
        predictor.at_points(np.zeros((1, 2)))
    for shown in (rgb, rgb.copy(), np.asfortranarray(rgb), rgb[::-1], rgb[::-1], rgb):
        predictor.look(shown)
    assert len(calls) == 3
    predictor.look(rgb.reshape(24, 12, 3))  # the same bytes in another form
    assert calls[3:] == [(24, 12, 3)]


def test_the_predictor_asks_for_each_kind_of_prompt(network: MobileSamNetwork) -> None:
    predictor, rgb = MobileSamPredictor(network), picture(40, 30)
    predictor.look(rgb)
    seen = network.look(rgb)
    points = np.array([[10.0, 12.0], [30.0, 5.0]])
    guess = np.full((30, 40), -10, np.float32)
    guess[5:20, 10:30] = 10

    logits, expected = predictor.at_points(points)
    for number, point in enumerate(points):
        wanted = network.answers(seen, np.array([[point, [0, 0]]]), np.array([[1, -1]]))
        np.testing.assert_allclose(logits[number], wanted[0][0, 1:], atol=1e-5)
        np.testing.assert_allclose(expected[number], wanted[1][0, 1:], atol=1e-5)

    box, corners = Box(3, 4, 33, 25), [[3, 4], [33, 25]]
    on, none = np.array([True, False]), np.zeros((0, 2))
    cases = [
        ((points, on, None, None), [*points, [0, 0]], [1, 0, -1]),
        ((points, on, box, None), [*points, *corners], [1, 0, 2, 3]),
        ((none, on[:0], box, None), corners, [2, 3]),
        ((none, on[:0], box, guess), corners, [2, 3]),
    ]
    for given, places, labels in cases:
        wanted = network.answers(seen, np.array([places], float), np.array([labels]), given[3])
        for several, part in ((True, slice(1, None)), (False, slice(0, 1))):
            found = predictor.at_prompt(*given, several=several)
            np.testing.assert_array_equal(found[0], wanted[0][0, part])
            np.testing.assert_array_equal(found[1], wanted[1][0, part])
    np.testing.assert_array_equal(predictor.enlarged(logits[0, 0]), seen.enlarged(logits[0, 0]))


def test_running_it_imports_no_torch(mobile_sam_path: Path) -> None:
    code = (
        "import sys, numpy\n"
        "from pathlib import Path\n"
        "from compose.models.mobile_sam import MobileSamNetwork\n"
        "from compose.models.mobile_sam_predictor import MobileSamPredictor\n"
        "predictor = MobileSamPredictor(MobileSamNetwork(Path(sys.argv[1])))\n"
        "predictor.look(numpy.zeros((8, 30, 3), 'uint8'))\n"
        "assert predictor.at_points(numpy.ones((2, 2)))[1].shape == (2, 3)\n"
        "sys.exit(' '.join({'torch', 'onnx', 'safetensors'} & set(sys.modules)) or 0)"
    )
    arguments = [sys.executable, "-c", code, str(mobile_sam_path)]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


Change = Callable[[dict[str, torch.Tensor]], Any]


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop(TOKEN),
        lambda state: state.pop(BIASES),
        lambda state: state.pop(NO_GUESS),
        lambda state: state.update({TOKEN: torch.zeros(2, 256)}),
        lambda state: state.update({TOKEN: torch.zeros(1, 256).long()}),
        lambda state: state.update({BIASES: torch.zeros(4, 50)}),
        lambda state: state.update({BIASES: torch.zeros(5, 49)}),
        lambda state: state.update({BIASES: torch.zeros(4, 49, 49)}),
        lambda state: state.update({BIASES: torch.zeros(1, 1000**2)}),
        lambda state: state.update({NO_GUESS: torch.zeros(1)}),
        lambda state: state.update({NO_GUESS: torch.zeros(1, 256).long()}),
        lambda state: state.update({"image_encoder.pos_embed": torch.zeros(1, 64, 64, 768)}),
        lambda state: [state.pop(n) for n in list(state) if n.startswith("image_encoder.")],
        lambda state: state.clear(),
    ],
)
def test_other_networks_get_one_sentence(
    mobile_sam: MobileSam, tmp_path: Path, change: Change, capfd: pytest.CaptureFixture[str]
) -> None:
    state = dict(mobile_sam.state_dict())
    change(state)
    torch.save(state, tmp_path / "net.pt")
    with pytest.raises(ModelError, match=r"net\.pt does not hold MobileSAM; give its published"):
        MobileSamNetwork(tmp_path / "net.pt")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(
    mobile_sam: MobileSam, tmp_path: Path, value: float
) -> None:
    state = dict(mobile_sam.state_dict())
    state[TOKEN] = torch.full((1, 256), value)
    torch.save(state, tmp_path / "net.pt")
    with pytest.raises(ModelError, match=r"net\.pt holds weights that are not numbers; give"):
        MobileSamNetwork(tmp_path / "net.pt")


def test_damaged_and_missing_files_get_one_sentence(mobile_sam_path: Path, tmp_path: Path) -> None:
    whole = mobile_sam_path.read_bytes()
    for name, kept in {"cut.pt": whole[:-1000], "empty.pt": b"", "text.pt": b"no weights"}.items():
        (tmp_path / name).write_bytes(kept)
    for name in ("cut.pt", "empty.pt", "text.pt", "none.pt"):
        with pytest.raises(ModelError, match=f"cannot read .*{name}"):
            MobileSamNetwork(tmp_path / name)


def test_half_precision_and_a_dict_around_it_are_read(
    mobile_sam: MobileSam, network: MobileSamNetwork, tmp_path: Path
) -> None:
    half = {n: v.half() if v.is_floating_point() else v for n, v in mobile_sam.state_dict().items()}
    torch.save({"model": half}, tmp_path / "half.pt")
    rgb = picture(20, 10)
    found = MobileSamNetwork(tmp_path / "half.pt").look(rgb).embedding
    np.testing.assert_allclose(found, network.look(rgb).embedding, atol=0.05)


def test_graphs_that_are_missing_or_damaged_are_the_installation_s(
    mobile_sam_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compose.models.mobile_sam.weights_folder", lambda: tmp_path)
    for name in GRAPHS:
        with pytest.raises(ModelError, match=f"{name} is missing from .*; install the tool again"):
            MobileSamNetwork(mobile_sam_path)
        whole = (weights_folder() / name).read_bytes()
        (tmp_path / name).write_bytes(whole[:1000])
        with pytest.raises(ModelError, match=f"{name} is damaged; install the tool again"):
            MobileSamNetwork(mobile_sam_path)
        (tmp_path / name).write_bytes(whole)
    MobileSamNetwork(mobile_sam_path)


def graph(path: Path) -> Any:
    return pytest.importorskip("onnx").load(str(path), load_external_data=False)


def wanted_shapes(net: MobileSam) -> dict[str, list[int]]:
    """Of all tensors that the graphs ask for."""
    left_out = (NO_GUESS, "num_batches_tracked")
    return {
        name: list(spread_biases(value.numpy()).shape if "biases" in name else value.shape)
        for name, value in net.state_dict().items()
        if not name.endswith(left_out)
    }


def test_the_graphs_that_ship_have_no_weights(mobile_sam: MobileSam) -> None:
    asked: dict[str, list[int]] = {}
    for name in GRAPHS:
        model = graph(weights_folder() / name)
        constants = [each.t for node in model.graph.node for each in node.attribute]
        for tensor in [*model.graph.initializer, *constants]:
            if tensor.external_data:
                assert [(e.key, e.value) for e in tensor.external_data] == [("location", "weights")]
                assert tensor.name not in asked
                asked[tensor.name] = list(tensor.dims)
            held = {field.name: value for field, value in tensor.ListFields()}
            assert len(held.get("raw_data", b"")) <= 64
            assert not {"float_data", "double_data"} & set(held)
        assert (weights_folder() / name).stat().st_size < 700_000
    assert asked == wanted_shapes(mobile_sam)
    assert not (weights_folder() / "weights").exists()  # what is missing must not be found


def test_the_graphs_that_ship_are_those_that_are_exported(
    mobile_sam_path: Path,
    network: MobileSamNetwork,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another version of torch may write other nodes, which must answer the same."""
    pytest.importorskip("onnx")
    from compose.models.mobile_sam_export import export_mobile_sam

    export_mobile_sam(tmp_path)
    for name in GRAPHS:
        old, new = graph(weights_folder() / name), graph(tmp_path / name)
        for part in ("input", "output", "initializer"):
            pair = [{each.name for each in getattr(each.graph, part)} for each in (old, new)]
            assert pair[0] == pair[1]
        if old.producer_version == new.producer_version:
            assert (weights_folder() / name).read_bytes() == (tmp_path / name).read_bytes()
    monkeypatch.setattr("compose.models.mobile_sam.weights_folder", lambda: tmp_path)
    exported, rgb = MobileSamNetwork(mobile_sam_path), picture(50, 30)
    places, labels = prompts(50, 30)
    guess = np.random.default_rng(1).normal(0, 8, (30, 50)).astype(np.float32)
    wanted, found = network.look(rgb), exported.look(rgb)
    assert_near(found.embedding, wanted.embedding)
    for ours, expected in zip(
        exported.answers(wanted, places, labels, guess),
        network.answers(wanted, places, labels, guess),
        strict=True,
    ):
        assert_near(ours, expected)
