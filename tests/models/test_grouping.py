"""The grouping network: what runs equals torch, and the trunks run once a picture."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from compose.core.errors import ModelError
from compose.models.crop_builtin import weights_folder
from compose.models.grouping import CELLS, GROUPING, ObjectGrouping
from compose.models.grouping_export import export_grouping
from compose.models.grouping_net import (
    CHANNELS,
    GroupingConfig,
    GroupingNet,
    cell_features,
    load_grouping_net,
)
from compose.models.packing import round_int8
from compose.models.saliency_builtin import BuiltinSaliency
from compose.models.saliency_features import SHAPES, SaliencyTrunks
from compose.models.segmenters import open_segmenter
from compose.models.small_net import small_net_bytes


@pytest.fixture(scope="module")
def trunks() -> SaliencyTrunks:
    return SaliencyTrunks(1, weights_folder())


def picture(seed: int = 0, height: int = 60, width: int = 90) -> np.ndarray:
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    rgb[10:40, 20:50] = (200, 40, 30)
    return rgb


def small_net() -> GroupingNet:
    torch.manual_seed(1)
    net = GroupingNet(GroupingConfig(width=8, length=4))
    net.mean.normal_()
    net.deviation.uniform_(0.5, 2)
    round_int8(net)
    return net.eval()


@torch.inference_mode()
def expected(net: GroupingNet, trunks: SaliencyTrunks, rgb: np.ndarray) -> np.ndarray:
    maps = {name: torch.tensor(values)[None] for name, values in trunks.maps(rgb).items()}
    return torch.sigmoid(net.logits(cell_features(maps)[0])).numpy()


@pytest.mark.parametrize("shipped", [False, True])
def test_what_runs_equals_torch(shipped: bool, trunks: SaliencyTrunks, tmp_path: Path) -> None:
    net = load_grouping_net(weights_folder() / "grouping.safetensors") if shipped else small_net()
    if not shipped:
        export_grouping(net, tmp_path / GROUPING)
    engine = ObjectGrouping(trunks, folder=None if shipped else tmp_path)
    rgb = picture()
    cells = np.random.default_rng(2).permutation(CELLS * CELLS)[:200]
    found = engine.affinity(rgb, cells)
    assert found is not None
    np.testing.assert_allclose(found, expected(net, trunks, rgb)[np.ix_(cells, cells)], atol=2e-3)
    np.testing.assert_array_equal(found, found.T)
    assert found.dtype == np.float32
    assert 0 <= found.min() < found.max() <= 1
    assert engine.affinity(rgb[:1], cells) is None


def test_features_of_a_cell_are_those_at_its_place() -> None:
    maps = {name: torch.zeros(1, c, n, n) for name, (c, n) in SHAPES.items()}
    maps["near_tokens"][0, 5, 3, 7] = 1
    maps["tokens"][0, :, 8:] = 2
    features = cell_features(maps)
    assert features.shape == (1, CELLS * CELLS, CHANNELS)
    assert features[0, 3 * CELLS + 7, 384 + 5] == 1
    assert features[0, :, 384:768].sum() == 1
    assert features[0, : 10 * CELLS, :384].max() == 0
    assert features[0, 20 * CELLS :, :384].min() == 2


def test_the_trunks_run_once_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    compute = SaliencyTrunks._computed

    def counted(self: SaliencyTrunks, rgb: np.ndarray) -> object:
        runs.append(rgb.shape)
        return compute(self, rgb)

    monkeypatch.setattr(SaliencyTrunks, "_computed", counted)
    shared = SaliencyTrunks(1, weights_folder())
    saliency, grouping = BuiltinSaliency(trunks=shared), ObjectGrouping(shared)
    rgb, cells = picture(), np.arange(40)
    first = saliency.read(rgb)
    grouping.affinity(rgb, cells)
    assert len(runs) == 1
    rgb[30:, :] = 0  # the same array, but another picture
    other = saliency.read(rgb)
    assert len(runs) == 2
    assert np.abs(other - first).max() > 0.01
    # another shape of the same bytes
    saliency.read(rgb.reshape(90, 60, 3))
    assert len(runs) == 3


def test_threads_do_not_take_each_other_s_maps(trunks: SaliencyTrunks) -> None:
    pictures = [picture(seed, 48, 64) for seed in range(3)]
    alone = [trunks.maps(rgb)["tokens"] for rgb in pictures]
    with ThreadPoolExecutor(3) as pool:
        for _ in range(2):
            together = pool.map(lambda rgb: trunks.maps(rgb)["tokens"], pictures)
            for one, other in zip(alone, together, strict=True):
                np.testing.assert_array_equal(one, other)


def test_maps_cannot_be_spoilt(trunks: SaliencyTrunks) -> None:
    rgb = picture()
    maps = trunks.maps(rgb)
    with pytest.raises(ValueError, match="read-only"):
        maps["tokens"][0] = 0
    maps.clear()
    assert set(trunks.maps(rgb)) == set(SHAPES)


def test_the_segmenter_opens_with_it() -> None:
    for instance in open_segmenter("salient").segment(picture()):
        assert instance.mask.shape == (60, 90)


def test_missing_and_foreign_files_are_refused(trunks: SaliencyTrunks, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="grouping"):
        ObjectGrouping(trunks, folder=tmp_path)
    (tmp_path / GROUPING).write_bytes((weights_folder() / "saliency.onnx").read_bytes())
    with pytest.raises(ModelError, match="train it again"):
        ObjectGrouping(trunks, folder=tmp_path)
    with pytest.raises(ModelError, match="another network"):
        load_grouping_net(weights_folder() / "saliency.safetensors")


def test_the_network_is_read_back_as_it_was_packed(tmp_path: Path) -> None:

    net = small_net()
    file = tmp_path / "g.safetensors"
    file.write_bytes(small_net_bytes(net, net.config))
    again = load_grouping_net(file)
    assert again.config == net.config
    for (name, one), other in zip(
        net.state_dict().items(), again.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(one, other, msg=name)
