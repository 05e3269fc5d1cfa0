"""Recursive normalised cuts against enumeration and on matrices whose parts are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.models.normalized_cut import best_cut, recursive_cut


def blocks(sizes: list[int], within: float = 0.9, across: float = 0.1, seed: int = 0) -> np.ndarray:
    owner = np.repeat(np.arange(len(sizes)), sizes)
    noise = np.random.default_rng(seed).uniform(-0.05, 0.05, (len(owner), len(owner)))
    values = np.where(owner[:, None] == owner, within, across) + (noise + noise.T) / 2
    return values.astype(np.float32)


def same(numbers: np.ndarray) -> np.ndarray:
    return numbers[:, None] == numbers


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(6, 30), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_parts_are_found_in_any_order_of_the_cells(sizes: list[int], seed: int) -> None:
    owner = np.repeat(np.arange(len(sizes)), sizes)
    order = np.random.default_rng(seed).permutation(len(owner))
    numbers = recursive_cut(blocks(sizes, seed=seed)[np.ix_(order, order)], 0.45)
    np.testing.assert_array_equal(same(numbers), same(owner[order]))
    assert set(numbers) == set(range(1, len(sizes) + 1))


@pytest.mark.parametrize("seed", range(4))
def test_the_cut_is_the_best_of_all(seed: int) -> None:
    affinity = blocks([4, 6], 0.6, 0.3, seed).astype(float)
    count = len(affinity)
    degree = affinity.sum(1)
    costs = {}
    for picked in itertools.product([False, True], repeat=count - 1):
        side = np.array([False, *picked])
        if min(side.sum(), (~side).sum()) >= 3:
            across = affinity[side][:, ~side].sum()
            costs[tuple(side)] = across / degree[side].sum() + across / degree[~side].sum()
    best = np.array(min(costs, key=lambda side: costs[side]))
    found = best_cut(affinity, least=3)
    assert found is not None
    np.testing.assert_array_equal(same(found), same(best))


def test_what_is_alike_stays_whole() -> None:
    assert recursive_cut(blocks([40]), 0.45).tolist() == [1] * 40
    two = blocks([20, 20], 0.9, 0.6)
    assert recursive_cut(two, 0.45).max() == 1
    assert recursive_cut(two, 0.7).max() == 2
    assert recursive_cut(blocks([20, 20], 0.9, 0.06), 0).max() == 1


@pytest.mark.parametrize("sizes", [[1], [5, 6], [3, 20]])
def test_no_part_is_smaller_than_allowed(sizes: list[int]) -> None:
    numbers = recursive_cut(blocks(sizes), 0.45, least=6)
    assert np.bincount(numbers)[1:].min() >= min(6, sum(sizes))
    assert recursive_cut(np.zeros((0, 0), np.float32), 0.45).shape == (0,)
