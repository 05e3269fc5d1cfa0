"""The paired bootstrap on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from compose.core.metrics import p_text, paired_bootstrap


def test_a_constant_difference_is_certain() -> None:
    a = np.linspace(0, 1, 50)
    found = paired_bootstrap(a + 0.25, a)
    assert found.mean == pytest.approx(0.25)
    assert found.low == pytest.approx(0.25)
    assert found.high == pytest.approx(0.25)
    assert found.p_value == 0
    assert found.significant


def test_no_difference_is_not_significant() -> None:
    delta = np.array([1.0, -1.0] * 40)
    found = paired_bootstrap(delta, np.zeros(80))
    assert found.mean == 0
    assert found.low < 0 < found.high
    assert not found.significant
    assert found.p_value > 0.5


def test_interval_is_that_of_the_normal_theory() -> None:
    draws = np.random.default_rng(0).normal(0.1, 1, 2000)
    found = paired_bootstrap(draws, np.zeros(2000))
    half = 1.96 * draws.std() / np.sqrt(2000)
    assert found.low == pytest.approx(draws.mean() - half, abs=0.005)
    assert found.high == pytest.approx(draws.mean() + half, abs=0.005)


def test_it_depends_on_the_seed_alone() -> None:
    a, b = np.random.default_rng(1).normal(size=(2, 30))
    assert paired_bootstrap(a, b, seed=3) == paired_bootstrap(a, b, seed=3)


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((0,), (0,)), ((2, 2), (2, 2))])
def test_unfit_vectors_are_refused(shapes) -> None:
    with pytest.raises(ValueError, match="one length"):
        paired_bootstrap(np.zeros(shapes[0]), np.zeros(shapes[1]))


def test_no_draw_that_crosses_zero_is_not_no_chance() -> None:
    assert [p_text(value) for value in (0.0, 0.0002, 0.5, None)] == [
        "<0.0002", "0.0002", "0.5000", "-",
    ]  # fmt: skip
