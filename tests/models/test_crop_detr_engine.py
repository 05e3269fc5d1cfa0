"""The engines of `compose crop` from a file, and what published files begin with."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from compose.core.errors import ModelError
from compose.models.crop_belief import CropBelief
from compose.models.crop_detr import CropDetr
from compose.models.crop_detr_config import PAPER, CropDetrConfig
from compose.models.crop_detr_engine import DetrCropper, open_detr_cropper
from compose.models.crop_detr_load import begin_from, load_crop_detr, read_config, save_crop_detr
from compose.models.reference_set import ReferenceEncoder, encode_all, load_references

TINY = CropDetrConfig(
    backbone="embedded", train_backbone=False, channels=32, heads=4, encoder=1, decoder=1,
    hidden=48, queries=6, fusion="paper", square=96, stages=(2, 4, 6), references=4,
    reference_channels=352, reference_tokens=16,
)  # fmt: skip
MANY = dataclasses.replace(
    TINY, engine="multi-in-one", queries=4, levels=2, points=2, context="memory", fusion="none"
)


def saved(config: CropDetrConfig, path: Path) -> Path:
    torch.manual_seed(0)
    net = CropDetr(config)
    torch.nn.init.normal_(net.bbox_embed.layers[-1].weight, std=0.3)
    save_crop_detr(net.state_dict(), config, path)
    return path


def picture(seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (40, 60, 3)).astype(np.uint8)


def test_a_file_is_an_engine(tmp_path: Path) -> None:
    path = saved(TINY, tmp_path / "procrop.safetensors")
    assert read_config(path) == TINY
    state = load_crop_detr(path).state_dict()
    assert not [name for name in state if name.startswith("backbone")]  # the trunk ships anyway
    engine = open_detr_cropper(path, "procrop")
    assert (engine.name, engine.side) == ("procrop", 96)
    belief = engine.read(picture())
    assert isinstance(belief, CropBelief)
    found = engine.detect(picture())
    assert (np.diff(found.scores) <= 0).all()
    assert (found.boxes >= 0).all()
    assert (found.boxes <= 1).all()
    assert np.allclose(belief.boxes, found.boxes, atol=1e-6)
    assert np.array_equal(engine.detect(picture()).boxes, found.boxes)
    with pytest.raises(ModelError, match="--checkpoint procrop=FILE"):
        open_detr_cropper(path, "multi-in-one")
    many = open_detr_cropper(saved(MANY, tmp_path / "many.safetensors"), "multi-in-one")
    assert many.detect(picture()).points.shape[1] == 2
    (tmp_path / "x.safetensors").write_bytes(b"no")
    with pytest.raises(ModelError, match="no cropper"):
        open_detr_cropper(tmp_path / "x.safetensors", "procrop")


def test_references_change_the_crop_and_are_told(tmp_path: Path) -> None:
    shown = encode_all([picture(n) for n in range(5)], list("abcde"), ReferenceEncoder())
    shown.save(tmp_path / "refs.npz")
    kept = load_references(tmp_path / "refs.npz")
    assert kept.names == tuple("abcde")
    assert np.array_equal(kept.tokens, shown.tokens)
    path = saved(TINY, tmp_path / "procrop.safetensors")
    plain, liked = (open_detr_cropper(path, "procrop", references=each) for each in (None, kept))
    one, two = plain.detect(picture(2)), liked.detect(picture(2))
    assert one.references == ()
    assert two.references[0] == "c"  # the photograph itself is most like itself
    assert len(two.references) == 4  # as many as the network takes
    assert "c" not in liked.detect(picture(2), without="c").references
    assert not np.allclose(one.scores, two.scores)
    none = DetrCropper(load_crop_detr(path), references=kept, shown=0)
    assert np.allclose(none.detect(picture(2)).scores, one.scores)
    with pytest.raises(ModelError, match="--refs"):
        open_detr_cropper(saved(MANY, tmp_path / "m.safetensors"), "multi-in-one", references=kept)
    with pytest.raises(ModelError, match="no set of references"):
        load_references(path)


def test_a_context_by_lot_needs_its_detector(tmp_path: Path) -> None:
    config = dataclasses.replace(MANY, context="random")
    path = saved(config, tmp_path / "many.safetensors")
    with pytest.raises(ModelError, match="context=FILE"):
        open_detr_cropper(path, "multi-in-one")


def test_published_files_are_begun_from(tmp_path: Path) -> None:
    """The authors' names are ours; heads come in equal copies, and queries may be others."""
    config = dataclasses.replace(
        PAPER["procrop"], channels=32, heads=4, encoder=1, decoder=1, hidden=48, queries=6,
        fusion="none", norm=False,
    )  # fmt: skip
    torch.manual_seed(1)
    theirs = CropDetr(dataclasses.replace(config, queries=9)).state_dict()
    published = {}
    for name, value in theirs.items():
        published[name] = value
        if name.startswith("bbox_embed."):
            published[name.replace("bbox_embed.", "bbox_embed.0.")] = published.pop(name)
    torch.save({"model": published, "epoch": 50}, tmp_path / "detr.pth")
    torch.manual_seed(2)
    net = CropDetr(config)
    left = begin_from(net, tmp_path / "detr.pth")
    assert left == ["query_embed.weight"]
    own = net.state_dict()
    assert all(torch.equal(own[name], theirs[name]) for name in own if name not in left)
    resnet = {n.removeprefix("backbone.0.body."): v for n, v in theirs.items() if "body" in n}
    torch.save({**resnet, "fc.weight": torch.zeros(2, 2)}, tmp_path / "resnet50.pth")
    left = begin_from(CropDetr(config), tmp_path / "resnet50.pth")
    assert not [name for name in left if name.startswith("backbone")]
    torch.save({"x": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match="fits procrop nowhere"):
        begin_from(net, tmp_path / "other.pth")


@pytest.mark.parametrize("damage", ["empty", "cut", "array", "shapes"])
def test_damaged_sets_of_references_are_refused(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "refs.npz"
    encode_all([picture(0)], ["a"], ReferenceEncoder()).save(path)
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage == "array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    else:
        with path.open("wb") as file:
            np.savez(file, tokens=np.zeros((2, 3)), vectors=np.zeros((1, 4)), names=["a"])
    with pytest.raises(ModelError, match="no set of references"):
        load_references(path)
