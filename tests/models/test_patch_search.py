"""Patches beside a slow, plain reference: descriptions, allowed places, and what fits best."""

from __future__ import annotations

import numpy as np
import pytest

from compose.core.seeds import generator
from compose.models.patch_search import CanvasLevel, PatchSearch
from compose.models.patch_sources import RADIUS, SIZE, PatchSources, described


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)


def test_descriptions_are_products_with_orthonormal_windows() -> None:
    # of a picture that is a single point, the descriptions around it are the windows themselves
    side = 4 * RADIUS + 1
    windows = []
    for channel in range(3):
        point = np.zeros((side, side, 3), np.float32)
        point[2 * RADIUS, 2 * RADIUS, channel] = 1
        windows.append(described(point)[RADIUS:-RADIUS, RADIUS:-RADIUS])
    basis = np.stack(windows, 2)[::-1, ::-1]  # (7,7,3,SIZE)
    patch = noise(2 * RADIUS + 1, 2 * RADIUS + 1)
    around = np.pad(patch, ((RADIUS,) * 2, (RADIUS,) * 2, (0, 0)), "reflect")
    direct = np.einsum("yxc,yxck->k", patch, basis)
    assert described(around)[2 * RADIUS, 2 * RADIUS] == pytest.approx(direct, abs=1e-5)
    assert basis.shape[-1] == SIZE


def test_patches_that_touch_what_is_banned_are_no_sources() -> None:
    banned = np.zeros((30, 40), bool)
    banned[15, 20] = True
    sources = PatchSources.of(noise(30, 40), banned)
    left, right = sources.allowed[:, :40], sources.allowed[:, 40:]
    assert (left == right[:, ::-1]).all()
    assert not left[:RADIUS].any()
    assert not left[12:19, 17:24].any()
    assert left[15, 24]
    assert left[11, 20]
    # unless nearly all is banned
    assert PatchSources.of(noise(30, 40), np.ones((30, 40), bool)).allowed.any()


def test_mirrored_patches_are_those_of_the_mirrored_picture() -> None:
    photo = noise(12, 20)
    sources = PatchSources.of(photo, np.zeros((12, 20), bool))
    numbers = sources.numbers.reshape(12, 40, SIZE)
    assert numbers[:, 20:] == pytest.approx(described(photo[:, ::-1]), abs=1e-6)


def test_searching_finds_nearly_what_trying_all_finds() -> None:
    photo = noise(24, 32)
    level = CanvasLevel.of((24, 44), (0, 6), photo, np.zeros((24, 32), bool))
    picture = level.with_photo(noise(24, 44, 1))
    # the surroundings are the photograph mirrored, so that good patches exist
    picture[:, :6] = photo[:, 6:0:-1]
    picture[:, 38:] = photo[:, -2:-8:-1]
    search = PatchSearch(level, level.at_same_height(generator(0, "x")), generator(0, "y"))
    for number in range(6):
        search.improve(picture, number)
    now = described(picture)[level.rows, level.columns]
    every = ((level.sources.numbers[None] - now[:, None]) ** 2).sum(2)
    every[:, ~level.sources.allowed.ravel()] = np.inf
    # height counts too, but not within a slack; so compare with what was found, by colours alone
    found = every[np.arange(len(now)), search.rows * 64 + search.columns]
    assert np.isfinite(found).all()
    assert np.median(found) <= np.median(every.min(1)) * 1.2 + 1e-6
    chance = np.median(every[np.isfinite(every)])
    assert np.mean(found) < 0.35 * chance


def test_places_at_a_larger_size_are_the_same_ones() -> None:
    small = PatchSources.of(noise(10, 16), np.zeros((10, 16), bool))
    large = PatchSources.of(noise(20, 32), np.zeros((20, 32), bool))
    rows, columns = np.array([3, 3, 9]), np.array([5, 16 + 5, 31])
    parts = np.array([[0.0, 0.5, 0.9], [0.0, 0.5, 0.9]])
    y, x = large.enlarged_from(rows, columns, parts, small)
    assert list(y) == [6, 7, 19]
    assert list(x) == [10, 32 + 11, 32 + 31]
