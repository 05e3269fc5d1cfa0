"""Training of what tells objects among candidates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from compose.core.errors import DataError, ModelError
from compose.models.mobile_sam_net import MobileSam
from compose.models.object_choice import ObjectNetwork
from compose.models.object_features import FORMS, LOOKS_LENGTH
from compose.models.object_net import ObjectConfig, load_object_net
from compose.models.proposals import Proposals
from compose.stages import object_examples
from compose.stages.object_examples import ObjectExample, compute_examples, packed
from compose.stages.outline_sources import open_outline_sources
from compose.stages.train_objects import TrainObjectsConfig, fit, measured, scored, train_objects

CONFIG = TrainObjectsConfig(steps=60, batch=32, every=30, net=ObjectConfig(looks=4, width=8))
Array = np.ndarray[Any, Any]


def example(name: str, seed: int) -> ObjectExample:
    """Ten candidates that do not overlap; how well each fits is its first number of form."""
    random = np.random.default_rng(seed)
    masks = np.zeros((10, 10, 20), bool)
    for k in range(10):
        masks[k, :, 2 * k : 2 * k + 2] = True
    fits = random.uniform(0, 1, 10).round().astype(np.float32)
    forms = random.normal(size=(10, FORMS)).astype(np.float32)
    forms[:, 0] = fits
    looks = random.normal(size=(10, LOOKS_LENGTH)).astype(np.float16)
    saliency = np.full((10, 20), 0.9, np.float32)
    bits = {
        "masks": packed(masks),
        "objects": packed(masks[fits > 0.5]),
        "found": packed(masks[:0]),
    }
    return ObjectExample(name, forms, looks, fits, saliency, bits)


def examples(held: bool, count: int) -> list[ObjectExample]:
    named = (example(f"p{k}", k) for k in range(10_000))
    return [e for e, _ in zip((e for e in named if e.held_out == held), range(count), strict=False)]


def test_it_learns_which_number_tells_objects() -> None:
    lines: list[dict[str, Any]] = []
    held = examples(True, 6)
    longer = replace(CONFIG, steps=400, every=200)
    net = fit([*examples(False, 40), *held], longer, lines.append, lambda what, total: lambda: None)
    assert not net.training
    assert [line["step"] for line in lines] == [200, 400]
    assert lines[-1]["objects"] == sum(len(e.objects) for e in held)
    figures = measured(net, held, 0.4)
    assert figures.recall > 0.9
    assert figures.precision > 0.9
    assert figures.objects == lines[-1]["objects"]


def test_every_photograph_counts_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = example("p0", 0), example("p1", 1)
    many = ObjectExample(
        "p1",
        np.tile(many.forms, (9, 1)),
        np.tile(many.looks, (9, 1)),
        np.tile(many.fits, 9),
        many.saliency,
        many.bits,
    )
    monkeypatch.setattr(ObjectExample, "held_out", False)
    seen: list[Array] = []

    class Draws:
        def choice(self, count: int, size: int, p: Array) -> Array:
            seen.append(p)
            return np.arange(size) % count

    monkeypatch.setattr("compose.stages.train_objects.generator", lambda *given: Draws())
    fit([few, many], CONFIG, lambda row: None, lambda what, total: lambda: None)
    np.testing.assert_allclose(seen[0][:10].sum(), 0.5)
    np.testing.assert_allclose(seen[0].sum(), 1)


def test_with_nothing_to_learn_from_it_says_what_to_do() -> None:
    with pytest.raises(DataError, match="give more photographs"):
        fit(examples(True, 3), CONFIG, lambda row: None, lambda what, total: lambda: None)


def test_a_loss_that_is_no_number_ends_it() -> None:
    broken = examples(False, 2)
    broken[0].forms[0, 3] = np.nan
    with pytest.raises(ModelError, match="lower the rate"):
        fit(broken, CONFIG, lambda row: None, lambda what, total: lambda: None)


@pytest.fixture(scope="module")
def sam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MobileSAM with random weights, in the published layout."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("sam") / "mobile_sam.pt"
    torch.save(MobileSam().state_dict(), path)
    return path


def salient_set(root: Path, count: int) -> Path:
    """Photographs of discs in the layout of salient objects."""
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True)
    names = [f"disc{k}" for k in range(count)]
    for k, name in enumerate(names):
        mask = np.zeros((60, 90), np.uint8)
        cv2.circle(mask, (30 + 3 * k, 30), 18, 255, -1)
        rgb = np.where(mask[..., None] > 0, (220, 40, 30), (90, 120, 90)).astype(np.uint8)
        Image.fromarray(rgb).save(root / "images" / f"{name}.jpg")
        Image.fromarray(mask).save(root / "masks" / f"{name}.png")
    (root / "train.txt").write_text("\n".join(names) + "\n")
    (root / "val.txt").write_text("")
    return root


def test_photographs_are_looked_at_once(
    tmp_path: Path, sam: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = open_outline_sources([salient_set(tmp_path / "set", 3)])
    made = compute_examples(sources, sam, tmp_path / "kept")
    assert [e.source for e in made] == [s.photo.name for s in sources]
    for e in made:
        assert len(e.forms) == len(e.looks) == len(e.fits) == len(e.masks)
        assert e.objects.shape == (1, *e.saliency.shape)
        assert e.masks.shape[1:] == e.saliency.shape == (170, 256)
        assert ((e.fits >= 0) & (e.fits <= 1)).all()

    def never(*given: object) -> None:
        raise AssertionError("a photograph was looked at again")

    monkeypatch.setattr(object_examples, "_Maker", never)
    again = compute_examples(sources, sam, tmp_path / "kept")
    for one, other in zip(made, again, strict=True):
        np.testing.assert_array_equal(one.masks, other.masks)
        np.testing.assert_array_equal(one.looks, other.looks)
    other = tmp_path / "other.pt"
    other.write_bytes(sam.read_bytes() + b"\0")
    with pytest.raises(AssertionError):  # other weights have other files
        compute_examples(sources, other, tmp_path / "kept")


def test_it_writes_what_can_be_read(tmp_path: Path, sam: Path) -> None:
    data = salient_set(tmp_path / "set", 6)
    files = train_objects([data], tmp_path / "out", sam, CONFIG)
    assert [f.name for f in files] == [
        "objects.onnx", "objects.safetensors", "objects_metrics.jsonl"
    ]  # fmt: skip
    lines = [json.loads(line) for line in files[2].read_text().splitlines()]
    assert [line["step"] for line in lines if "step" in line] == [30, 60]
    net = load_object_net(files[1])
    assert net.config == CONFIG.net
    (e, *_) = examples(True, 1)

    class Trunks:
        def maps(self, rgb: Array) -> dict[str, Array]:
            raise AssertionError

    network = ObjectNetwork(Trunks(), folder=tmp_path / "out")  # type: ignore[arg-type]
    logits = network._net.run(forms=e.forms, looks=e.looks.astype(np.float32))[0]
    likely = torch.sigmoid(torch.from_numpy(logits)).numpy()
    np.testing.assert_allclose(likely, scored(net, e), atol=2e-4)
    empty = Proposals(
        *(np.zeros((0, 1, 1), bool), np.zeros((0, 1, 1), np.float16)),
        *(np.zeros(0, np.float32) for _ in range(2)),
        *(np.zeros(0, np.int64) for _ in range(3)),
        *(np.zeros((0, 2), np.int64), np.zeros((1, 1), np.float32), np.zeros((0, 1, 1), bool)),
        seen=None,  # type: ignore[arg-type]
    )
    assert network.scores(np.zeros((4, 4, 3), np.uint8), empty).shape == (0,)
