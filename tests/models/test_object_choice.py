"""Which candidates are taken, and the engine around it."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from compose.core.boxes import Box
from compose.models.mobile_sam import MobileSamNetwork
from compose.models.object_choice import ObjectChoiceConfig, ObjectNetwork, chosen
from compose.models.object_features import ious
from compose.models.proposals import Proposals
from compose.models.segmenter import Prompt
from compose.models.segmenter_objects import ObjectSegmenter
from compose.models.segmenter_salient import SalientSegmenter

from .discs_network import SIZE, DiscsNetwork, disc, scene

Array = np.ndarray[Any, Any]


@st.composite
def candidates(draw: st.DrawFn) -> tuple[Array, Array, Array]:
    count = draw(st.integers(0, 8))
    masks = draw(arrays(bool, (count, 6, 7)))
    masks[:, 0, 0] = True  # none is empty
    unit = st.floats(0, 1, width=32)
    saliency = draw(arrays(np.float32, (6, 7), elements=unit))
    scores = draw(arrays(np.float32, (count,), elements=unit))
    return masks, saliency, scores


@given(candidates())
def test_what_is_taken_is_good_salient_and_hardly_overlaps(
    given: tuple[Array, Array, Array],
) -> None:
    masks, saliency, scores = given
    config = ObjectChoiceConfig()
    kept = chosen(masks, saliency, scores, config)
    assert [scores[k] for k in kept] == sorted((scores[k] for k in kept), reverse=True)
    for k in kept:
        assert scores[k] >= config.least_score
        assert saliency[masks[k]].mean() >= config.least_saliency - 1e-5
        for other in kept:
            if other != k:
                shared = (masks[k] & masks[other]).sum()
                assert shared <= config.most_shared * min(masks[k].sum(), masks[other].sum())
    if not kept:  # then nothing was good and salient
        fit = [saliency[m].mean() >= config.least_saliency + 1e-5 for m in masks]
        assert not (np.array(fit, bool) & (scores >= config.least_score)).any()


class Looked:
    """A map of both discs."""

    name = "looked"

    def __init__(self, saliency: Array) -> None:
        self.saliency = saliency

    def read(self, rgb: Array) -> Array:
        return self.saliency.astype(np.float32)


class Wholes:
    """Scores that know that wholes are objects, and what is no disc is none."""

    def scores(self, rgb: Array, proposals: Proposals) -> Array:
        small = proposals.masks.mean((1, 2)) < 0.3
        return np.where((proposals.answers == 0) & small, 0.9, 0.1).astype(np.float32)


class Nothing:
    name = "salient"

    def segment(self, rgb: Array) -> list[Any]:
        return []


def engine(saliency: Array) -> ObjectSegmenter:
    return ObjectSegmenter(
        Looked(saliency),
        cast(SalientSegmenter, Nothing()),
        cast(MobileSamNetwork, DiscsNetwork()),
        cast(ObjectNetwork, Wholes()),
    )


def test_the_engine_finds_each_disc_once_and_disjoint() -> None:
    found = engine(np.where(disc(0) | disc(1), 0.9, 0.0)).segment(scene())
    assert len(found) == 2
    assert not (found[0].mask & found[1].mask).any()
    shares = ious(np.array([f.mask for f in found]), np.array([disc(0), disc(1)]))
    assert (shares.max(0) > 0.95).all()
    assert [f.score for f in found] == [pytest.approx(0.9)] * 2
    assert found[0].mask.shape == SIZE[::-1]


def test_what_does_not_stand_out_is_not_found() -> None:
    found = engine(np.where(disc(1), 0.9, 0.0)).segment(scene())
    assert len(found) == 1
    assert ious(found[0].mask[None], disc(1)[None]) > 0.95
    assert engine(np.zeros(SIZE[::-1])).segment(scene()) == []


def test_the_engine_answers_prompts() -> None:
    there = Prompt(points=((30, 30, True),))
    box = Prompt(box=Box(60, 20, 110, 70))
    first, second = engine(np.zeros(SIZE[::-1])).prompt(scene(), [there, box])
    assert ious(first.mask[None], disc(0)[None]) > 0.9
    assert ious(second.mask[None], disc(1)[None]) > 0.9


def test_a_picture_of_one_row_is_looked_at_by_the_other_finder() -> None:
    saliency = np.ones((1, 9), np.float32)
    assert engine(saliency).segment(np.zeros((1, 9, 3), np.uint8)) == []
