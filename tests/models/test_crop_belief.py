import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compose.models.crop_belief import CropBelief


def boxes_of(corners):
    """Boxes with extent, in shares, from (N,4) of any numbers in [0,1]."""
    low = np.minimum(corners[:, :2], corners[:, 2:]) * 0.9
    high = np.maximum(corners[:, :2], corners[:, 2:])
    return np.concatenate([low, np.maximum(high, low + 0.05)], 1)


corners = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 12), st.just(4)), elements=st.floats(0, 1)
)


def plain_iou(a, b):
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    return wide * high / (sum(area) - wide * high)


@settings(deadline=None)
@given(corners, corners, st.integers(0, 2**32 - 1))
def test_utility_is_the_expected_overlap(hypotheses, asked, seed):
    hypotheses, asked = boxes_of(hypotheses), boxes_of(asked)
    weights = np.random.default_rng(seed).random(len(hypotheses)) + 1e-3
    belief = CropBelief(hypotheses, weights / weights.sum())
    expected = [
        sum(p * plain_iou(box, h) for p, h in zip(weights / weights.sum(), hypotheses, strict=True))
        for box in asked
    ]
    np.testing.assert_allclose(belief.utility(asked), expected, atol=2e-5)
    assert (belief.utility(asked) >= 0).all()
    assert (belief.utility(asked) <= 1 + 1e-5).all()


def test_many_boxes_are_as_each_alone():
    rng = np.random.default_rng(3)
    belief = CropBelief(boxes_of(rng.random((40, 4))), np.full(40, 1 / 40))
    asked = boxes_of(rng.random((300, 4)))
    alone = np.concatenate([belief.overlaps(box[None]) for box in asked])
    np.testing.assert_array_equal(belief.overlaps(asked), alone)


def test_shares_and_pixels_agree():
    belief = CropBelief.certain((0.25, 0.1, 0.75, 0.6))
    width, height = 640, 427
    sides = np.array([width, height, width, height])
    box, truth = np.array([100, 50, 500, 300.0]), np.array([0.25, 0.1, 0.75, 0.6]) * sides
    assert belief.utility(box[None] / sides)[0] == pytest.approx(plain_iou(box, truth), abs=1e-6)


def test_importance_is_the_share_of_the_crop_within():
    belief = CropBelief(np.array([[0, 0, 0.5, 1], [0.5, 0, 1, 0.5]]), np.array([0.75, 0.25]))
    asked = np.array([[0, 0, 1, 1], [0, 0, 0.5, 0.5], [0.75, 0, 1, 1]])
    np.testing.assert_allclose(belief.importance(asked), [1, 0.75 * 0.5, 0.25 * 0.5], atol=1e-6)


def test_logits_become_a_softmax_of_the_likeliest():
    boxes = np.array([[0, 0, 0.5, 1], [0, 0, 1, 1], [0.5, 0, 1, 1], [0, 0, 1, 0.5]])
    belief = CropBelief.from_logits(boxes, np.array([1.0, 3.0, 3.0, -700.0]), keep=3)
    np.testing.assert_array_equal(belief.boxes, boxes[[1, 2, 0]].astype(np.float32))
    weights = np.exp([0.0, 0.0, -2.0])
    np.testing.assert_allclose(belief.probability, weights / weights.sum(), atol=1e-6)


def test_huge_logits_do_not_overflow():
    boxes = np.array([[0, 0, 0.5, 1], [0, 0, 1, 1]])
    belief = CropBelief.from_logits(boxes, np.array([5000.0, 4000.0]))
    np.testing.assert_allclose(belief.probability, [1, 0])


@pytest.mark.parametrize(
    ("boxes", "probability"),
    [
        ([[0, 0, 1, 1]], [0.5]),
        ([[0, 0, 1, 1]], [0.5, 0.5]),
        ([[0, 0, 1, 1], [0, 0, 1, 1]], [1.5, -0.5]),
        ([[0, 0, 1, 1.1]], [1]),
        ([[0.5, 0, 0.5, 1]], [1]),
        ([[0, 0, float("nan"), 1]], [1]),
        ([0, 0, 1, 1], [1]),
    ],
)
def test_what_is_no_belief_is_refused(boxes, probability):
    with pytest.raises(ValueError, match=r"expected|every box|probabilities"):
        CropBelief(np.array(boxes), np.array(probability))


@pytest.mark.parametrize("logits", [[np.nan, 1.0], [np.inf, 1.0]])
def test_logits_that_are_no_numbers_are_refused(logits):
    with pytest.raises(ValueError, match="finite"):
        CropBelief.from_logits(np.array([[0, 0, 1, 1], [0, 0, 1, 0.5]]), np.array(logits))


def test_a_belief_cannot_be_changed():
    given_boxes = np.array([[0, 0, 1, 1]], np.float32)
    belief = CropBelief(given_boxes, np.ones(1, np.float32))
    given_boxes[0, 2] = 0.5
    assert belief.boxes[0, 2] == 1
    with pytest.raises(ValueError, match="read-only"):
        belief.boxes[0, 2] = 0.5
