"""The trunk's layers against plain definitions; its published answers need the package index."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from compose.models.efficientnet_lite import (
    EfficientNetLite,
    SamePadConv,
    convert_published,
    scaled_channels,
)


@pytest.mark.parametrize(("size", "kernel"), [(8, 3), (9, 3), (8, 5), (11, 5)])
def test_same_padding_is_that_of_tensorflow(size: int, kernel: int) -> None:
    conv = SamePadConv(2, 4, kernel, 2, bias=False)
    x = torch.randn(1, 2, size, size + 2)
    found = conv(x)
    assert found.shape[-2:] == (-(-size // 2), -(-(size + 2) // 2))
    # TensorFlow's rule, written out for each axis: the odd pixel goes behind
    pads = []
    for length in (size + 2, size):
        total = max((-(-length // 2) - 1) * 2 + kernel - length, 0)
        pads += [total // 2, total - total // 2]
    torch.testing.assert_close(found, F.conv2d(F.pad(x, pads), conv.weight, stride=2))


def test_channels_round_to_eight_and_never_far_below() -> None:
    assert [scaled_channels(c, 1.1) for c in (16, 24, 40, 80, 112, 192, 320)] == [
        16, 24, 48, 88, 120, 208, 352,
    ]  # fmt: skip


def published_names(model: EfficientNetLite) -> dict[str, torch.Tensor]:
    """A state dict in the published naming, made from `model`'s own tensors."""
    renamed, number = {}, 0
    own = model.state_dict()

    def take(ours: str, theirs: str) -> None:
        for key, value in own.items():
            module, _, leaf = key.rpartition(".")
            if module == ours:
                renamed[f"{theirs}.{leaf}"] = value

    take("stem.0", "_conv_stem")
    take("stem.1", "_bn0")
    for s, stage in enumerate(model.stages):
        for b in range(len(stage)):
            names = {"depthwise": ("_depthwise_conv", "_bn1"), "project": ("_project_conv", "_bn2")}
            if f"stages.{s}.{b}.expand.0.weight" in own:
                names["expand"] = ("_expand_conv", "_bn0")
            for part, (conv, norm) in names.items():
                take(f"stages.{s}.{b}.{part}.0", f"_blocks.{number}.{conv}")
                take(f"stages.{s}.{b}.{part}.1", f"_blocks.{number}.{norm}")
            number += 1
    take("head.0", "_conv_head")
    take("head.1", "_bn1")
    take("classifier", "_fc")
    return renamed


def test_published_names_are_all_found() -> None:
    torch.manual_seed(0)
    source, target = EfficientNetLite("lite0", 10), EfficientNetLite("lite0", 10)
    target.load_state_dict(convert_published(published_names(source), target))
    for name, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], value), name
    broken = published_names(source)
    broken["_fc.weight"] = broken["_fc.weight"][:5]
    with pytest.raises(ValueError, match=r"classifier\.weight"):
        convert_published(broken, target)


@pytest.mark.network
@pytest.mark.skipif("COMPOSE_TEST_NETWORK" not in os.environ, reason="needs the package index")
@pytest.mark.parametrize(
    ("photo", "answers"),
    [("dogs.jpg", {218, 219, 217}), ("bowl.png", {952, 659, 809})],  # spaniels; fig or bowl
)
def test_known_pictures_get_known_answers(photo: str, answers: set[int]) -> None:
    from compose.core.images import load_picture
    from compose.models.crop_input import squash
    from compose.models.pull import pull
    from compose.models.weights_io import load_pickle_weights_only

    model = EfficientNetLite("lite2", 1000).eval()
    path = pull("efficientnet-lite2").path
    model.load_state_dict(convert_published(load_pickle_weights_only(path), model))
    picture = load_picture(Path(__file__).parents[2] / "target_images" / photo)
    x = torch.from_numpy(np.stack([squash(picture.over(), 260)]))
    with torch.inference_mode():
        assert set(model(x)[0].topk(2).indices.tolist()) & answers
