"""Files of the DETR croppers: ours, and the published detectors that they begin with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from ..core.errors import ModelError
from ..core.files import atomic_write
from ..core.names import printable
from .crop_detr import CropDetr
from .crop_detr_config import CropDetrConfig
from .weights_io import load_pickle_weights_only, load_safetensors


def save_crop_detr(
    state: dict[str, Tensor],
    config: CropDetrConfig,
    path: Path,
    notes: dict[str, str] | None = None,
) -> None:
    """Write a cropper.

    Args:
        state: of the network.
        config: of the network.
        path: of the safetensors file.
        notes: further metadata.

    Raises:
        OutputError: it cannot be written.
    """
    from safetensors.torch import save

    text = json.dumps(config.as_json(), sort_keys=True)
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    with atomic_write(path) as part:
        part.write_bytes(save(tensors, metadata={**(notes or {}), "crop_detr": text}))


def read_config(path: Path) -> CropDetrConfig:
    """What a file of `save_crop_detr` holds.

    Raises:
        ModelError: it cannot be read, or is no such file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), "pt") as file:
            values = json.loads((file.metadata() or {})["crop_detr"])
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise ModelError(
            f"{printable(path)} is no cropper of `compose train crop` ({error}); give its "
            "procrop.safetensors or multi-in-one.safetensors."
        ) from None
    return CropDetrConfig.of_json(values)


def load_crop_detr(path: Path, device: str = "cpu") -> CropDetr:
    """The network in evaluation mode.

    Raises:
        ModelError: the file is missing, damaged, or belongs to another network.
    """
    net = CropDetr(read_config(path))
    try:
        net.load_state_dict(load_safetensors(path))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelError(f"{printable(path)} is damaged ({reason}); train it again.") from None
    return net.to(device).eval()


def begin_from(net: CropDetr, path: Path) -> list[str]:
    """Take what fits from a published detector or an earlier cropper; the rest stays as it is.

    Args:
        net: to change.
        path: ConditionalDETR_r50dc5_epoch50.pth, r50_deformable_detr-checkpoint.pth, ResNet-50's
            ImageNet file, or one of ours.

    Returns:
        The names of the tensors that were not in the file, or had another shape there.

    Raises:
        ModelError: it cannot be read, or nothing fits.
    """
    if path.suffix == ".safetensors":
        state: dict[str, Any] = load_safetensors(path)
    else:
        state = load_pickle_weights_only(path)
    state = state.get("model", state)
    own = net.state_dict()
    if "conv1.weight" in state:
        state = {f"backbone.0.body.{name}": value for name, value in state.items()}
    # the authors' heads are copies of one another where nothing is refined
    state = {_single(name): value for name, value in state.items()}
    taken = {n: v for n, v in state.items() if n in own and own[n].shape == v.shape}
    if not taken:
        raise ModelError(
            f"{printable(path)} fits {net.config.engine} nowhere; give a DETR of the same family."
        )
    net.load_state_dict({**own, **taken})
    return [name for name in own if name not in taken]


def _single(name: str) -> str:
    for head in ("class_embed", "bbox_embed"):
        prefix, _, rest = name.partition(f"{head}.")
        first, _, tail = rest.partition(".")
        if not prefix and first.isdigit() and tail:
            return f"{head}.{tail}"
    return name
