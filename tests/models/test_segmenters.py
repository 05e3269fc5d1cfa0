"""Names stand for segmenters, and what is missing gets one sentence."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from compose.core.boxes import Box
from compose.core.errors import MaskError, ModelError, UsageError
from compose.models.amg import AutomaticMasks
from compose.models.cache import UserPaths
from compose.models.crop_builtin import weights_folder
from compose.models.segmenter import Prompt
from compose.models.segmenters import (
    SegmenterOptions,
    open_prompt_segmenter,
    open_segmenter,
    prompt_segmenter_name,
    segmenter_name,
    segmenters_here,
)

needs_objects = pytest.mark.skipif(
    not (weights_folder() / "objects.onnx").is_file(), reason="the network of `objects` is not here"
)


@pytest.fixture(autouse=True)
def nothing_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)


def test_auto_is_what_is_here(tmp_path: Path) -> None:
    assert segmenter_name("auto") == open_segmenter().name == "salient"
    assert segmenters_here() == ["salient"]
    assert prompt_segmenter_name("auto") == open_prompt_segmenter().name == "salient"
    for name in ("sam-vit-b", "deeplabv3-resnet101"):
        (tmp_path / name).write_bytes(b"")
    user = UserPaths({name: tmp_path / name for name in ("sam-vit-b", "deeplabv3-resnet101")})
    assert segmenters_here(user) == ["salient", "deeplab", "sam"]
    assert segmenter_name("auto", user) == "salient"
    assert prompt_segmenter_name("auto", user) == "sam"
    assert prompt_segmenter_name("auto", sam="facebook/sam-vit-base") == "sam"
    assert prompt_segmenter_name("salient", user) == "salient"


def test_auto_is_objects_where_mobile_sam_is(
    mobile_sam_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert segmenters_here(UserPaths({"mobile-sam": mobile_sam_path})) == ["salient", "objects"]
    monkeypatch.setenv("COMPOSE_MODELS", f"mobile-sam={mobile_sam_path}")
    assert segmenters_here() == ["salient", "objects"]
    assert segmenter_name("auto") == prompt_segmenter_name("auto") == "objects"
    assert segmenter_name("salient") == prompt_segmenter_name("salient") == "salient"
    assert prompt_segmenter_name("auto", sam=str(mobile_sam_path)) == "sam"
    (tmp_path / "meta.pth").write_bytes(b"")
    both = UserPaths({"mobile-sam": mobile_sam_path, "sam-vit-l": tmp_path / "meta.pth"})
    assert segmenters_here(both) == ["salient", "objects", "sam"]
    assert segmenter_name("auto", both) == "objects"
    assert prompt_segmenter_name("auto", both) == "sam"  # the larger network answers better
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert segmenters_here(both) == ["salient", "objects"]
    assert prompt_segmenter_name("auto", both) == "objects"


@needs_objects
def test_objects_is_opened(mobile_sam_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = SegmenterOptions(user=UserPaths({"mobile-sam": mobile_sam_path}))
    for name in ("auto", "objects"):
        assert open_segmenter(name, options).name == "objects"
        assert open_prompt_segmenter(name, options).name == "objects"
    monkeypatch.setenv("COMPOSE_MODELS", f"mobile-sam={mobile_sam_path}")
    assert open_segmenter().name == "objects"


def test_sam_is_mobile_sam_where_that_is_named_or_alone(mobile_sam_path: Path) -> None:
    settings = AutomaticMasks(points_per_side=2, pred_iou_thresh=-1e9, stability_score_thresh=0)
    user = UserPaths({"mobile-sam": mobile_sam_path})
    rgb = np.random.default_rng(0).integers(0, 256, (12, 40, 3), np.uint8)
    found = []
    for options in (
        SegmenterOptions(sam=str(mobile_sam_path), automatic=settings),
        SegmenterOptions(sam="mobile-sam", user=user, automatic=settings),
        SegmenterOptions(user=user, automatic=settings),
    ):
        engine = open_segmenter("sam", options)
        assert engine.name == open_prompt_segmenter("sam", options).name == "sam"
        found.append(engine.segment(rgb))
    assert found[0]  # random weights see something
    for each in found:
        for one, other in zip(each, found[0], strict=True):
            np.testing.assert_array_equal(one.mask, other.mask)
            assert one.mask.shape == (12, 40)


@pytest.mark.parametrize("engine", ["sam", pytest.param("objects", marks=needs_objects)])
def test_mobile_sam_needs_no_torch(engine: str, mobile_sam_path: Path) -> None:
    """In a process that has none; random weights may find nothing at a prompt, and say so."""
    code = (
        "import sys, numpy\n"
        "for name in ('torch', 'transformers', 'onnx', 'safetensors'): sys.modules[name] = None\n"
        "from compose.core.errors import MaskError\n"
        "from compose.models.segmenter import Prompt\n"
        "from compose.models.segmenters import SegmenterOptions, open_prompt_segmenter\n"
        "engine = open_prompt_segmenter(sys.argv[1], SegmenterOptions())\n"
        "assert engine.name == sys.argv[1]\n"
        "try:\n"
        "    engine.prompt(numpy.zeros((8, 30, 3), 'uint8'), [Prompt(points=((9, 4, True),))])\n"
        "except MaskError as error:\n"
        "    assert 'finds nothing' in str(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, engine],
        env=os.environ | {"COMPOSE_MODELS": f"mobile-sam={mobile_sam_path}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_prompts_of_mobile_sam_have_the_picture_s_size(mobile_sam_path: Path) -> None:
    engine = open_prompt_segmenter("sam", SegmenterOptions(sam=str(mobile_sam_path)))
    rgb = np.random.default_rng(0).integers(0, 256, (12, 40, 3), np.uint8)
    guess = np.zeros((12, 40), bool)
    guess[2:9, 5:30] = True
    for prompt in (
        Prompt(points=((9.0, 4.0, True),)),
        Prompt(points=((9.0, 4.0, True), (30.0, 8.0, False))),
        Prompt(box=Box(3, 2, 30, 9)),
        Prompt(mask=guess),
    ):
        try:
            (found,) = engine.prompt(rgb, [prompt])
        except MaskError:  # random weights may find nothing
            continue
        assert found.mask.shape == (12, 40)
        assert 0 <= found.score <= 1


def test_unknown_names_and_engines_without_prompts() -> None:
    with pytest.raises(UsageError, match="use auto, salient, objects, deeplab, sam"):
        segmenter_name("best")
    with pytest.raises(UsageError, match="takes no points, boxes or masks; use salient or objects"):
        prompt_segmenter_name("deeplab")
    with pytest.raises(UsageError, match="use auto"):
        open_prompt_segmenter("best")


@pytest.mark.parametrize(
    ("name", "pull"),
    [("deeplab", "deeplabv3-resnet101"), ("sam", "sam-vit-b"), ("objects", "mobile-sam")],
)
def test_missing_checkpoints(name: str, pull: str) -> None:
    with pytest.raises(ModelError, match=f"compose models pull {pull}"):
        open_segmenter(name)


def test_damaged_checkpoints(mobile_sam_path: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.pt").write_bytes(mobile_sam_path.read_bytes()[:5000])
    options = SegmenterOptions(user=UserPaths({"mobile-sam": tmp_path / "cut.pt"}))
    for name in ("objects", "sam"):
        with pytest.raises(ModelError, match=r"cannot read .*cut\.pt"):
            open_segmenter(name, options)
    with pytest.raises(ModelError, match=r"cannot read .*cut\.pt"):
        open_segmenter("sam", SegmenterOptions(sam=str(tmp_path / "cut.pt")))


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert segmenters_here() == ["salient"]
    with pytest.raises(UsageError, match=r"needs torch; run: pip install 'compose-toolkit\[sam\]'"):
        open_segmenter("sam")
    with pytest.raises(UsageError, match=r"pip install 'compose-toolkit\[torch\]'"):
        open_segmenter("deeplab")
    assert open_segmenter("salient", SegmenterOptions(saliency="centre")).name == "salient"
