"""Reading weights without running anything that is in them."""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ModelError
from ..core.names import printable

if TYPE_CHECKING:
    from torch import Tensor


def load_safetensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, on the CPU.

    Raises:
        ModelError: the file cannot be read or is not in that format.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        path.open("rb").close()  # for the system's own reason, which the library swallows
        tensors: dict[str, Tensor] = load_file(path, device="cpu")
    except (SafetensorError, OSError, ValueError) as error:
        raise _unreadable(path, "a safetensors file", error) from error
    return tensors


def load_pickle_weights_only(path: Path) -> dict[str, Any]:
    """What `torch.save` wrote of a state dict, on the CPU: tensors and plain containers only.

    The authors' own nesting is kept: many files hold the state dict under "state_dict" or
    "model", beside the options of their training as an `argparse.Namespace`. A pickle that names
    anything else than these, tensors and plain containers is refused, so that no code in it runs.

    Raises:
        ModelError: the file cannot be read, is damaged, or holds more than weights.
    """
    import torch

    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{printable(path)} is damaged or holds more than weights, and running what is in it "
            "is refused; convert it to safetensors where you trust it."
        ) from error
    except Exception as error:  # on damaged bytes the unpickler fails with whatever it meets
        raise _unreadable(path, "a file of torch.save", error) from error
    if not isinstance(loaded, dict):
        raise ModelError(
            f"{printable(path)} holds a {type(loaded).__name__} and not a state dict; give the "
            "file of weights itself."
        )
    return loaded


def _unreadable(path: Path, kind: str, error: Exception) -> ModelError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "damaged?"
    return ModelError(
        f"cannot read {printable(path)} as {kind} ({reason}); check the path, or pull it again."
    )
