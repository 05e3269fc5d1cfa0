"""Two processes that train together, as torchrun starts them, against the sum of their parts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from compose.models.pics_load import load_pics
from compose.models.pics_noise import add_noise
from compose.stages.composite_loss import noise_loss
from compose.stages.composite_sources import ToySource
from compose.stages.train_composite import CompositeTraining
from compose.stages.train_composite_world import World, open_world

from .composite_cases import FAST, mini_model

_WORKER = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
import dataclasses
from composite_cases import FAST, mini_model
from compose.stages.composite_sources import ToySource
from compose.stages.train_composite_run import train_composite
from compose.stages.train_composite_world import close_world, open_world
world = open_world("cpu")
config = dataclasses.replace(FAST, steps=2, clip=1e9)
model = mini_model()
train_composite(model, ToySource(0), Path({out!r}), config, world=world)
torch.save(model.net.state_dict(), Path({out!r}) / f"rank{{world.rank}}.pt")
close_world(world)
"""


class _Silent(World):
    """One of two whose gradients are taken by hand."""

    def wrap(self, module: nn.Module) -> nn.Module:
        return module


@pytest.mark.skipif(sys.platform == "win32", reason="gloo over localhost")
def test_two_processes_are_one_of_twice_the_batch(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = _WORKER.format(tests=str(Path(__file__).parent), out=str(tmp_path))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True,
            env={**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2",
                 "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"},
        )
        for rank in range(2)
    ]  # fmt: skip
    for process in processes:
        _, said = process.communicate(timeout=200)
        assert process.returncode == 0, said
    states = [torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in range(2)]
    result = load_pics(tmp_path / "pics.safetensors").net.state_dict()
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name
        assert torch.equal(value, result[name]), name

    # by hand: both parts' gradients averaged
    parts = [CompositeTraining(mini_model(), ToySource(0), FAST, _Silent(rank, 2))
             for rank in range(2)]  # fmt: skip
    net = parts[0].net
    optimiser = parts[0].optimiser
    for step in range(2):
        optimiser.zero_grad()
        losses = []
        for part in parts:
            batch = part.batch(step)
            noisy = add_noise(batch.latents, batch.noise, batch.times)
            losses.append(noise_loss(net(noisy, batch.times, batch.known), batch))
        torch.stack(losses).mean().backward()
        optimiser.step()
        parts[0].step += 1
        parts[0].mean.update(parts[0].step)
    assert not torch.equal(parts[0].batch(0).noise, parts[1].batch(0).noise)
    for name, value in parts[0].averaged().items():
        torch.testing.assert_close(value, result[name], rtol=1e-3, atol=1e-5)


def test_alone_it_is_a_world_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    world = open_world("cpu")
    assert world == World(0, 1, "cpu")
    assert world.first
    assert world.any(True)
    assert not world.any(False)
    assert world.mean(torch.tensor(3.0)) == 3
