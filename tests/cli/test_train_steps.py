"""Signals during a training: steps look for them, all else ends at once."""

from __future__ import annotations

import os
import signal

import pytest

from compose.cli.train_steps import Steps, asked_to_stop


def test_steps_are_asked_and_all_else_is_ended() -> None:
    before = signal.getsignal(signal.SIGINT)
    with asked_to_stop() as asked:
        steps = Steps(lambda what, total: lambda: None, asked)
        steps.begin(2)
        os.kill(os.getpid(), signal.SIGINT)
        assert asked
        with pytest.raises(KeyboardInterrupt):  # a second time
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("done", [0, 2])  # before the first step, and after the last one
def test_between_steps_alone_it_waits(done: int) -> None:
    before = signal.getsignal(signal.SIGINT)
    with asked_to_stop() as asked:
        steps = Steps(lambda what, total: lambda: None, asked)
        if done:
            steps.begin(done)
        for _ in range(done):
            steps.advance()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert not asked
    assert signal.getsignal(signal.SIGINT) is before
