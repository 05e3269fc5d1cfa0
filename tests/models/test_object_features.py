"""Numbers of candidate masks, against plain ways to get them."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from compose.models.mobile_sam import MobileSamNetwork
from compose.models.object_features import (
    FORMS,
    LOOKS,
    LOOKS_LENGTH,
    forms,
    ious,
    looks,
    overlaps,
)
from compose.models.proposals import Proposals, propose
from compose.models.saliency_features import SHAPES

from .discs_network import SIZE, DiscsNetwork, disc, scene


def proposals(found: bool = True) -> Proposals:
    saliency = np.where(disc(0), 0.9, np.where(disc(1), 0.7, 0.05)).astype(np.float32)
    network = cast(MobileSamNetwork, DiscsNetwork())
    return propose(network, scene(), saliency, [disc(0)] if found else [])


@given(
    arrays(bool, st.tuples(st.integers(0, 4), st.just(3), st.just(5))),
    arrays(bool, st.tuples(st.integers(0, 3), st.just(3), st.just(5))),
)
def test_overlaps_and_ious_are_those_of_each_pair(
    masks: np.ndarray[Any, Any], others: np.ndarray[Any, Any]
) -> None:
    shared, shares = overlaps(masks, others), ious(masks, others)
    assert shared.shape == shares.shape == (len(masks), len(others))
    for i, one in enumerate(masks):
        for k, other in enumerate(others):
            both, either = int((one & other).sum()), int((one | other).sum())
            assert shared[i, k] == both
            assert shares[i, k] == np.float32(both / max(either, 1))


def test_there_are_as_many_numbers_as_are_said_and_all_are_finite() -> None:
    p = proposals()
    values = forms(p)
    assert values.shape == (len(p), FORMS)
    assert np.isfinite(values).all()
    assert np.isfinite(forms(proposals(found=False))).all()
    saliency = np.zeros(SIZE[::-1], np.float32)
    nothing = propose(cast(MobileSamNetwork, DiscsNetwork()), scene(), saliency, [])
    assert forms(nothing).shape == (0, FORMS)


def test_a_whole_disc_has_the_votes_of_its_own_points_and_a_part_has_not() -> None:
    p = proposals(found=False)
    values = forms(p)
    votes, beside, points = values[:, 13], values[:, 14], values[:, 15]
    wholes = p.answers == 0
    discs = wholes & (np.abs(p.masks.mean((1, 2)) - 0.1) < 0.1)
    assert discs.any()
    np.testing.assert_allclose(votes[discs], 1)
    np.testing.assert_allclose(beside[discs], 0)
    quarters = (p.answers == 2) & (p.masks.mean((1, 2)) < 0.08)
    assert (votes[quarters] == 1).all()  # every point of a disc answers with its quarter too
    assert (points[quarters] < points[wholes].max()).all()


def test_a_disc_is_as_salient_as_the_map_and_its_ring_is_not() -> None:
    p = proposals(found=False)
    own = forms(p)[:, 21:]
    first = (ious(p.masks, p.masks[:1])[:, 0] > 0.95) & (p.answers == 0)
    mean, deviation, ring, rim = own[first, :4].T
    np.testing.assert_allclose(mean, 0.9, atol=0.03)
    assert (deviation < 0.1).all()
    assert (ring < 0.3).all()
    assert (rim > 0.8).all()
    assert (own[first, -4:] == 0).all()  # touches no edge of the picture


def test_looks_are_the_means_of_the_maps_in_the_mask() -> None:
    p = proposals(found=False)
    random = np.random.default_rng(0)
    maps = {
        name: random.normal(size=(SHAPES[name][0], SHAPES[name][1], SHAPES[name][1])).astype("f4")
        for name in LOOKS
    }
    values = looks(p, maps)
    assert values.shape == (len(p), LOOKS_LENGTH)
    import cv2

    for k in (0, len(p) - 1):
        parts = []
        for name in LOOKS:
            side = SHAPES[name][1]
            shares = cv2.resize(p.masks[k].astype("f4"), (side, side), interpolation=cv2.INTER_AREA)
            parts += [float((plane * shares).sum() / shares.sum()) for plane in maps[name]]
        np.testing.assert_allclose(values[k], parts, atol=1e-4)
