"""Checkpoints of compositing's training; see `train_state`."""

from __future__ import annotations

from pathlib import Path

from ..models.pics_keys import net_state
from ..models.pics_load import save_pics
from ..models.weights_io import load_safetensors
from .train_composite import CompositeTraining
from .train_metrics import Metrics
from .train_state import checkpoints as checkpoints
from .train_state import find_checkpoint as find_checkpoint
from .train_state import read_state, write_state


def write_checkpoint(out: Path, training: CompositeTraining, metrics: Metrics) -> Path:
    """See `train_state.write_state`."""
    return write_state(
        out,
        training,
        metrics,
        lambda path: save_pics(training.averaged(), training.net.config, path),
    )


def read_checkpoint(folder: Path, training: CompositeTraining, metrics: Metrics) -> None:
    """See `train_state.read_state`."""
    read_state(
        folder,
        training,
        metrics,
        lambda state, path: training.restore(state, net_state(load_safetensors(path))),
    )
