"""Training the scorer: it learns what it is shown, the same on every run."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from compose.core.errors import DataError
from compose.models.expansion_net import ExpansionConfig
from compose.models.expansion_score import CELLS, CHANNELS
from compose.stages.train_expansion import (
    UNKNOWN,
    ScoreExample,
    ScoreTraining,
    area_under_curve,
    expansion_loss,
    predicted_bad,
    train_expansion,
)

HOW = ScoreTraining(
    epochs=5, batch=12, rate=6e-3, net=ExpansionConfig(width=4, hidden=8, dropout=0.1)
)


def example(bad: bool, seed: int, *, looked: bool = True) -> ScoreExample:
    """Maps of noise, with a mark outside the region where the picture is bad."""
    random = np.random.default_rng(seed)
    maps = random.normal(size=(CHANNELS, CELLS, CELLS))
    inside = np.zeros((CELLS, CELLS), np.float32)
    inside[3:9, 3:9] = 1
    if bad:
        maps[:200, 10, random.integers(CELLS)] += 4
    return ScoreExample(maps.astype(np.float16), inside, 1.0, float(bad) if looked else UNKNOWN)


def test_it_learns_what_is_bad_and_does_so_again() -> None:
    shown = [example(number % 2 == 0, number) for number in range(48)]
    shown += [example(False, 1000 + n, looked=False) for n in range(10)]
    fresh = [example(number % 2 == 0, 500 + number) for number in range(30)]
    net = train_expansion(shown, HOW, 0)
    truth = np.array([one.bad > 0 for one in fresh])
    found = predicted_bad(net, fresh)
    assert area_under_curve(found, truth) > 0.9


def test_equal_seeds_give_equal_networks() -> None:
    shown = [example(number % 2 == 0, number) for number in range(8)]
    how = dataclasses.replace(HOW, epochs=2)
    one, same, other = (train_expansion(shown, how, seed).out.weight for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_what_nobody_looked_at_teaches_the_other_answer_only() -> None:
    logits = torch.tensor([[0.3, 5.0], [-0.2, 1.0]], requires_grad=True)
    truth = torch.tensor([[1.0, UNKNOWN], [0.0, UNKNOWN]])
    expansion_loss(logits, truth, 2.0).backward()
    assert logits.grad is not None
    assert (logits.grad[:, 1] == 0).all()
    assert (logits.grad[:, 0] != 0).all()


def test_one_kind_alone_teaches_nothing() -> None:
    with pytest.raises(DataError, match="good and such called bad"):
        train_expansion([example(True, n) for n in range(4)], HOW, 0)


def test_the_area_counts_pairs() -> None:
    truth = np.array([True, True, False, False])
    assert area_under_curve(np.array([3.0, 4.0, 1.0, 2.0]), truth) == 1
    assert area_under_curve(np.array([1.0, 4.0, 1.0, 2.0]), truth) == (0.5 + 0 + 1 + 1) / 4
    with pytest.raises(ValueError, match="good and bad"):
        area_under_curve(np.ones(3), np.ones(3, bool))
