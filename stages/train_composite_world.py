"""The processes that train together, as torchrun starts them; one alone without it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class World:
    """Which process this is, of how many."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether it is the one that writes."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module with gradients that are averaged over all."""
        return DistributedDataParallel(module) if self.size > 1 else module

    def any(self, said: bool) -> bool:
        """Whether one of them said so; all hear the same."""
        if self.size == 1:
            return said
        flag = torch.tensor(float(said), device=self.device)
        dist.all_reduce(flag, dist.ReduceOp.MAX)
        return bool(flag.item())

    def mean(self, value: Tensor) -> Tensor:
        """Over all."""
        if self.size > 1:
            value = value.clone()
            dist.all_reduce(value)
            value = value / self.size
        return value

    def wait(self) -> None:
        """For all."""
        if self.size > 1:
            dist.barrier()


def open_world(device: str) -> World:
    """This process among those of torchrun, on a GPU of its own where there are GPUs.

    Args:
        device: for a process alone; of several, whether they are on the CPU.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World(device=device)
    rank, local = int(os.environ["RANK"]), int(os.environ.get("LOCAL_RANK", "0"))
    on_gpus = device != "cpu" and torch.cuda.is_available()
    if on_gpus:
        device = f"cuda:{local}"
        torch.cuda.set_device(local)
    else:
        device = "cpu"
    dist.init_process_group("nccl" if on_gpus else "gloo")
    return World(rank, size, device)


def close_world(world: World) -> None:
    """Leave the others."""
    if world.size > 1 and dist.is_initialized():
        dist.destroy_process_group()
