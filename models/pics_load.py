"""Opening and writing PICS's networks: the published file, ours, Stable Diffusion to begin with.

Ours are safetensors with the published file's names and the configuration beside them.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..core.errors import ModelError, UsageError
from ..core.files import atomic_write
from ..core.names import printable
from .lightning_file import load_lightning_state
from .pics_config import PicsConfig, config_from_json
from .pics_keys import (
    AUTOENCODER,
    ENCODER,
    State,
    below,
    dino_keys,
    dino_sizes,
    net_state,
    published_config,
    published_names,
    sizes_of,
    vae_keys,
    vae_sizes,
)
from .pics_net import PicsNet
from .pics_parts import (
    DinoFeatures,
    KlCodec,
    ObjectEncoder,
    PictureCodec,
    plain_parts,
)
from .pics_routing import is_overlap_layer
from .state_file import fill, load_state_file

_CONFIG = "config"  # in the metadata of our files
_NO_AUTOENCODER = (
    "there are no weights of an autoencoder; give a checkpoint of Stable Diffusion 2.1 with --init."
)
_NO_ENCODER = (
    "there are no weights that see objects; give DINOv2's dinov2_vitg14_pretrain.pth with "
    "--object-encoder."
)


@dataclass(frozen=True, eq=False)
class PicsModel:
    """The network and what it stands on."""

    net: PicsNet
    codec: PictureCodec
    encoder: ObjectEncoder
    frozen: State  # of codec and encoder, by published names; for writing them again


def load_pics(path: Path, device: str = "cpu") -> PicsModel:
    """The networks of a published file or of `compose train composite`, in evaluation mode.

    Raises:
        UsageError: diffusers or transformers is needed and not installed.
        ModelError: the file cannot be read or holds another network.
    """
    state = _read(path)
    try:
        config = _config_beside(path) or published_config(state)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise _another(path, error) from None
    with torch.device("meta"):  # the published one would fill memory twice
        net = PicsNet(config)
    fill(net, net_state(state), path, "the network of PICS", assign=True)
    codec, encoder, frozen = _parts(config, state, path, path)
    _move(net, codec, encoder, device)
    return PicsModel(net.eval(), codec, encoder, frozen)


def begin_pics(
    config: PicsConfig | None = None,
    *,
    start: Path | None = None,
    objects: Path | None = None,
    device: str = "cpu",
) -> PicsModel:
    """A network to train.

    Args:
        config: its sizes; by default those of `start`, and the published ones without it.
        start: a published file or one of ours, whose weights are all taken; or a checkpoint of
            Stable Diffusion in latent diffusion's layout, whose U-Net both the U-Net and the hint
            branch begin with, and whose autoencoder is taken.
        objects: DINOv2's weights in its authors' layout, where `start` has none.
        device: torch's name of a device.

    Raises:
        UsageError, ModelError: see `load_pics`; or a part's weights are given nowhere.
    """
    state = _read(start) if start else {}
    if start and net_state(state).keys() >= {"projector.weight"}:
        return load_pics(start, device)
    try:
        unet = below(state, "model.diffusion_model.")
        config = config or (PicsConfig(**sizes_of(unet)) if start else PicsConfig())
    except (KeyError, ValueError, IndexError) as error:
        raise _another(start or Path(), error) from None
    net = PicsNet(config)
    if start:
        _begin_with(net, unet, start)
    if objects:
        theirs = load_state_file(objects)
        state |= {ENCODER + name: value for name, value in theirs.items()}
    codec, encoder, frozen = _parts(config, state, start, objects)
    _move(net, codec, encoder, device)
    return PicsModel(net, codec, encoder, frozen)


def save_pics(net: State, config: PicsConfig, path: Path, frozen: State | None = None) -> None:
    """Write a network as safetensors that `load_pics` reads.

    Args:
        net: `PicsNet.state_dict()`, or a mean of such.
        config: of it.
        path: of the file.
        frozen: of the parts it stands on, which are left out by default.

    Raises:
        OutputError: it cannot be written.
    """
    from safetensors.torch import save_file

    tensors = {**published_names(net), **(frozen or {})}
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    with atomic_write(path) as part:
        save_file(tensors, part, metadata={_CONFIG: json.dumps(config.as_json(), sort_keys=True)})


def _read(path: Path) -> State:
    if path.suffix == ".safetensors":
        return load_state_file(path)
    return load_lightning_state(path)


def _config_beside(path: Path) -> PicsConfig | None:
    if path.suffix != ".safetensors":
        return None
    from safetensors import safe_open

    with safe_open(str(path), "pt") as file:
        text = (file.metadata() or {}).get(_CONFIG)
    return config_from_json(json.loads(text)) if text else None


def _begin_with(net: PicsNet, unet: State, path: Path) -> None:
    """Stable Diffusion's weights into both networks; what it has not stays as it begins."""
    for module, what in ((net.unet, "Stable Diffusion"), (net.control, "Stable Diffusion")):
        ours = module.state_dict()
        new = ("input_hint_block.", "zero_convs.", "middle_block_out.")
        kept = {n: v for n, v in ours.items() if is_overlap_layer(n) or n.startswith(new)}
        fill(module, {**unet, **kept}, path, what)


def _parts(
    config: PicsConfig, state: State, pictures: Path | None, objects: Path | None
) -> tuple[PictureCodec, ObjectEncoder, State]:
    frozen: State = {}
    codec: PictureCodec | None
    encoder: ObjectEncoder | None
    codec, encoder = plain_parts(config)
    if codec is None:
        part = _wanted(state, AUTOENCODER, _NO_AUTOENCODER)
        frozen |= part
        codec = _autoencoder(below(part, AUTOENCODER), pictures or Path())
    if encoder is None:
        part = _wanted(state, ENCODER, _NO_ENCODER)
        frozen |= part
        encoder = _dino(below(part, ENCODER), config, objects or pictures or Path())
    return codec, encoder, frozen


def _wanted(state: State, front: str, otherwise: str) -> State:
    found = {name: value for name, value in state.items() if name.startswith(front)}
    if not found:
        raise UsageError(otherwise)
    return found


def _autoencoder(state: State, path: Path) -> KlCodec:
    kind = _from("diffusers").AutoencoderKL
    vae = _without_weights(lambda: kind(**vae_sizes(state)), path)
    fill(vae, vae_keys(state), path, "Stable Diffusion's autoencoder", assign=True)
    return KlCodec(vae)


def _dino(state: State, config: PicsConfig, path: Path) -> DinoFeatures:
    library = _from("transformers")
    if "register_tokens" in state:  # they would be passed over, and its features be others
        raise ModelError(f"{printable(path)} is DINOv2 with registers; give the one without.")
    net: Any = _without_weights(
        lambda: library.Dinov2Model(library.Dinov2Config(**dino_sizes(state))), path
    )
    width, patch = net.config.hidden_size, net.config.patch_size
    if (width, patch) != (config.features, config.patch):
        raise ModelError(
            f"{printable(path)} is a DINOv2 of width {width} with patches of {patch} pixels, and "
            f"the network takes {config.features} and {config.patch}; give that one."
        )
    fill(net, dino_keys(state, net.state_dict()), path, "DINOv2", assign=True)
    return DinoFeatures(net)


def _from(library: str) -> Any:
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise UsageError(
            f"engine pics needs {library}; run: pip install 'compose-toolkit[pics]'."
        ) from error


def _without_weights(build: Callable[[], nn.Module], path: Path) -> nn.Module:
    try:
        with torch.device("meta"):
            return build()
    except (KeyError, ValueError, IndexError, ZeroDivisionError) as error:
        raise _another(path, error) from None


def _move(net: nn.Module, codec: PictureCodec, encoder: ObjectEncoder, device: str) -> None:
    for part in (net, codec, encoder):
        if isinstance(part, nn.Module):
            part.to(device)


def _another(path: Path, error: Exception) -> ModelError:
    reason = " ".join(str(error).split()).strip("'") or type(error).__name__
    return ModelError(
        f"{printable(path)} does not hold the network of PICS ({reason}); give the published "
        "file, or one of `compose train composite`."
    )
