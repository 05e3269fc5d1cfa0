"""Features of training photographs, computed once and kept on disk.

The trunks are frozen, so that a photograph's features never change; of each there are two, as it
is and mirrored. Interrupted, the computation goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from ..core.files import atomic_write
from ..core.images import load_reduced
from ..models.crop_input import log_aspect, squash
from ..models.crop_net import MAPS, CropNet
from .photo_digest import photo_digest

Maps = dict[str, NDArray[np.float16]]

_KEEP_EVERY = 50  # photographs


@dataclass(frozen=True)
class Views:
    """Features of N photographs and their mirror images."""

    maps: Maps  # (2,N,C,n,n) each; 1 is mirrored
    log_aspect: NDArray[np.float32]  # (N,)
    sizes: NDArray[np.int64]  # (N,2) width and height in pixels


def trunk_digest(net: CropNet) -> str:
    """Hash of the trunks' weights, which a cache of features belongs to."""
    digest = hashlib.sha256()
    for trunk in (net.lite, net.vit):
        for name, value in sorted(trunk.state_dict().items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(value.cpu().numpy()).tobytes())
    return digest.hexdigest()[:16]


def compute_views(
    net: CropNet,
    photos: Sequence[Path],
    cache: Path,
    *,
    device: str = "cpu",
    advance: Callable[[], object] = lambda: None,
) -> Views:
    """Features of `photos`, from `cache` where they are there.

    Args:
        net: with its trunks loaded, in evaluation mode.
        cache: a folder of our own; other photographs, weights or sides get other files.
        advance: called for every photograph.

    Raises:
        ImageError: a photograph cannot be read.
    """
    side = net.config.side
    # by what is in them: reading a file is quick beside running two trunks on it
    seen = [side, net.config.vit.side, *map(photo_digest, photos)]
    key = hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]
    folder = cache / f"{trunk_digest(net)}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    maps: Maps = {}
    for name, (channels, cells) in net.map_shapes().items():
        file, shape = folder / f"{name}.npy", (2, len(photos), channels, cells, cells)
        maps[name] = open_memmap(
            file, mode="r+" if file.exists() else "w+", dtype=np.float16, shape=shape
        )
    progress = folder / "done.json"
    sizes: list[list[int]] = json.loads(progress.read_text()) if progress.exists() else []
    for index, photo in enumerate(photos):
        if index >= len(sizes):
            picture = load_reduced(photo, side)
            rgb = picture.over()
            large = torch.from_numpy(squash(rgb, side)).to(device)
            small = torch.from_numpy(squash(rgb, net.config.vit.side)).to(device)
            both = torch.stack([large, large.flip(-1)])
            with torch.inference_mode():
                features = net.features(  # channels last: twice as fast on a CPU
                    both.contiguous(memory_format=torch.channels_last),
                    torch.stack([small, small.flip(-1)]),
                )
            for name in MAPS:
                maps[name][:, index] = features[name].half().cpu().numpy()
            sizes.append([picture.header.width, picture.header.height])
            if index % _KEEP_EVERY == _KEEP_EVERY - 1 or index == len(photos) - 1:
                for array in maps.values():
                    array.flush()  # type: ignore[attr-defined]
                with atomic_write(progress) as part:
                    part.write_text(json.dumps(sizes))
        advance()
    aspects = np.array([log_aspect(w, h) for w, h in sizes], np.float32)
    return Views(maps, aspects, np.array(sizes, np.int64))
