"""The schedule of the trainings: torch's own, but for the one length that torch cannot do."""

from __future__ import annotations

import warnings

import pytest
import torch

from compose.stages.inpaint_examples import InpaintExamples
from compose.stages.one_cycle import OneCycle, one_cycle
from compose.stages.train_contours import TrainContoursConfig
from compose.stages.train_inpaint import InpaintTraining, TrainInpaintConfig


def optimiser() -> torch.optim.AdamW:
    return torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=0.003)


def rates(optimiser: torch.optim.Optimizer, schedule: object, steps: int) -> list[float]:
    """The rate of every step."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing is trained between the steps
        for step in range(steps):
            found.append(optimiser.param_groups[0]["lr"])
            if step < steps - 1:
                schedule.step()  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("rising", [0.05, 0.1])
def test_it_is_torch_s_for_every_length_that_torch_can_do(rising: float) -> None:
    refused = []
    for steps in range(1, 61):
        ours, theirs = optimiser(), optimiser()
        found = rates(ours, one_cycle(ours, 0.003, steps, rising), steps)
        assert len(found) == steps
        try:
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                theirs, 0.003, total_steps=steps, pct_start=rising
            )
        except ZeroDivisionError:
            refused.append(steps)
            # the first step is all of the rise, as in trainings that are a little longer
            assert found[0] == pytest.approx(0.003 / 25)
            assert 0.9 * 0.003 < found[1] < 0.003
            assert found[1:] == sorted(found[1:], reverse=True)
            assert found[-1] < 1e-7
        else:
            assert found == rates(theirs, schedule, steps)
    assert refused == [round(1 / rising)]


def test_trainings_of_that_length_can_begin() -> None:
    OneCycle(torch.nn.Linear(1, 1), TrainContoursConfig(steps=20))
    InpaintTraining(InpaintExamples([], [], [], []), TrainInpaintConfig(steps=19))
