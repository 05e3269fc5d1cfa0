"""Names stand for segmenters, and what is missing gets one sentence."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from compose.core.errors import ModelError, UsageError
from compose.models.cache import UserPaths
from compose.models.segmenters import (
    SegmenterOptions,
    open_prompt_segmenter,
    open_segmenter,
    prompt_segmenter_name,
    segmenter_name,
    segmenters_here,
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
    assert prompt_segmenter_name("auto", user) == "sam"
    assert prompt_segmenter_name("auto", sam="facebook/sam-vit-base") == "sam"
    assert prompt_segmenter_name("salient", user) == "salient"


def test_unknown_names_and_engines_without_prompts() -> None:
    with pytest.raises(UsageError, match="use auto, salient, deeplab, sam"):
        segmenter_name("best")
    with pytest.raises(UsageError, match="takes no points, boxes or masks; use salient or sam"):
        prompt_segmenter_name("deeplab")
    with pytest.raises(UsageError, match="use auto"):
        open_prompt_segmenter("best")


@pytest.mark.parametrize(
    ("name", "pull"), [("deeplab", "deeplabv3-resnet101"), ("sam", "sam-vit-b")]
)
def test_missing_checkpoints(name: str, pull: str) -> None:
    with pytest.raises(ModelError, match=f"compose models pull {pull}"):
        open_segmenter(name)


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert segmenters_here() == ["salient"]
    with pytest.raises(UsageError, match=r"needs torch; run: pip install 'compose-toolkit\[sam\]'"):
        open_segmenter("sam")
    with pytest.raises(UsageError, match=r"pip install 'compose-toolkit\[torch\]'"):
        open_segmenter("deeplab")
    assert open_segmenter("salient", SegmenterOptions(saliency="centre")).name == "salient"
