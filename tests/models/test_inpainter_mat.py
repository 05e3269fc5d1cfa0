"""MAT from tiny random weights in the published layout; its layers against plain loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from compose.core.errors import ModelError
from compose.models.inpainter_mat import load_mat
from compose.models.inpainting import fill_hole
from compose.models.mat import MatGenerator
from compose.models.mat_coarse import shape_of
from compose.models.mat_layers import PartialConv, StyledConv, convolved, doubled
from compose.models.mat_transformer import WindowBlock, joined, windows_of

from .malicious import Touch

WIDE, CODE, LATENT, STYLE = 6, 10, 7, 8  # the published: 180, 512, 512, 1024
WIDTHS = {16: 6, 32: 5, 64: 4, 128: 3}  # the published goes to 512
MAPPING = 3  # of 8


def linear(name: str, cin: int, cout: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (cout, cin), f"{name}.bias": (cout,)}


def conv(name: str, cin: int, cout: int, kernel: int = 3) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.weight": (cout, cin, kernel, kernel),
        f"{name}.bias": (cout,),
        f"{name}.resample_filter": (4, 4),
    }


def styled(name: str, cin: int, cout: int, style: int, *, noise: int = 0) -> dict:  # type: ignore[type-arg]
    shapes = {
        f"{name}.conv.weight": (1, cout, cin, 3, 3),
        f"{name}.conv.resample_filter": (4, 4),
        f"{name}.bias": (cout,),
    } | linear(f"{name}.conv.affine", style, cin)
    if noise:
        shapes |= {f"{name}.noise_strength": (), f"{name}.noise_const": (noise, noise)}
    return shapes


def to_rgb(name: str, cin: int, style: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.conv.weight": (1, 3, cin, 1, 1),
        f"{name}.conv.resample_filter": (4, 4),
        f"{name}.bias": (3,),
        f"{name}.resample_filter": (4, 4),
    } | linear(f"{name}.conv.affine", style, cin)


def published_layout(noise: bool) -> dict[str, tuple[int, ...]]:
    """Names and shapes as MAT's own generator has them."""
    first = "synthesis.first_stage"
    shapes = conv(f"{first}.conv_first.conv", 4, WIDE) | conv(
        f"{first}.enc_conv.0.conv", WIDE, WIDE
    )
    for level, depth in enumerate([2, 3, 4, 3, 2]):
        name = f"{first}.tran.{level}"
        if level:
            shapes |= conv(f"{name}.downsample.conv.conv", WIDE, WIDE)
        for block in range(depth):
            for part in "qkv":
                shapes |= linear(f"{name}.blocks.{block}.attn.{part}", WIDE, WIDE)
            shapes |= linear(f"{name}.blocks.{block}.attn.proj", WIDE, WIDE)
            shapes |= linear(f"{name}.blocks.{block}.fuse", 2 * WIDE, WIDE)
            shapes |= linear(f"{name}.blocks.{block}.mlp.fc1", WIDE, 2 * WIDE)
            shapes |= linear(f"{name}.blocks.{block}.mlp.fc2", 2 * WIDE, WIDE)
        shapes |= conv(f"{name}.conv.conv", WIDE, WIDE)
    for number in range(4):
        shapes |= conv(f"{first}.down_conv.{number}", WIDE, WIDE)
    shapes |= linear(f"{first}.to_style", WIDE, 2 * WIDE) | linear(f"{first}.ws_style", CODE, WIDE)
    shapes |= linear(f"{first}.to_square", WIDE, 256)
    shapes |= styled(f"{first}.dec_conv.0.conv0", WIDE, WIDE, 3 * WIDE)
    shapes |= styled(f"{first}.dec_conv.0.conv1", WIDE, WIDE, 3 * WIDE)
    shapes |= to_rgb(f"{first}.dec_conv.0.toRGB", WIDE, 3 * WIDE)
    for side, width in WIDTHS.items():
        block, style = f"synthesis.enc.EncConv_Block_{side}x{side}", CODE + STYLE
        cin = WIDTHS.get(2 * side, 7)
        shapes |= conv(f"{block}.conv0", cin, width, 3 if 2 * side in WIDTHS else 1)
        shapes |= conv(f"{block}.conv1", width, width)
        block = f"synthesis.dec.Dec_{side}x{side}"
        if side == 16:
            shapes |= conv(f"{block}.conv0", width, width)
        else:
            noisy = side * noise
            shapes |= styled(f"{block}.conv0", WIDTHS[side // 2], width, style, noise=noisy)
        shapes |= styled(f"{block}.conv1", width, width, style, noise=side * noise)
        shapes |= to_rgb(f"{block}.toRGB", width, style)
    shapes |= linear("synthesis.to_square", CODE, 256)
    for number in range(3):
        shapes |= conv(f"synthesis.to_style.conv.{number}", WIDTHS[16], WIDTHS[16])
    shapes |= linear("synthesis.to_style.fc", WIDTHS[16], STYLE)
    for number in range(MAPPING):
        shapes |= linear(f"mapping.fc{number}", CODE if number else LATENT, CODE)
    return shapes | {"mapping.w_avg": (CODE,)}


def random_state(noise: bool = False) -> dict[str, Tensor]:
    draws = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(shape, generator=draws) for name, shape in published_layout(noise).items()
    }


def save(path: Path, noise: bool = False) -> Path:
    torch.save(random_state(noise), path)
    return path


def scene() -> tuple[np.ndarray, np.ndarray]:
    rgb = np.random.default_rng(0).integers(0, 256, (128, 256, 3), np.uint8)
    hole = np.zeros((128, 256), bool)
    hole[30:95, 50:181] = True
    return rgb, hole


@pytest.mark.parametrize("noise", [False, True])
def test_the_network_has_the_published_names(noise: bool) -> None:
    state = random_state(noise)
    shape = shape_of(state)
    assert shape.side == 128
    own = {k: tuple(v.shape) for k, v in MatGenerator(shape).state_dict().items()}
    # fixed filters and noise, and what only training uses, are not read
    unread = ("resample_filter", "noise_const", "w_avg")
    wanted = published_layout(noise)
    assert own == {k: v for k, v in wanted.items() if not k.endswith(unread)}


def test_the_engine_keeps_the_known_and_draws_by_seed(tmp_path: Path) -> None:
    engine = load_mat(save(tmp_path / "g.pth"))
    assert (engine.name, engine.multiple, engine.limit) == ("mat", 128, 128)
    rgb, hole = scene()
    filled = engine.fill(rgb, hole, 1)
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])  # its own convention is 0 = hole
    np.testing.assert_array_equal(engine.fill(rgb, hole, 1), filled)
    assert (engine.fill(rgb, hole, 2)[hole] != filled[hole]).any()
    other = rgb.copy()
    other[hole] = 255 - other[hole]
    np.testing.assert_array_equal(engine.fill(other, hole, 1), filled)
    other = rgb.copy()
    other[~hole] = 255 - other[~hole]
    assert (engine.fill(other, hole, 1)[hole] != filled[hole]).any()


def test_noise_of_the_weights_is_added(tmp_path: Path) -> None:
    state = random_state(noise=True)
    rgb, hole = scene()
    fills = []
    for strength in (0.0, 1.0):
        for name in state:
            if name.endswith("noise_strength"):
                state[name] = torch.tensor(strength)
        torch.save(state, tmp_path / "g.pth")
        fills.append(load_mat(tmp_path / "g.pth").fill(rgb, hole, 1))
    assert (fills[0][hole] != fills[1][hole]).any()


def test_half_precision_safetensors_and_prefixes_are_read(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    half = {f"model.{k}": v.half() for k, v in random_state().items()}
    save_file(half, tmp_path / "mat.safetensors")
    rgb, hole = scene()
    filled = fill_hole(load_mat(tmp_path / "mat.safetensors"), rgb, hole, seed=0)
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])


def test_pickles_with_programs_are_refused_and_not_run(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    torch.save({**random_state(), "more": Touch(touched)}, tmp_path / "g.pth")
    with pytest.raises(ModelError, match=r"running what is in it is refused[^\n]*\.$"):
        load_mat(tmp_path / "g.pth")
    assert not touched.exists()


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    state = random_state()
    coarse = {k: v for k, v in state.items() if "_128x128" not in k and "_64x64" not in k}
    missing = {k: v for k, v in state.items() if not k.endswith("Dec_64x64.toRGB.bias")}
    for content, message in [
        ({"weight": torch.ones(2)}, "does not hold MAT's generator"),
        (coarse, "holds only a part of MAT's generator"),
        ({k: v for k, v in state.items() if "mapping" not in k}, "holds only a part"),
        (missing, r"does not hold MAT \(synthesis.dec.Dec_64x64.toRGB.bias is missing\)"),
    ]:
        torch.save(content, tmp_path / "g.pth")
        with pytest.raises(ModelError, match=message + r"[^\n]*\.$"):
            load_mat(tmp_path / "g.pth")


def plain_filtered(x: np.ndarray, before: int, behind: int) -> np.ndarray:
    """One map, zeros around, averaged under 1 3 3 1 both ways."""
    taps = np.array([1, 3, 3, 1]) / 8
    padded = np.pad(x, (before, behind))
    rows = sum(taps[i] * padded[i : padded.shape[0] - 3 + i] for i in range(4))
    return np.asarray(sum(taps[i] * rows[:, i : rows.shape[1] - 3 + i] for i in range(4)))


def test_resampling_filters_before_it_drops_and_after_it_spreads() -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(1, 1, 6, 8), torch.randn(1, 1, 3, 3)
    smooth = plain_filtered(x[0, 0].numpy(), 2, 2)
    wanted = F.conv2d(torch.from_numpy(smooth)[None, None].float(), weight)[..., ::2, ::2]
    np.testing.assert_allclose(convolved(x, weight, down=True), wanted, atol=1e-5)
    spread = np.zeros((12, 16), np.float32)
    spread[::2, ::2] = x[0, 0].numpy()
    smooth = 4 * plain_filtered(spread, 3, 2)
    wanted = F.conv2d(torch.from_numpy(smooth)[None, None].float(), weight)
    np.testing.assert_allclose(convolved(x, weight, up=True), wanted, atol=1e-5)
    np.testing.assert_allclose(doubled(x)[0, 0], 4 * plain_filtered(spread, 2, 1), atol=1e-5)


def test_a_style_scales_inputs_and_outputs_keep_unit_weights() -> None:
    torch.manual_seed(0)
    layer = StyledConv(3, 2, 4, 3, level=True)
    style, x = torch.randn(1, 4), torch.randn(1, 3, 5, 7)
    scale = style @ (layer.affine.weight.T / 2) + layer.affine.bias
    weight = layer.weight[0] * scale[0][:, None, None] / np.sqrt(27)
    weight = weight / weight.flatten(1).norm(dim=1)[:, None, None, None]
    wanted = F.conv2d(x, weight, padding=1)
    torch.testing.assert_close(layer(x, style), wanted, atol=1e-4, rtol=1e-4)


def test_partial_convolutions_make_up_for_what_is_unknown() -> None:
    torch.manual_seed(0)
    layer = PartialConv(1, 1)
    layer.conv.weight.data.fill_(1)
    known = torch.zeros(1, 1, 5, 6)
    known[..., :2] = 1
    x = torch.full((1, 1, 5, 6), 2.0) * known
    maps, after = layer(x, known)
    # under a kernel with n of 9 known: n * 2 * (1/3) * sqrt(2), times 9 / n
    np.testing.assert_allclose(maps[0, 0, 2].detach(), [6 * 2**0.5] * 3 + [0] * 3, rtol=1e-5)
    np.testing.assert_array_equal(after[0, 0, 2], [1, 1, 1, 0, 0, 0])


def test_windows_are_cut_and_joined() -> None:
    x = torch.arange(8 * 12 * 2.0).view(1, 8, 12, 2)
    windows = windows_of(x, 4)
    assert windows.shape == (6, 16, 2)
    torch.testing.assert_close(windows[1].view(4, 4, 2), x[0, :4, 4:8])
    torch.testing.assert_close(joined(windows, 4, (8, 12)), x)


def test_a_rolled_window_keeps_opposite_sides_apart() -> None:
    torch.manual_seed(0)
    block, size = WindowBlock(6, 4, 2), (8, 12)
    x = torch.randn(1, 96, 6)
    y, _ = block(x, size, None)
    moved = x.view(8, 12, 6).clone()
    moved[:, 0] += 1  # the left-most column shares a rolled window with the right-most ones
    z, _ = block(moved.view(1, 96, 6), size, None)
    changed = (y - z).detach().abs().amax(2).view(8, 12).amax(0) > 1e-6
    assert changed.tolist() == [True] * 2 + [False] * 10


def test_attention_leaves_out_what_is_unknown_and_spreads_what_is_known() -> None:
    torch.manual_seed(0)
    block, size = WindowBlock(6, 4, 0), (4, 8)
    x, known = torch.randn(1, 32, 6), torch.zeros(1, 32, 1)
    known[0, 0] = 1  # in the left window; in the right one nothing is
    y, after = block(x, size, known)
    assert after is not None
    assert after.view(4, 8).tolist() == [[1.0] * 4 + [0.0] * 4] * 4
    x[0, 1] += 1  # unknown: only its own token sees it
    z, _ = block(x, size, known)
    changed = (y - z).detach().abs().amax(2)[0] > 1e-6
    assert changed.nonzero().flatten().tolist() == [1]
