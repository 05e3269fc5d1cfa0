"""Loading SAM networks: Meta's published files, and transformers' folders and names."""

from __future__ import annotations

import difflib
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..core.errors import ModelError, UsageError
from ..core.names import printable
from .cache import UserPaths, parse_user_paths
from .hub import is_here, resolve
from .registry import CHECKPOINTS
from .sam_keys import sam_sizes, transformers_keys
from .segmenters import SAM_CHECKPOINTS
from .state_file import fill, load_state_file

if TYPE_CHECKING:
    from torch import nn

_CLASSES = {"sam": "SamModel", "sam2": "Sam2Model", "sam2_video": "Sam2Model"}
_FILES = {".pth", ".pt", ".bin", ".safetensors"}


def load_sam(model: str | None = None, user: UserPaths | None = None) -> nn.Module:
    """A SAM network with its weights, on the CPU; nothing is ever downloaded for it.

    Args:
        model: a checkpoint's name such as `sam-vit-b`; a file of the form that Meta published; a
            folder that transformers wrote; or a name of the hub, whose files lie in its cache.
            By default the best of Meta's files on this machine.
        user: checkpoints that the user named; by default what `COMPOSE_MODELS` says.

    Raises:
        UsageError: transformers is not installed.
        ModelError: the weights are not on this machine, are damaged, or are another network's.
    """
    try:
        import transformers
    except ImportError as error:
        raise UsageError(
            "segmenter sam needs transformers; run: pip install 'compose-toolkit[sam]'."
        ) from error
    said: Any = transformers.logging
    said.set_verbosity_error()  # what it has to say is said by our errors
    said.disable_progress_bar()
    if model is None:
        model = sam_checkpoint_here(user) or SAM_CHECKPOINTS[-1]
    if model in CHECKPOINTS:
        return load_published(resolve(model, user))
    path = Path(model).expanduser()
    if path.is_file() or path.suffix in _FILES:
        return load_published(path)
    return _from_transformers(model, path)


def sam_checkpoint_here(user: UserPaths | None = None) -> str | None:
    """The best of Meta's published files on this machine, by its checkpoint's name."""
    paths = parse_user_paths() if user is None else user
    return next((name for name in SAM_CHECKPOINTS if is_here(name, paths)), None)


def load_published(path: Path) -> nn.Module:
    """The network of one of Meta's files, of any size.

    Raises:
        ModelError: the file cannot be read or holds another network.
    """
    from transformers import SamConfig, SamModel

    state = load_state_file(path)
    try:
        kind: Any = SamConfig
        config = kind(**sam_sizes(state))
    except (KeyError, ValueError, IndexError, AttributeError, ZeroDivisionError) as error:
        raise ModelError(
            f"{printable(path)} does not hold Segment Anything ({_reason(error)}); give Meta's "
            "file sam_vit_b_01ec64.pth or its like."
        ) from None
    with torch.device("meta"):  # the largest one would fill memory twice
        net = SamModel(config)
    fill(net, transformers_keys(state), path, "Segment Anything", assign=True)
    return net


def _from_transformers(model: str, path: Path) -> nn.Module:
    import transformers

    where = printable(path) if path.is_dir() else model
    try:
        config, _ = transformers.PretrainedConfig.get_config_dict(model, local_files_only=True)
        if not config:
            raise OSError("no config.json")
        kind = config.get("model_type")
        if kind not in _CLASSES:
            raise ModelError(
                f"{where} holds a network of type {kind!r}, not sam or sam2; give one of those."
            )
        network: Any = getattr(transformers, _CLASSES[kind])
        net, report = network.from_pretrained(
            model, local_files_only=True, output_loading_info=True
        )
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{where} is damaged or holds more than weights, and running what is in it is "
            "refused; give a folder with model.safetensors."
        ) from error
    except ModelError:
        raise
    except Exception as error:  # the library fails with nearly every kind
        raise ModelError(_unreadable(model, path, error)) from error
    wrong = [*report["missing_keys"], *report["mismatched_keys"]]
    if wrong:
        raise ModelError(
            f"{where} lacks weights of Segment Anything ({wrong[0]}); give the whole folder."
        )
    loaded: nn.Module = net
    return loaded


def _unreadable(model: str, path: Path, error: Exception) -> str:
    if path.is_dir():
        return (
            f"{printable(path)} holds no SAM network that transformers can read "
            f"({_reason(error)}); give a folder with config.json and model.safetensors."
        )
    if isinstance(error, OSError) and "/" in model and not path.is_absolute():
        return (
            f"{printable(model)} is no folder here and is not in the hub's cache; run "
            f"`hf download {printable(model)}` to fetch it, or give a folder."
        )
    close = difflib.get_close_matches(model, SAM_CHECKPOINTS, n=1)
    hint = f"did you mean {close[0]}" if close else f"use {', '.join(SAM_CHECKPOINTS)} or a path"
    return f"there is no SAM network {printable(model)!r} here; {hint}."


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    text = printable(text).rstrip(".") or type(error).__name__
    return text if len(text) <= 120 else text[:119] + "…"
