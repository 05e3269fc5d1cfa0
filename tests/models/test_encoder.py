"""Opening encoders by name, and the sentences where that fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from compose.core.errors import ModelError, UsageError
from compose.models.cache import UserPaths
from compose.models.encoder import encoder_names, open_encoder
from compose.models.perceptual import cosine_distance, resized, unit_channels


def test_an_unknown_name_is_refused_with_the_closest_one() -> None:
    with pytest.raises(UsageError, match="did you mean clip-rn101"):
        open_encoder("clip-rn10")
    with pytest.raises(UsageError, match="use one of builtin, clip-rn101"):
        open_encoder("?")


@pytest.mark.parametrize("name", [n for n in encoder_names() if n != "builtin"])
def test_an_absent_checkpoint_ends_in_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match="run `compose models pull") as caught:
        open_encoder(name, user=UserPaths())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [n for n in encoder_names() if n != "builtin"])
def test_a_damaged_checkpoint_ends_in_one_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"not weights at all")
    row = "hed" if name == "vgg16-hed" else name
    with pytest.raises(ModelError) as caught:
        open_encoder(name, user=UserPaths({row: path}))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["vgg16", "clip-rn101", "clip-vit-b32"])
def test_another_network_s_weights_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"layer.weight": torch.ones(3, 3)}, path)
    with pytest.raises(ModelError, match="does not hold") as caught:
        open_encoder(name, user=UserPaths({name: path}))
    assert "\n" not in str(caught.value)


def test_the_names_are_known_without_torch() -> None:
    code = (
        "import sys, compose.models.encoder\n"
        "sys.exit(bool({'torch', 'numpy', 'transformers', 'h5py'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_channels_have_length_one_and_blank_maps_stay_finite() -> None:
    maps = torch.randn(2, 5, 3, 4)
    lengths = unit_channels(maps).norm(dim=1)
    assert torch.allclose(lengths, torch.ones_like(lengths), atol=1e-5)
    blank = torch.zeros(1, 5, 3, 4, requires_grad=True)
    unit_channels(blank).sum().backward()
    assert blank.grad is not None
    assert blank.grad.isfinite().all()


def test_cosine_distance_runs_from_zero_to_two() -> None:
    a = torch.tensor([[1.0, 0], [1, 0], [1, 0]])
    b = torch.tensor([[2.0, 0], [0, 3], [-1, 0]])
    assert torch.allclose(cosine_distance(a, b), torch.tensor([0.0, 1, 2]))


def test_resizing_keeps_the_mean_and_the_same_size_untouched() -> None:
    x = torch.rand(1, 3, 30, 50)
    assert resized(x, (30, 50)) is x
    small = resized(x, (6, 10))
    assert small.shape == (1, 3, 6, 10)
    assert float(small.mean()) == pytest.approx(float(x.mean()), abs=0.02)
