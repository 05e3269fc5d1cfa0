"""The running mean of a network's weights, which is what a training keeps; and half precision."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

_HALF = {"fp16": torch.float16, "bf16": torch.bfloat16}


class RunningMean:
    """Of those parameters of a network that are trained when this is made.

    Args:
        net: the network.
        most: share of the mean that a step leaves as it is, once there were enough steps.
    """

    def __init__(self, net: nn.Module, most: float) -> None:
        self.net, self._most = net, most
        self._names = {n for n, p in net.named_parameters() if p.requires_grad}
        self.values = {n: p.detach().clone() for n, p in self.trained()}

    def trained(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Names and parameters."""
        return ((n, p) for n, p in self.net.named_parameters() if n in self._names)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after `step` steps."""
        # a mean of few steps at first, which the beginning does not hold back
        kept = min(self._most, step / (step + 10))
        for name, parameter in self.trained():
            self.values[name].lerp_(parameter, 1 - kept)

    def state(self) -> dict[str, Tensor]:
        """The network's state with the mean of what is trained."""
        return {**self.net.state_dict(), **self.values}

    def own(self) -> dict[str, Tensor]:
        """The weights themselves, of what is trained."""
        return {name: p.detach() for name, p in self.trained()}

    @torch.no_grad()
    def restore(self, mean: dict[str, Any], own: dict[str, Any]) -> None:
        """Put back what `state` and `own` gave.

        Raises:
            KeyError, RuntimeError: they are another network's.
        """
        self.net.load_state_dict({**mean, **own})
        for name, value in self.values.items():
            value.copy_(mean[name])

    def settle(self) -> None:
        """Leave the network with the mean for weights, in evaluation mode."""
        self._put(self.values)
        self.net.eval()

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """The network with the mean for weights, in evaluation mode, and then as it was."""
        kept = {name: p.detach().clone() for name, p in self.trained()}
        self.settle()
        try:
            yield
        finally:
            self._put(kept)
            self.net.train()

    @torch.no_grad()
    def _put(self, values: dict[str, Tensor]) -> None:
        for name, parameter in self.trained():
            parameter.copy_(values[name])


def half_precision(device: str, half: str | None) -> contextlib.AbstractContextManager[object]:
    """Where products are rounded to `half`, "fp16" or "bf16"; nothing changes for None."""
    kind = _HALF.get(half or "")
    if kind is None:
        return contextlib.nullcontext()
    return torch.autocast(torch.device(device).type, kind)
