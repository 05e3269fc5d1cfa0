"""DeepLab from small random weights under torchvision's names, against a plain second reading."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from compose.core.errors import ModelError
from compose.core.voc import VOC_CLASSES
from compose.models.cache import UserPaths
from compose.models.deeplab import DeepLab, DeepLabConfig
from compose.models.segmenter_deeplab import DeepLabSegmenter, load_deeplab, open_deeplab

TINY = DeepLabConfig(blocks=(1, 2, 2, 3), width=4, head=8)


def tiny_state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    net = DeepLab(TINY)
    for name, value in net.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
        elif value.is_floating_point():
            value.normal_(0, 0.3)
    state = dict(net.state_dict())
    # the head that only training uses, which the published file has, too
    state["aux_classifier.0.weight"] = torch.zeros(3, 3)
    state["aux_classifier.4.bias"] = torch.zeros(21)
    return state


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("deeplab") / "deeplabv3_resnet101_coco-586e9e4e.pth"
    torch.save(tiny_state(), path)
    return path


def plain(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """The network's logits, written down a second time from the papers."""

    def unit(x: Tensor, conv: str, norm: str, stride: int = 1, pad: int = 0, d: int = 1) -> Tensor:
        x = F.conv2d(x, state[f"{conv}.weight"], None, stride, pad, d)
        return F.batch_norm(
            x,
            state[f"{norm}.running_mean"],
            state[f"{norm}.running_var"],
            state[f"{norm}.weight"],
            state[f"{norm}.bias"],
        )

    x = unit(x, "backbone.conv1", "backbone.bn1", 2, 3).relu()
    x = F.max_pool2d(x, 3, 2, 1)
    # stride of the first block, distances in the first and in further blocks
    for stage, (stride, first, further) in enumerate(
        [(1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 4)], 1
    ):
        for number in range(TINY.blocks[stage - 1]):
            base = f"backbone.layer{stage}.{number}"
            step, d = (stride, first) if number == 0 else (1, further)
            y = unit(x, f"{base}.conv1", f"{base}.bn1").relu()
            y = unit(y, f"{base}.conv2", f"{base}.bn2", step, d, d).relu()
            y = unit(y, f"{base}.conv3", f"{base}.bn3")
            if f"{base}.downsample.0.weight" in state:
                x = unit(x, f"{base}.downsample.0", f"{base}.downsample.1", step)
            x = (x + y).relu()
    head = "classifier.0.convs"
    views = [unit(x, f"{head}.0.0", f"{head}.0.1")]
    views += [
        unit(x, f"{head}.{i}.0", f"{head}.{i}.1", pad=rate, d=rate)
        for i, rate in ((1, 12), (2, 24), (3, 36))
    ]
    mean = unit(x.mean((2, 3), keepdim=True), f"{head}.4.1", f"{head}.4.2")
    views.append(mean.expand_as(views[0]))
    x = torch.cat([view.relu() for view in views], 1)
    x = unit(x, "classifier.0.project.0", "classifier.0.project.1").relu()
    x = unit(x, "classifier.1", "classifier.2", pad=1).relu()
    return F.conv2d(x, state["classifier.4.weight"], state["classifier.4.bias"])


def test_logits_equal_a_plain_reading(published: Path) -> None:
    net = load_deeplab(published).eval()
    x = torch.randn(2, 3, 70, 101, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        ours, theirs = net(x), plain(tiny_state(), x)
    assert ours.shape == (2, 21, 9, 13)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))


def test_names_and_size_of_the_published_network() -> None:
    with torch.device("meta"):
        state = DeepLab().state_dict()
    assert len([n for n in state if n.startswith("backbone.layer3.22.")]) == 18
    assert state["backbone.layer4.0.downsample.0.weight"].shape == (2048, 1024, 1, 1)
    assert state["classifier.0.convs.3.0.weight"].shape == (256, 2048, 3, 3)
    assert state["classifier.0.convs.4.1.weight"].shape == (256, 2048, 1, 1)
    assert state["classifier.0.project.0.weight"].shape == (256, 1280, 1, 1)
    assert state["classifier.4.bias"].shape == (21,)
    # torchvision's 60,996,202 include 2,365,0xx of the auxiliary head
    auxiliary = 1024 * 256 * 9 + 2 * 256 + 256 * 21 + 21
    counted = sum(v.numel() for n, v in state.items() if n.endswith(("weight", "bias")))
    assert counted + auxiliary == 60_996_202


class Painted(nn.Module):
    """Logits by colour: grey is background, red a cat, blue a dog."""

    def forward(self, x: Tensor) -> Tensor:
        small = F.avg_pool2d(x, 8, ceil_mode=True)
        logits = torch.zeros(len(x), 21, *small.shape[2:])
        logits[:, 0] = 6
        logits[:, VOC_CLASSES.index("cat")] = 4 * (small[:, 0] - small[:, 2])
        logits[:, VOC_CLASSES.index("dog")] = 4 * (small[:, 2] - small[:, 0])
        return logits


def test_a_class_s_parts_become_instances() -> None:
    rgb = np.full((96, 160, 3), 128, np.uint8)
    rgb[16:64, 16:56] = (250, 0, 0)
    rgb[16:64, 96:136] = (250, 0, 0)
    rgb[72:96, 64:104] = (0, 0, 250)
    rgb[80, 150] = (250, 0, 0)  # a speck
    engine = DeepLabSegmenter(Painted())  # type: ignore[arg-type]
    found = engine.segment(rgb)
    assert sorted(str(i.label) for i in found) == ["cat", "cat", "dog"]
    assert [i.score for i in found] == sorted((i.score for i in found), reverse=True)
    assert all(0.75 < i.score <= 1 for i in found)
    for instance in found:
        colour = np.median(rgb[instance.mask], 0)
        assert colour[0 if instance.label == "cat" else 2] == 250
        assert abs(instance.area - 40 * (48 if instance.label == "cat" else 24)) < 200
    assert not np.logical_and.reduce([i.mask for i in found[:2]]).any()
    labels, probability = engine.classes(rgb)
    assert (labels.dtype, labels.shape, probability.shape) == (np.uint8, (96, 160), (96, 160))
    assert (labels[:8, 60:90] == 0).all()
    assert engine.segment(rgb[:, :12]) == []


def test_probabilities_are_a_softmax(published: Path) -> None:
    net = load_deeplab(published)
    rgb = np.random.default_rng(0).integers(0, 256, (45, 61, 3), np.uint8)
    labels, probability = DeepLabSegmenter(net).classes(rgb)
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    x = (torch.from_numpy(rgb).float() / 255 - torch.tensor(mean)) / torch.tensor(deviation)
    with torch.inference_mode():
        logits = F.interpolate(net(x.permute(2, 0, 1)[None]), (45, 61), mode="bilinear")
    best, index = logits.softmax(1)[0].max(0)
    assert (labels == index.numpy()).mean() > 0.999
    np.testing.assert_allclose(probability, best.numpy(), atol=2e-3)


def test_other_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)
    with pytest.raises(ModelError, match="compose models pull deeplabv3-resnet101"):
        open_deeplab()
    state = tiny_state()
    few = {**state, "classifier.4.weight": torch.zeros(5, 8, 1, 1)}
    for kept, reason in (
        ({"weight": torch.zeros(2)}, r"layer1' is missing"),
        ({n: v for n, v in state.items() if "layer2.1.bn3" not in n}, "is missing"),
        (few, "knows 5 classes"),
    ):
        torch.save(kept, tmp_path / "x.pth")
        with pytest.raises(ModelError, match=reason):
            load_deeplab(tmp_path / "x.pth")


class Evil:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.target),)


def test_a_pickle_with_code_is_refused(tmp_path: Path) -> None:
    torch.save({"backbone.conv1.weight": Evil(tmp_path / "made")}, tmp_path / "evil.pth")
    with pytest.raises(ModelError, match="refused"):
        load_deeplab(tmp_path / "evil.pth")
    assert not (tmp_path / "made").exists()


def test_the_user_s_file_is_taken(published: Path) -> None:
    engine = open_deeplab(user=UserPaths({"deeplabv3-resnet101": published}))
    assert engine.name == "deeplab"
    engine.segment(np.zeros((20, 30, 3), np.uint8))
