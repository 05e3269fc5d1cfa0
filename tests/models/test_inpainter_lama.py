"""LaMa from tiny random weights in the published layouts."""

from __future__ import annotations

import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from compose.core.errors import ModelError
from compose.models.cache import UserPaths
from compose.models.ffc import FourierUnit, LamaGenerator, LamaShape
from compose.models.inpainter_lama import load_lama, open_lama
from compose.models.inpainting import fill_hole

from .malicious import Touch

WIDTH, DOWN, BLOCKS, FAR = 4, 3, 2, 24  # the published: 64, 3, 18, 384


def norm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    leaves = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{leaf}": (channels,) for leaf in leaves} | {f"{name}.num_batches_tracked": ()}


def published_layout() -> dict[str, tuple[int, ...]]:
    """Names and shapes as LaMa's own generator has them."""
    shapes: dict[str, tuple[int, ...]] = {"model.1.ffc.convl2l.weight": (WIDTH, 4, 7, 7)}
    shapes |= norm("model.1.bn_l", WIDTH)
    for level in range(DOWN):
        name, cin = f"model.{level + 2}", WIDTH * 2**level
        far = FAR if level == DOWN - 1 else 0
        shapes[f"{name}.ffc.convl2l.weight"] = (2 * cin - far, cin, 3, 3)
        shapes |= norm(f"{name}.bn_l", 2 * cin - far)
        if far:
            shapes[f"{name}.ffc.convl2g.weight"] = (far, cin, 3, 3)
            shapes |= norm(f"{name}.bn_g", far)
    near = WIDTH * 2**DOWN - FAR
    for block in range(BLOCKS):
        for layer in ("conv1", "conv2"):
            name = f"model.{DOWN + 2 + block}.{layer}"
            shapes[f"{name}.ffc.convl2l.weight"] = (near, near, 3, 3)
            shapes[f"{name}.ffc.convl2g.weight"] = (FAR, near, 3, 3)
            shapes[f"{name}.ffc.convg2l.weight"] = (near, FAR, 3, 3)
            shapes[f"{name}.ffc.convg2g.conv1.0.weight"] = (FAR // 2, FAR, 1, 1)
            shapes |= norm(f"{name}.ffc.convg2g.conv1.1", FAR // 2)
            shapes[f"{name}.ffc.convg2g.fu.conv_layer.weight"] = (FAR, FAR, 1, 1)
            shapes |= norm(f"{name}.ffc.convg2g.fu.bn", FAR)
            shapes[f"{name}.ffc.convg2g.conv2.weight"] = (FAR, FAR // 2, 1, 1)
            shapes |= norm(f"{name}.bn_l", near) | norm(f"{name}.bn_g", FAR)
    start = DOWN + 2 + BLOCKS + 1  # one place joins the maps
    for level in range(DOWN):
        cin, name = WIDTH * 2 ** (DOWN - level), start + 3 * level
        shapes[f"model.{name}.weight"] = (cin, cin // 2, 3, 3)
        shapes[f"model.{name}.bias"] = (cin // 2,)
        shapes |= norm(f"model.{name + 1}", cin // 2)
    last = start + 3 * DOWN + 1
    shapes[f"model.{last}.weight"], shapes[f"model.{last}.bias"] = (3, WIDTH, 7, 7), (3,)
    return shapes


def random_state() -> dict[str, Tensor]:
    draws = torch.Generator().manual_seed(0)
    state = {}
    for name, shape in published_layout().items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(3)
        elif name.endswith("running_var"):
            state[name] = torch.rand(shape, generator=draws) + 0.5
        else:
            state[name] = torch.randn(shape, generator=draws) * 0.3
    return state


def prefixed(prefix: str) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in random_state().items()}


def save_checkpoint(path: Path) -> Path:
    """As Lightning 1.2 wrote it: classes of packages that are not here, beside the weights."""
    names = ("pytorch_lightning", "pytorch_lightning.callbacks", "omegaconf")
    before = {name: sys.modules.get(name) for name in names}
    modules = {name: types.ModuleType(name) for name in names}
    classes: list[type] = []
    for module, name in [("pytorch_lightning.callbacks", "ModelCheckpoint"),
                         ("omegaconf", "DictConfig")]:  # fmt: skip
        classes.append(type(name, (), {"__module__": module}))
        setattr(modules[module], name, classes[-1])
    settings = classes[1]()
    settings.content = {"generator": {"ngf": 64}}
    other = {
        "loss_resnet_pl.impl.conv1.weight": torch.ones(2),
        "generator_average.n": torch.ones(1),
    }
    sys.modules.update(modules)
    try:
        torch.save(
            {
                "epoch": 39,
                "global_step": 10,
                "pytorch-lightning_version": "1.2.9",
                "state_dict": prefixed("generator.") | other,
                "callbacks": {classes[0]: {"best_model_score": torch.tensor(0.5)}},
                "lr_schedulers": [],
                "hyper_parameters": settings,
            },
            path,
        )
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    return path


def save_torchscript(path: Path) -> Path:
    """As `big-lama.pt`: the generator inside a model inside a wrapper, traced."""
    net = LamaGenerator(LamaShape(WIDTH, DOWN, BLOCKS, FAR)).eval()
    net.load_state_dict(random_state())

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.generator = net

        def forward(self, image: Tensor, mask: Tensor) -> Tensor:
            painted: Tensor = self.generator(image, mask)
            return painted * mask + image * (1 - mask)

    class Wrapper(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = Model()

        def forward(self, image: Tensor, mask: Tensor) -> Tensor:
            merged: Tensor = self.model(image, mask)
            return merged

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, of TorchScript itself and of traced shapes
        traced = torch.jit.trace(Wrapper(), (torch.rand(1, 3, 32, 48), torch.rand(1, 1, 32, 48)))
        traced.save(str(path))
    return path


def save_plain(path: Path) -> Path:
    torch.save(random_state(), path)
    return path


def save_safetensors(path: Path) -> Path:
    from safetensors.torch import save_file

    half = {k: v.half() if v.is_floating_point() else v for k, v in prefixed("model.").items()}
    save_file(half, path)
    return path


def scene() -> tuple[np.ndarray, np.ndarray]:
    rgb = np.random.default_rng(0).integers(0, 256, (48, 80, 3), np.uint8)
    hole = np.zeros((48, 80), bool)
    hole[10:35, 20:61] = True
    return rgb, hole


def test_the_network_has_the_published_names_and_no_others() -> None:
    net = LamaGenerator(LamaShape(WIDTH, DOWN, BLOCKS, FAR))
    assert {k: tuple(v.shape) for k, v in net.state_dict().items()} == published_layout()


def test_the_published_size_has_51_million_weights() -> None:
    with torch.device("meta"):
        net = LamaGenerator()
    assert sum(p.numel() for p in net.parameters()) == 50_975_875


def test_the_spectrum_is_convolved_with_real_and_imaginary_parts_side_by_side() -> None:
    torch.manual_seed(0)
    unit = FourierUnit(2).eval()
    unit.bn.running_mean.uniform_(-1, 1)
    x = torch.randn(1, 2, 6, 10)
    spectrum = np.fft.rfft2(x[0].numpy(), norm="ortho")
    stacked = np.stack([spectrum[0].real, spectrum[0].imag, spectrum[1].real, spectrum[1].imag])
    weight = unit.conv_layer.weight.detach().numpy()[:, :, 0, 0]
    mixed = np.einsum("oc,chw->ohw", weight, stacked)
    mixed = (mixed - unit.bn.running_mean.numpy()[:, None, None]) / np.sqrt(1 + unit.bn.eps)
    mixed = np.maximum(mixed, 0)
    wanted = np.fft.irfft2(mixed[0::2] + 1j * mixed[1::2], s=(6, 10), norm="ortho")
    with torch.inference_mode():
        np.testing.assert_allclose(unit(x)[0].numpy(), wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("save", "file", "atol"),
    [
        (save_checkpoint, "best.ckpt", 0),
        (save_torchscript, "big-lama.pt", 0),
        (save_plain, "generator.pth", 0),
        (save_safetensors, "lama.safetensors", 2),
    ],
)
def test_every_container_gives_the_same_network(
    save: types.FunctionType, file: str, atol: int, tmp_path: Path
) -> None:
    engine = load_lama(save(tmp_path / file))
    assert engine.name == "lama"
    assert engine.multiple == 16
    net = LamaGenerator(LamaShape(WIDTH, DOWN, BLOCKS, FAR)).eval()
    net.load_state_dict(random_state())
    rgb, hole = scene()
    with torch.inference_mode():
        wanted = net(
            torch.from_numpy(rgb).permute(2, 0, 1)[None] / 255,
            torch.from_numpy(hole)[None, None].float(),
        )[0].permute(1, 2, 0)
    found = engine.fill(rgb, hole, 0)
    np.testing.assert_allclose(found, (wanted * 255).round().numpy(), atol=atol)
    assert found[hole].std() > 1  # the weights do something


def test_the_folder_as_published_can_be_named(tmp_path: Path) -> None:
    folder = tmp_path / "big-lama"
    (folder / "models").mkdir(parents=True)
    (folder / "config.yaml").write_text("generator: {kind: ffc_resnet}\n")
    with pytest.raises(ModelError, match=r"big-lama has no models/best\.ckpt[^\n]*\.$"):
        open_lama(user=UserPaths({"big-lama": folder}))
    save_checkpoint(folder / "models" / "best.ckpt")
    assert open_lama(user=UserPaths({"big-lama": folder})).name == "lama"
    inside = UserPaths({"big-lama": folder / "models" / "best.ckpt"})
    assert open_lama(user=inside).name == "lama"


def test_the_hole_is_what_is_true_and_what_is_in_it_is_not_seen(tmp_path: Path) -> None:
    engine = load_lama(save_plain(tmp_path / "g.pth"))
    rgb, hole = scene()
    filled = engine.fill(rgb, hole, 0)
    other = rgb.copy()
    other[hole] = 255 - other[hole]
    np.testing.assert_array_equal(engine.fill(other, hole, 0), filled)
    other = rgb.copy()
    other[~hole] = 255 - other[~hole]
    assert (engine.fill(other, hole, 0)[hole] != filled[hole]).any()


@pytest.mark.parametrize("shape", [(1, 2), (17, 33)])
def test_pictures_of_any_size_are_filled(shape: tuple[int, int], tmp_path: Path) -> None:
    engine = load_lama(save_plain(tmp_path / "g.pth"))
    rgb, hole = np.full((*shape, 3), 9, np.uint8), np.zeros(shape, bool)
    hole[0, 0] = True
    filled = fill_hole(engine, rgb, hole, seed=0)
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])
    assert (filled[hole] != 9).any()


@pytest.mark.parametrize("shell", ["alone", "beside weights", "as settings"])
def test_a_checkpoint_with_code_in_it_is_refused_and_not_run(shell: str, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    content = {
        "alone": Touch(touched),
        "beside weights": {"state_dict": prefixed("generator."), "callbacks": Touch(touched)},
        "as settings": {**random_state(), "hyper_parameters": [Touch(touched)]},
    }[shell]
    torch.save(content, tmp_path / "best.ckpt")
    with pytest.raises(ModelError, match=r"running what is in it is refused[^\n]*\.$"):
        load_lama(tmp_path / "best.ckpt")
    assert not touched.exists()


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    state = random_state()
    wrong = {
        "no LaMa": {"weight": torch.ones(2)},
        "cut off": dict(list(state.items())[:20]),
        "one missing": {k: v for k, v in state.items() if not k.endswith("bn_g.running_mean")},
        "no Fourier": {"model.1.ffc.convl2l.weight": torch.ones(4, 4, 7, 7)},
    }
    for name, content in wrong.items():
        path = tmp_path / f"{name}.pth"
        torch.save(content, path)
        with pytest.raises(ModelError, match=r"does not hold LaMa[^\n]*; give the published"):
            load_lama(path)
    (tmp_path / "text.pt").write_text("not weights")
    for path in (tmp_path / "text.pt", tmp_path / "absent.pt"):
        with pytest.raises(ModelError, match=r"^[^\n]*\.$"):
            load_lama(path)
