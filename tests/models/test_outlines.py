"""The outline network: its window, its file, and how corrected masks come together."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from compose.models.crop_builtin import weights_folder
from compose.models.crop_weights import load_crop_net
from compose.models.efficientnet_lite import trunk_maps
from compose.models.outline_net import OutlineConfig, OutlineNet, load_outline_net
from compose.models.outlines import (
    OutlineNetwork,
    Window,
    refined_masks,
    small_window,
    window_around,
)


def box_mask(y1: int, y2: int, x1: int, x2: int, size: tuple[int, int] = (120, 200)) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[y1:y2, x1:x2] = True
    return mask


def test_a_window_has_the_margin_and_stays_in_the_picture() -> None:
    rows, columns = window_around(box_mask(50, 60, 80, 100))
    assert (rows.start, rows.stop, columns.start, columns.stop) == (42, 68, 72, 108)
    rows, columns = window_around(box_mask(0, 120, 190, 200))
    assert (rows.start, rows.stop, columns.start, columns.stop) == (0, 120, 142, 200)


def test_an_untrained_network_gives_the_coarse_mask_back() -> None:
    config = OutlineConfig(width=8, fine=4)
    maps = [torch.rand(1, c, n, n) for c, n in zip(config.channels, (16, 8, 4, 2), strict=True)]
    coarse = torch.rand(1, 1, 32, 32)
    net = OutlineNet(config).eval()
    with torch.no_grad():
        logits = net(maps, torch.rand(1, 3, 64, 64), coarse)
    assert torch.equal(logits > 0, coarse > 0.5)


def test_the_file_that_ships_answers_as_the_network_in_torch() -> None:
    random = np.random.default_rng(0)
    rgb = cv2.resize(random.integers(0, 256, (9, 13, 3), np.uint8), (200, 120))
    mask = box_mask(30, 90, 60, 140)
    window, likely = OutlineNetwork().refine(rgb, mask)
    picture, coarse = small_window(rgb[window], mask[window])
    net = load_outline_net(weights_folder() / "outlines.safetensors")
    values = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        maps = trunk_maps(load_crop_net(weights_folder()).lite.eval(), values, net.config.stages)
        logits = net(maps, values, torch.from_numpy(coarse)[None, None])[0, 0].numpy()
    shape = mask[window].shape
    wanted = cv2.resize(logits, shape[::-1], interpolation=cv2.INTER_LINEAR)
    assert likely.shape == shape
    np.testing.assert_allclose(likely, 1 / (1 + np.exp(-wanted)), atol=1e-3)


def animal(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A dark thing on a meadow, as a picture, with its legs, and without them."""
    random = np.random.default_rng(seed)
    body, legs = (np.zeros((240, 320), np.uint8) for _ in range(2))
    cv2.ellipse(body, (160, 100), (70, 38), 0, 0, 360, 1, -1)
    cv2.circle(body, (235, 70), 22, 1, -1)
    for x in (105, 135, 185, 212):
        cv2.line(legs, (x, 110), (x + int(random.integers(-6, 7)), 195), 1, 11)
    whole = (body | legs) > 0
    rgb = np.where(whole[..., None], (70, 50, 40), (130, 150, 90)).astype(np.float64)
    rgb += 3 * cv2.GaussianBlur(random.normal(0, 13, rgb.shape), (0, 0), 1.5)
    return cv2.GaussianBlur(np.clip(rgb, 0, 255), (0, 0), 0.7).astype(np.uint8), whole, body > 0


@pytest.mark.parametrize("seed", range(3))
def test_lost_legs_come_back(seed: int) -> None:
    rgb, whole, found = animal(seed)
    (mask,) = refined_masks(rgb, [found], OutlineNetwork(), 50)
    assert (mask & whole & ~found).sum() > 0.6 * (whole & ~found).sum()
    before = (found & whole).sum() / (found | whole).sum()
    assert (mask & whole).sum() / (mask | whole).sum() > before + 0.05


class Fixed:
    """Says the same likelihood for every pixel that it is asked about."""

    def __init__(self, *likely: float) -> None:
        self.left = list(likely)

    def refine(self, rgb: np.ndarray, mask: np.ndarray) -> tuple[Window, np.ndarray]:
        window = window_around(mask)
        return window, np.full(mask[window].shape, self.left.pop(0), np.float32)


def test_corrected_masks_do_not_overlap_and_the_likelier_has_the_pixel() -> None:
    rgb = np.zeros((120, 200, 3), np.uint8)
    masks = [box_mask(30, 90, 40, 100), box_mask(30, 90, 100, 160)]
    one, other = refined_masks(rgb, masks, Fixed(0.7, 0.9), 50)
    assert not (one & other).any()
    assert other[window_around(masks[1])].all()


def test_what_all_but_vanishes_is_left_out() -> None:
    rgb = np.zeros((120, 200, 3), np.uint8)
    masks = [box_mask(30, 90, 40, 100), box_mask(30, 90, 100, 160)]
    assert len(refined_masks(rgb, masks, Fixed(0.7, 0.2), 50)) == 1
