"""A network's weights out of any of the forms in which they are published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ..core.errors import ModelError
from ..core.names import printable
from .torchscript import is_torchscript, load_torchscript_state
from .weights_io import load_pickle_weights_only, load_safetensors


def load_state_file(path: Path) -> dict[str, Tensor]:
    """Tensors by name, floating ones in single precision, on the CPU.

    Reads safetensors (by the suffix), TorchScript archives, and what `torch.save` wrote of a
    state dict, which may lie under "state_dict" or "model". Nothing in the file is run.

    Raises:
        ModelError: the file is none of these.
    """
    if path.suffix == ".safetensors":
        found: dict[str, Any] = load_safetensors(path)
    elif is_torchscript(path):
        found = load_torchscript_state(path)
    else:
        found = load_pickle_weights_only(path)
        for key in ("state_dict", "model"):
            if isinstance(found.get(key), dict):
                found = found[key]
    return {
        name: value.float() if value.is_floating_point() else value
        for name, value in found.items()
        if isinstance(value, Tensor)
    }


def fill(
    module: nn.Module, state: dict[str, Tensor], path: Path, network: str, *, assign: bool = False
) -> None:
    """Load `state` into `module`; names that the module does not have are passed over.

    With `assign` the module takes the tensors themselves, as one made on the device "meta" must.

    Raises:
        ModelError: a weight is missing or has another shape, so the file is another network's.
    """
    wanted = module.state_dict()
    # the count of batches seen is bookkeeping of training, which some files leave out
    missing = [n for n in wanted if n not in state and not n.endswith("num_batches_tracked")]
    wrong = [n for n in wanted if n in state and state[n].shape != wanted[n].shape]
    if missing or wrong:
        detail = f"{missing[0]} is missing" if missing else f"{wrong[0]} has another shape"
        raise ModelError(
            f"{printable(path)} does not hold {network} ({detail}); give the published file."
        )
    found = {n: state.get(n, value) for n, value in wanted.items()}
    module.load_state_dict(found, assign=assign)
