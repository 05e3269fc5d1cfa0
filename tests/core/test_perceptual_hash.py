from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from compose.core.perceptual_hash import NEAR, hash_distances, perceptual_hash


def photo(seed, width=300, height=200):
    small = np.random.default_rng(seed).integers(0, 256, (6, 9, 3), np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def apart(a, b):
    return int(hash_distances(perceptual_hash(a), np.array([perceptual_hash(b)], np.uint64))[0])


def test_copies_are_near_and_others_far(tmp_path):
    original = photo(1)
    smaller = cv2.resize(original, (120, 80), interpolation=cv2.INTER_AREA)
    Image.fromarray(original).save(tmp_path / "a.jpg", quality=30)
    lossy = np.asarray(Image.open(tmp_path / "a.jpg"))
    lighter = np.clip(original * 0.9 + 20, 0, 255).astype(np.uint8)
    for copy in (original, smaller, lossy, lighter):
        assert apart(original, copy) <= NEAR
    assert min(apart(original, photo(seed)) for seed in range(2, 40)) > NEAR


def test_flat_pictures_have_no_bits():
    assert perceptual_hash(np.full((50, 90, 3), 77, np.uint8)) == 0


def test_distances_count_bits():
    others = np.array([0, 1, 2**63, 2**64 - 1], np.uint64)
    assert hash_distances(1, others).tolist() == [1, 0, 2, 63]
