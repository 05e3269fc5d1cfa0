"""The loss of a sketch: two weighted terms, shared random views, judged without them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from compose.models.augment import SharedViews
from compose.models.edge_term import EdgeTerm
from compose.stages.sketch_edges import scene_edges
from compose.stages.sketch_loss import SketchLoss

from .sketch_scenes import Blur, close, scene

EDGES = scene_edges(scene()).astype(np.float32)
PLAIN = torch.from_numpy(scene()).permute(2, 0, 1)[None].float() / 255


def loss_of(**changes):
    values = {"semantic": 2.0, "structure": 0.5, "views": 0} | changes
    return SketchLoss(scene(), EDGES, Blur(), **values)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def pictures():
    return torch.rand(3, 3, 80, 120, generator=torch.Generator().manual_seed(0))


def test_terms_are_the_networks_and_the_edges(pictures):
    judged = loss_of().judge(pictures)
    blur = Blur()
    target = [blur.features(PLAIN)[0].expand(3, -1, -1, -1)]
    semantic = blur.distance(blur.features(pictures), target)
    structure = EdgeTerm(torch.from_numpy(EDGES)).distance(pictures)
    assert close(judged.semantic, semantic)
    assert close(judged.structure, structure)
    assert close(judged.total, 2 * semantic + 0.5 * structure)


def test_the_target_itself_is_at_no_distance_from_the_network():
    judged = loss_of().judge(PLAIN)
    assert judged.semantic.item() == pytest.approx(0, abs=1e-6)


def test_without_views_the_loss_is_what_judges(pictures):
    loss = loss_of()
    assert close(loss(pictures, torch.Generator()).total, loss.judge(pictures).total)


@pytest.mark.parametrize("views", [1, 3])
def test_views_are_shared_by_sketch_and_target(pictures, views):
    loss = loss_of(views=views)
    found = loss(pictures, torch.Generator().manual_seed(5)).semantic
    augment, blur = SharedViews(), Blur()
    drawn = augment.draw(torch.Generator().manual_seed(5), views)
    for number, picture in enumerate(pictures[:, None]):
        distances = [blur.distance(blur.features(picture), blur.features(PLAIN))]
        seen, wanted = augment.apply(picture, drawn), augment.apply(PLAIN, drawn)
        distances += list(blur.distance(blur.features(seen), blur.features(wanted)).split(1))
        assert found[number].item() == pytest.approx(torch.cat(distances).mean().item(), abs=1e-6)


def test_views_are_drawn_by_the_generator(pictures):
    loss = loss_of(views=2)
    one, same, other = (loss(pictures, torch.Generator().manual_seed(n)).total for n in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_gradients_reach_the_pictures_from_both_terms(pictures):
    for weights in ({"semantic": 0.0}, {"structure": 0.0}):
        given = pictures.clone().requires_grad_()
        loss_of(views=1, **weights)(given, torch.Generator()).total.sum().backward()
        assert (given.grad.abs().amax((1, 2, 3)) > 0).all()


def test_edges_alone_ask_no_network(pictures):
    loss = loss_of()
    alone = loss.structure(pictures)
    assert close(alone.total, loss.judge(pictures).structure)
    assert (alone.semantic == 0).all()


def test_rows_are_judged_one_by_one(pictures):
    together = loss_of().judge(pictures).total
    for picture, total in zip(pictures, together, strict=True):
        assert close(loss_of().judge(picture[None]).total, total[None])
