"""The filter: every rule by a picture that breaks it and no other."""

from __future__ import annotations

import numpy as np
import pytest

from compose.core.masks import Mask
from compose.stages.cad_filter import BAD, GROWN, LOST, OTHER, FilterConfig, verdict
from compose.stages.cad_picture import Expanded

REGION = (40, 40, 120, 100)


def picture(subject: bool = True) -> tuple[Expanded, Mask]:
    mask = np.zeros((150, 200), bool)
    if subject:
        mask[60:80, 60:90] = True
    return Expanded(np.zeros((150, 200, 3), np.uint8), mask, REGION), mask


def judged(found: Mask, bad: float | None = 0.1, *, subject: bool = True) -> str | None:
    expanded, _ = picture(subject)
    return verdict(expanded, found.astype(np.float32), bad, FilterConfig()).dropped


def test_the_subject_alone_is_kept() -> None:
    _, mask = picture()
    assert judged(mask) is None
    assert judged(mask, None) is None
    assert judged(mask, 0.51) == BAD


def test_a_subject_that_is_not_found_again_is_lost() -> None:
    _, mask = picture()
    assert judged(np.zeros_like(mask)) == LOST
    shifted = np.roll(mask, 25, 1)  # 5 of 55 columns in common
    assert judged(shifted) == LOST
    assert judged(np.roll(mask, 10, 1)) is None  # 20 of 40


@pytest.mark.parametrize(("side", "dropped"), [(11, None), (13, OTHER)])
def test_what_is_found_elsewhere_may_not_exceed_a_quarter(side: int, dropped: str | None) -> None:
    _, mask = picture()
    mask[5 : 5 + side, 150 : 150 + side] = True  # the subject has 600 pixels
    assert judged(mask) == dropped


def test_within_the_photograph_a_second_find_is_none_of_ours() -> None:
    _, mask = picture()
    mask[45:55, 42:70] = True
    assert judged(mask) is None


def test_a_subject_may_not_double() -> None:
    _, mask = picture()
    mask[60:100, 60:90] = True  # twice as large, but within the photograph
    assert judged(mask) is None
    mask[100:119, 60:90] = True  # 570 pixels outside of it, IoU 0.34
    assert judged(mask) is None
    mask[119:121, 60:90] = True
    assert judged(mask) == GROWN


def test_without_a_subject_only_large_finds_elsewhere_count() -> None:
    mask = np.zeros((150, 200), bool)
    assert judged(mask, subject=False) is None
    mask[50:95, 50:115] = True  # in the photograph
    assert judged(mask, subject=False) is None
    mask[110:140, 10:40] = True  # 900 of a tenth of 4800
    assert judged(mask, subject=False) == OTHER


def test_what_was_measured_is_told() -> None:
    expanded, mask = picture()
    mask = mask.copy()
    mask[5:15, 150:160] = True
    found = verdict(expanded, mask.astype(np.float32), 0.2, FilterConfig())
    assert found.bad == 0.2
    assert found.again == 1
    assert found.other == pytest.approx(100 / 600)
    assert found.grown == pytest.approx(1 + 100 / 600)
