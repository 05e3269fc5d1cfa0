"""What ProCrop's network looks at: photographs of a folder, and what BLIP says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from compose.core.errors import ModelError, UsageError
from compose.models.cache import UserPaths
from compose.models.crop_detr import CropDetr
from compose.models.crop_detr_config import CropDetrConfig
from compose.models.crop_detr_load import save_crop_detr
from compose.models.reference_set import load_references
from compose.stages.crop_engines import CropEngineOptions, open_engine
from compose.stages.crop_network_references import caption_beside, network_references

from ..models.tiny_blip import CHANNELS, save_blip

TINY = CropDetrConfig(
    backbone="embedded", train_backbone=False, channels=32, heads=4, encoder=1, decoder=1,
    hidden=48, queries=6, fusion="paper", stages=(4,), square=96, references=3,
    reference_channels=352, reference_tokens=16, text_channels=CHANNELS,
)  # fmt: skip


def photographs(folder: Path, captions: dict[str, str]) -> Path:
    folder.mkdir()
    random = np.random.default_rng(0)
    for number, name in enumerate(("a", "b", "c", "d")):
        rgb = random.integers(0, 255, (30 + number, 44, 3), np.uint8)
        Image.fromarray(rgb).save(folder / f"{name}.png")
    for name, text in captions.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_blip(tmp_path_factory.mktemp("blip"))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("net") / "procrop.safetensors"
    torch.manual_seed(0)
    net = CropDetr(TINY)
    save_crop_detr(net.state_dict(), TINY, path)
    return path


def test_texts_come_with_the_photographs_and_are_kept(tmp_path: Path, blip: Path) -> None:
    folder = photographs(tmp_path / "good", {"a": "a boat by the shore", "c": "a\n boat\n"})
    found = network_references(folder, blip)
    assert found.names == ("a.png", "b.png", "c.png", "d.png")
    assert found.texts is not None
    assert found.silent is not None
    assert found.texts.shape == (4, 7, CHANNELS)
    assert (~found.silent).sum(1).tolist() == [7, 2, 4, 2]  # with a beginning and an end
    found.save(tmp_path / "set.npz")
    kept = load_references(tmp_path / "set.npz")
    assert np.array_equal(kept.texts, found.texts)
    assert np.array_equal(kept.silent, found.silent)
    said = kept.said(np.array([2, 0]), 3)
    assert said is not None
    assert said.tokens.shape == (1, 3, 7, CHANNELS)
    assert said.pad.sum(-1).tolist() == [[3, 0, 7]]
    assert torch.equal(said.tokens[0, 1], torch.from_numpy(found.texts[0]).float())
    assert network_references(folder).texts is None


def test_the_network_sees_references_and_texts(tmp_path: Path, blip: Path, network: Path) -> None:
    folder = photographs(tmp_path / "good", {"a": "a boat by the shore"})
    rgb = np.asarray(Image.open(folder / "a.png"))
    user = UserPaths({"procrop": network, "blip": blip}, ())

    def scores(refs: Path | None) -> np.ndarray:
        opened = open_engine("procrop", options=CropEngineOptions(user=user, refs=refs))
        return np.asarray(opened.detect(rgb).scores)  # type: ignore[attr-defined]

    alone, shown = scores(None), scores(folder)
    assert not np.allclose(alone, shown, atol=1e-5)
    (folder / "a.txt").write_text("a shore")
    assert not np.allclose(scores(folder), shown, atol=1e-6)
    with pytest.raises(ModelError, match="--checkpoint blip=FOLDER"):
        open_engine("procrop", options=CropEngineOptions(
            user=UserPaths({"procrop": network}, ()), refs=folder))  # fmt: skip


def test_captions_are_short_and_in_one_line(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    assert caption_beside(photo) == ""
    photo.with_suffix(".txt").write_text("one\ntwo " + "more " * 5000)
    assert caption_beside(photo).split() == ["one", "two", *["more"] * 28]
    photo.with_suffix(".txt").unlink()
    photo.with_suffix(".txt").mkdir()
    with pytest.raises(UsageError, match="cannot read the caption"):
        caption_beside(photo)


def test_a_folder_without_photographs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(UsageError, match="none"):
        network_references(tmp_path / "none")
