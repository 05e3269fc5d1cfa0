"""Candidate masks: where they are asked for, and what is kept of the answers."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from compose.models.mobile_sam import MobileSamNetwork
from compose.models.object_features import ious
from compose.models.proposals import KINDS, LONG_SIDE, Proposals, propose, small_size

from .discs_network import SIZE, DiscsNetwork, disc, scene


def proposed(saliency: np.ndarray[Any, Any], found: list[np.ndarray[Any, Any]]) -> Proposals:
    network = cast(MobileSamNetwork, DiscsNetwork())
    return propose(network, scene(), saliency.astype(np.float32), found)


def test_points_lie_where_something_stands_out_and_nowhere_else() -> None:
    saliency = np.where(disc(0), 0.9, 0.05)
    p = proposed(saliency, [])
    assert 5 < len(p.points) < 60
    assert (p.saliency[p.points[:, 0], p.points[:, 1]] > 0.3).all()
    assert p.masks.shape[1:] == small_size(*SIZE)[::-1] == (170, LONG_SIDE)
    assert set(p.kinds) == {KINDS.index("point")}
    assert sorted(set(p.answers)) == [0, 1, 2]
    assert (np.diff(p.asked) >= 0).all()
    assert set(p.asked) == set(range(len(p.points)))


def test_candidates_are_the_answers_at_the_small_size() -> None:
    p = proposed(np.where(disc(1), 0.9, 0.0), [])
    import cv2

    small = cv2.resize(disc(1).astype(np.float32), small_size(*SIZE), interpolation=cv2.INTER_AREA)
    # points on the disc's soft edge answer with what is around it
    wholes = p.masks[(p.answers == 0) & (p.masks.mean((1, 2)) < 0.3)]
    assert len(wholes) > 20
    assert (ious(wholes, (small > 0.5)[None]) > 0.95).all()
    full = p.logits_at_full_size(int(np.flatnonzero(p.answers == 0)[0])) > 0
    assert full.shape == SIZE[::-1]
    assert ious(full[None], disc(1)[None]) > 0.95


def test_what_was_found_otherwise_is_asked_about_by_its_box_and_mask() -> None:
    p = proposed(np.zeros(SIZE[::-1]), [disc(0), disc(1)])
    assert len(p.points) == 0
    assert [KINDS[k] for k in p.kinds] == 2 * (["box of three"] * 3 + ["box", "mask"])
    assert (p.asked == -1).all()
    assert p.found.shape[0] == 2
    assert (ious(p.masks[p.kinds == KINDS.index("mask")], p.found).max(1) > 0.95).all()


def test_where_nothing_stands_out_there_are_no_candidates() -> None:
    p = proposed(np.zeros(SIZE[::-1]), [])
    assert len(p) == 0
    assert p.masks.shape == (0, 170, LONG_SIDE)
    assert p.found.shape == (0, 170, LONG_SIDE)


@pytest.mark.parametrize(("size", "small"), [((1, 1), (256, 256)), ((3, 4000), (1, 256))])
def test_small_masks_have_a_pixel_at_least(size: tuple[int, int], small: tuple[int, int]) -> None:
    assert small_size(*size) == small
