"""Matching, labels and losses by hand and against plain references."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from compose.models.crop_detr import CropAnswer
from compose.models.crop_detr_loss import (
    CropDetrLossConfig,
    crop_losses,
    focal,
    match,
    subject_loss,
)
from compose.models.detr_parts import centres, corners
from compose.models.detr_targets import (
    TargetConfig,
    generalised_iou,
    make_target,
    matched_labels,
    overlaps,
    soft_labels,
)


def box(*edges: float) -> torch.Tensor:
    return torch.tensor([[float(edge) for edge in edges]])


def test_giou_by_hand() -> None:
    # 2x2 and 2x2, one cell in common: IoU 1/7, hull 9, 2 of it in neither
    a, b = box(0, 0, 2, 2), box(1, 1, 3, 3)
    assert float(overlaps(a, b)) == pytest.approx(1 / 7)
    assert float(generalised_iou(a, b)) == pytest.approx(1 / 7 - 2 / 9)
    # apart: hull 4x1, union 2
    assert float(generalised_iou(box(0, 0, 1, 1), box(3, 0, 4, 1))) == pytest.approx(-0.5)
    assert float(generalised_iou(a, a)) == pytest.approx(1)
    there = corners(centres(a))
    assert torch.allclose(there, a)


def test_focal_by_hand() -> None:
    # label 1, chance 1/2: .25 * .5^2 * ln 2; label 0 the same with .75
    zero = torch.zeros(1)
    assert float(focal(zero, torch.ones(1))) == pytest.approx(0.25 * 0.25 * math.log(2))
    assert float(focal(zero, torch.zeros(1))) == pytest.approx(0.75 * 0.25 * math.log(2))
    # label .5: weight .5, "right" is .5 whatever the chance
    logit = torch.tensor([1.0])
    p = 1 / (1 + math.exp(-1))
    entropy = -0.5 * math.log(p) - 0.5 * math.log(1 - p)
    assert float(focal(logit, torch.tensor([0.5]))) == pytest.approx(0.5 * 0.25 * entropy)


def test_the_matching_is_the_cheapest_of_all() -> None:
    draws = torch.Generator().manual_seed(0)
    config = CropDetrLossConfig()
    for queries, goods in ((5, 3), (3, 4), (4, 1)):
        logits = torch.randn(queries, generator=draws)
        centre = torch.rand(queries, 2, generator=draws) * 0.4 + 0.3
        boxes = torch.cat([centre, torch.rand(queries, 2, generator=draws) * 0.5 + 0.05], 1)
        first = torch.rand(goods, 2, generator=draws) * 0.4
        good = torch.cat([first, first + 0.2 + 0.3 * torch.rand(goods, 2, generator=draws)], 1)
        p = logits.sigmoid()
        label = 0.25 * (1 - p) ** 2 * -p.log() - 0.75 * p**2 * -(1 - p).log()
        cost = 2 * label[:, None] + 5 * (boxes[:, None] - centres(good)[None]).abs().sum(-1)
        cost = cost - 2 * generalised_iou(corners(boxes)[:, None], good[None])
        least, pairs = math.inf, min(queries, goods)
        for rows in itertools.permutations(range(queries), pairs):
            for columns in itertools.combinations(range(goods), pairs):
                least = min(least, float(cost[list(rows), list(columns)].sum()))
        rows, columns = match(logits, boxes, good, config)
        assert len(set(rows.tolist())) == len(set(columns.tolist())) == pairs
        assert float(cost[rows, columns].sum()) == pytest.approx(least, abs=1e-5)


BOXES = torch.tensor(
    [[0.0, 0, 1, 1], [0.1, 0.1, 0.9, 0.9], [0, 0, 0.5, 0.5], [0.1, 0.1, 0.9, 0.95]]
)
SCORES = torch.tensor([2.0, 4.5, 3.0, 4.0])


def test_good_boxes() -> None:
    target = make_target(BOXES, SCORES, TargetConfig(good=4))
    assert torch.equal(target.good, BOXES[[1, 3]])  # the best first
    assert len(make_target(BOXES, SCORES, TargetConfig(good=4, most=1)).good) == 1
    # the two overlap by .64/.68 = .94
    assert len(make_target(BOXES, SCORES, TargetConfig(good=4, apart=0.8)).good) == 1
    assert len(make_target(BOXES, SCORES, TargetConfig(good=4, apart=0.95)).good) == 2
    tied = make_target(BOXES, torch.tensor([1.0, 3.0, 3.0, 2.0]), TargetConfig(good=4))
    assert torch.equal(tied.good, BOXES[[1, 2]])


def test_soft_labels_by_hand() -> None:
    target = make_target(BOXES, SCORES, TargetConfig())
    found = torch.tensor([
        [0.0, 0, 1, 0.9],  # .9 of the crop with score 2: .5 * 0 / 1.5
        [0, 0, 0.5, 0.45],  # .9 of that with score 3: .5 * 1 / 1.5
        [0.1, 0.1, 0.9, 0.9],  # that with 4.5, above the bound
        [0.5, 0.5, 0.9, 0.9],  # near none
    ])  # fmt: skip
    labels = soft_labels(found, target, TargetConfig())
    assert labels.tolist() == pytest.approx([0, 1 / 3, 0.5, 0])
    assert soft_labels(found, target, TargetConfig(soft=0)).tolist() == [0, 0, 0, 0]


def test_valid_smoothing() -> None:
    good = torch.tensor([[0.0, 0, 1, 1], [0, 0, 0.8, 0.9], [0, 0, 1, 0.76]])
    assert matched_labels(good, TargetConfig()).tolist() == [1, 1, 1]
    assert matched_labels(good, TargetConfig(smooth=True)).tolist() == pytest.approx([0.9, 1, 0.9])


def test_a_crop_that_cuts_the_subject_is_punished() -> None:
    """The published sign would punish the first of these and not the others."""
    subject = torch.tensor([0.4, 0.4, 0.6, 0.6])
    around, left, within = (
        box(0.1, 0.1, 0.9, 0.9),
        box(0.5, 0.1, 0.9, 0.9),
        box(0.45, 0.45, 0.55, 0.5),
    )
    assert float(subject_loss(around, subject, 0.0)) == 0
    assert float(subject_loss(left, subject, 0.0)) == pytest.approx(0.1)
    assert float(subject_loss(within, subject, 0.0)) == pytest.approx(0.05 + 0.05 + 0.05 + 0.1)
    # a margin of 2.5 % of .2 on every side
    assert float(subject_loss(left, subject, 0.025)) == pytest.approx(0.105)
    edge = torch.tensor([0.0, 0.4, 1.0, 0.6])  # grown it would leave the picture
    assert float(subject_loss(box(0, 0, 1, 1), edge, 0.1)) == 0
    crop = box(0.5, 0.1, 0.9, 0.9).requires_grad_()
    subject_loss(crop, subject, 0.0).backward()
    assert crop.grad is not None
    assert crop.grad.tolist() == [[1, 0, 0, 0]]  # going down moves the left edge to the left


def answer_of(layers: int = 2, batch: int = 2, queries: int = 5) -> CropAnswer:
    draws = torch.Generator().manual_seed(1)
    logits = torch.randn(layers, batch, queries, generator=draws)
    centre = torch.rand(layers, batch, queries, 2, generator=draws) * 0.4 + 0.3
    size = torch.rand(layers, batch, queries, 2, generator=draws) * 0.5 + 0.05
    return CropAnswer(logits, torch.cat([centre, size], -1), centre[0])


def plain_loss(answer: CropAnswer, targets: list, config: CropDetrLossConfig) -> float:  # type: ignore[type-arg]
    """One query after the other."""
    total, count = 0.0, sum(len(t.good) for t in targets)
    for layer in range(len(answer.logits)):
        for b, target in enumerate(targets):
            logits, boxes = answer.logits[layer, b], answer.boxes[layer, b]
            pairs = dict(match(logits, boxes, target.good, config).T.tolist())
            for q in range(len(logits)):
                p = float(logits[q].sigmoid())
                if q in pairs:
                    good = target.good[pairs[q]]
                    wanted = 1.0
                    edges = float((boxes[q] - centres(good)).abs().sum())
                    giou = float(generalised_iou(corners(boxes[q]), good))
                    total += (5 * edges + 2 * (1 - giou)) / count
                else:
                    own = corners(boxes[q])[None]
                    best = overlaps(own, target.boxes)[0]
                    i = int(best.argmax())
                    every = [
                        (float(generalised_iou(corners(boxes[q]), good)), good)
                        for good in target.good
                    ]
                    giou, good = max(every, key=lambda pair: pair[0])
                    edges = float((boxes[q] - centres(good)).abs().sum())
                    share = config.others * len(target.good) / len(logits)
                    total += share * (5 * edges + 2 * (1 - giou)) / count
                    wanted = 0.0
                    if float(best[i]) >= 0.85:
                        wanted = min(max(0.5 * (float(target.scores[i]) - 2) / 1.5, 0), 0.5)
                right = p * wanted + (1 - p) * (1 - wanted)
                entropy = -wanted * math.log(p) - (1 - wanted) * math.log(1 - p)
                weight = 0.25 * wanted + 0.75 * (1 - wanted)
                total += 2 * weight * (1 - right) ** 2 * entropy / count
    return total


def test_the_whole_loss_against_a_plain_one() -> None:
    config = CropDetrLossConfig()
    targets = [
        make_target(BOXES, SCORES, config.targets),
        make_target(BOXES[:1], SCORES[:1], config.targets),
    ]
    answer = answer_of()
    found = crop_losses(answer, targets, config)
    assert float(found["loss"]) == pytest.approx(plain_loss(answer, targets, config), rel=1e-5)
    assert float(found["subject"]) == 0
    last = CropAnswer(answer.logits[1:], answer.boxes[1:], answer.points)
    alone = crop_losses(answer, targets, CropDetrLossConfig(auxiliary=False))
    assert float(alone["loss"]) == pytest.approx(plain_loss(last, targets, config), rel=1e-5)
    wide = CropDetrLossConfig(others=0.5)  # the pictures have one good crop and two
    found = crop_losses(answer, targets, wide)
    assert float(found["loss"]) == pytest.approx(plain_loss(answer, targets, wide), rel=1e-5)
    halved = crop_losses(answer, targets, wide, boxes_in_all=6.0)
    assert float(halved["loss"]) == pytest.approx(float(found["loss"]) / 2, rel=1e-5)


def test_each_picture_has_its_own_subject() -> None:
    """Published with the first picture's subject for the whole batch."""
    config = CropDetrLossConfig(subject=2.0, auxiliary=False)
    one, other = torch.tensor([0.0, 0, 0.3, 0.3]), torch.tensor([0.7, 0.7, 1.0, 1.0])
    targets = [
        make_target(BOXES[:1], SCORES[:1], config.targets, one),
        make_target(BOXES[:1], SCORES[:1], config.targets, other),
    ]
    answer = answer_of(1)
    cut = [subject_loss(corners(answer.boxes[0, b]), s, 0.025) for b, s in enumerate((one, other))]
    assert float(crop_losses(answer, targets, config)["subject"]) == pytest.approx(
        2 * float(cut[0] + cut[1]) / 2, rel=1e-5
    )


def test_a_teacher_has_half_the_say_about_labels() -> None:
    config = CropDetrLossConfig(auxiliary=False)
    targets = [make_target(BOXES[:1], SCORES[:1], config.targets)]
    answer = answer_of(1, 1)
    chances = torch.rand(1, 5, generator=torch.Generator().manual_seed(3))
    taught = crop_losses(answer, targets, config, teacher=chances)["label"]
    own = crop_losses(answer, targets, config)["label"]
    his = 2 * focal(answer.logits[0, 0], chances[0])
    assert float(taught) == pytest.approx(float(own + his) / 2, rel=1e-5)
