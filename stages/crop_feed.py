"""From photographs with crops to batches of a DETR cropper.

Where the backbone is frozen and each photograph has a finite number of views, its maps are computed
once a view and kept in files. What an item is depends on the seed, the epoch and its place alone.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.files import atomic_write
from ..core.images import load_picture
from ..core.seeds import generator
from ..models.crop_builtin import LITE, weights_folder
from ..models.crop_detr import CropInputs
from ..models.crop_detr_backbone import Backbone, open_backbone
from ..models.crop_detr_config import CropDetrConfig
from ..models.detr_targets import CropTarget, TargetConfig, make_target
from ..models.reference_encoder import digest_of
from ..models.reference_set import STAGE, ReferenceEncoder, ReferenceSet, vector_of
from ..models.retrieval_fusion import Retrieved
from .crop_augment import CropAugmentConfig, Sample, augment
from .crop_sources import CropExample, Mixture
from .photo_digest import photo_digest, weights_digest


@dataclass(frozen=True, eq=False)
class CropItem:
    """A view of a photograph."""

    size: tuple[int, int]  # height and width of what is no padding
    boxes: NDArray[np.float64]  # (N,4) in shares
    scores: NDArray[np.float64]  # (N,)
    subject: NDArray[np.float64] | None  # (4,) in shares
    source: str
    picture: NDArray[np.float32] | None = None  # HxWx3 in [0,1]
    maps: tuple[NDArray[np.float16], ...] | None = None
    vector: NDArray[np.float32] | None = None  # that references are found by
    count: int = 0  # of references that this view is shown


class CropFeed:
    """Items and batches; `item` is safe to call from several threads.

    Args:
        mixture: of photographs.
        net: the cropper's configuration.
        change: how photographs are changed.
        targets: which crops are good.
        seed: of all that is drawn.
        views: of a photograph, each epoch taking the next; 0: a new one each time.
        cache: where maps are kept; None computes them each time. Only with views and a backbone
            that is frozen.
        references: photographs to retrieve from.
        shown: of them at most; each view is shown between none and so many.
    """

    def __init__(
        self,
        mixture: Mixture,
        net: CropDetrConfig,
        change: CropAugmentConfig,
        targets: TargetConfig,
        *,
        seed: int = 0,
        views: int = 0,
        cache: Path | None = None,
        references: ReferenceSet | None = None,
        shown: int = 10,
    ) -> None:
        self.mixture, self.net, self.change, self.targets = mixture, net, change, targets
        self._seed, self._views, self.references, self._shown = seed, views, references, shown
        # only its weights are the same in every network
        embedded = net.backbone == "embedded" and not net.train_backbone
        keeps = views and embedded and net.square
        self._cache = cache if keeps else None
        self._lock = threading.Lock()
        self._backbone = open_backbone(net).eval() if keeps else None
        self._encoder = ReferenceEncoder() if references is not None else None
        values = [net.backbone, net.stages, net.square, net.normalise, asdict(change), seed]
        if self._cache is not None and self._backbone is not None:
            values += [self._encoder is not None, *_weights_digest(self._backbone)]
        self._seal = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
        self._orders: dict[int, list[tuple[int, int]]] = {}
        self._digests: dict[Path, str] = {}  # of photographs' files

    def item(self, epoch: int, place: int) -> CropItem:
        """That of a place in an epoch.

        Raises:
            ImageError, DataError: the photograph or its crops cannot be read.
        """
        if epoch not in self._orders:
            self._orders = {epoch: self.mixture.epoch(self._seed, epoch)} | {
                e: order for e, order in self._orders.items() if e == epoch - 1
            }
        example = self.mixture.example(*self._orders[epoch][place])
        return self.view(example, epoch)

    def view(self, example: CropExample, epoch: int) -> CropItem:
        """The view of a photograph in an epoch."""
        number = epoch % self._views if self._views else epoch
        names = ("crop-view", example.source, example.picture.name, str(number))
        draws = generator(self._seed, "crop-references", *names, str(epoch))
        count = int(draws.integers(0, self._shown + 1)) if self.references is not None else 0
        file = self._file(example, names)
        if file is not None and file.is_file():
            return _read(file, example.source, count)
        picture = load_picture(example.picture)
        sample = augment(picture.over(), example, self.change, generator(self._seed, *names))
        item = self._item(sample, count)
        if file is not None:
            _write(file, item)
        return item

    def _file(self, example: CropExample, names: Sequence[str]) -> Path | None:
        """Where a view is, or will be, kept."""
        if self._cache is None:
            return None
        picture = example.picture
        if picture not in self._digests:  # once a run, not once a view, for that reads the file
            self._digests[picture] = photo_digest(picture)
        known = example.boxes.tobytes() + example.scores.tobytes()
        subject = None if example.subject is None else [float(edge) for edge in example.subject]
        known += json.dumps([subject, example.weak]).encode()
        crops = hashlib.sha256(known).hexdigest()
        parts = "\0".join((*names, self._digests[picture], crops))
        key = hashlib.sha256(parts.encode()).hexdigest()[:24]
        return self._cache / self._seal / f"{key}.safetensors"

    def _item(self, sample: Sample, count: int) -> CropItem:
        height, width = sample.picture.shape[:2]
        rest = (height, width), sample.boxes, sample.scores, sample.subject, sample.source
        if self._backbone is None:
            vector = None
            if self._encoder is not None:
                with self._lock:
                    rgb = np.rint(sample.picture * 255).astype(np.uint8)
                    vector = self._encoder.encode(rgb)[1]
            return CropItem(*rest, picture=sample.picture, vector=vector, count=count)
        pictures, pad = padded([sample.picture], self.net.square)
        with self._lock, torch.no_grad():
            maps = self._backbone(pictures, pad)
        vector = None
        if self.net.backbone == "embedded" and self.net.stages[-1] == STAGE:
            vector = vector_of(seen_part(maps[-1][0], (height, width), self.net.stride))
        elif self._encoder is not None:
            with self._lock:
                vector = self._encoder.encode(np.rint(sample.picture * 255).astype(np.uint8))[1]
        halves = tuple(m[0].half().numpy() for m in maps)
        return CropItem(*rest, maps=halves, vector=vector, count=count)

    def batch(
        self, items: Sequence[CropItem], device: str = "cpu"
    ) -> tuple[CropInputs, list[CropTarget]]:
        """What the network is given, and what it should answer."""
        square = self.net.square
        inputs: CropInputs
        if items[0].maps is not None:
            sizes = [item.size for item in items]
            maps = [
                torch.from_numpy(np.stack(level)).to(device).float()
                for level in zip(*(item.maps for item in items if item.maps), strict=True)
            ]
            inputs = CropInputs(pads(sizes, square).to(device), maps=maps)
        else:
            shown = [item.picture for item in items if item.picture is not None]
            pictures, pad = padded(shown, square)
            inputs = CropInputs(pad.to(device), pictures=pictures.to(device))
        if self.references is not None:
            inputs = self._shown_beside(inputs, items, self.references, device)
        return inputs, [self._target(item, device) for item in items]

    def _shown_beside(
        self, inputs: CropInputs, items: Sequence[CropItem], references: ReferenceSet, device: str
    ) -> CropInputs:
        """The inputs with what is retrieved for each item, none of it of its own photograph."""
        count = max(self._shown, 1)
        tokens, missing, texts = [], [], []
        for item in items:
            assert item.vector is not None
            nearest = references.nearest(item.vector, item.count, item.source)
            taken = references.taken(nearest, count)
            tokens.append(taken[0])
            missing.append(taken[1])
            if (said := references.said(nearest, count)) is not None:
                texts.append(said)
        found = Retrieved(torch.stack(tokens), torch.stack(missing)).to(device)
        text = None
        if texts:
            parts = torch.cat([t.tokens for t in texts]), torch.cat([t.pad for t in texts])
            text = Retrieved(*parts).to(device)
        return CropInputs(inputs.pad, inputs.pictures, inputs.maps, found, text)

    def _target(self, item: CropItem, device: str) -> CropTarget:
        subject = item.subject
        return make_target(
            torch.from_numpy(item.boxes).float().to(device),
            torch.from_numpy(item.scores).float().to(device),
            self.targets,
            None if subject is None else torch.from_numpy(subject).float().to(device),
        )


def padded(pictures: Sequence[NDArray[np.float32]], square: int = 0) -> tuple[Tensor, Tensor]:
    """Pictures HxWx3 as (B,3,h,w) and pad (B,h,w); padding is right and below, and black.

    Args:
        pictures: in [0,1].
        square: sides of the batch; else those that the largest pictures need.
    """
    height = square or max(p.shape[0] for p in pictures)
    width = square or max(p.shape[1] for p in pictures)
    batch = torch.zeros(len(pictures), 3, height, width)
    for number, picture in enumerate(pictures):
        part = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))
        batch[number, :, : part.shape[1], : part.shape[2]] = part
    sizes = [p.shape[:2] for p in pictures]
    return batch, pads(sizes, 0, (height, width))


def pads(
    sizes: Sequence[tuple[int, ...]], square: int, shape: tuple[int, int] | None = None
) -> Tensor:
    """(B,h,w) True where pictures of these heights and widths are padded."""
    found = torch.ones(len(sizes), *(shape or (square, square)), dtype=torch.bool)
    for number, (height, width) in enumerate(sizes):
        found[number, :height, :width] = False
    return found


def seen_part(top: Tensor, size: tuple[int, int], stride: int) -> Tensor:
    """Of a map (C,h,w) what shows the picture."""
    return top[:, : -(-size[0] // stride), : -(-size[1] // stride)]


def _weights_digest(backbone: Backbone) -> list[str]:
    """Of the trunk that ships, which is none of a backbone's parameters, and of those."""
    own = {name: each.cpu().numpy() for name, each in backbone.state_dict().items()}
    return [weights_digest([weights_folder() / LITE]), digest_of(own)]


def _write(file: Path, item: CropItem) -> None:
    from safetensors.numpy import save

    assert item.maps is not None
    arrays: dict[str, Any] = {f"map{number}": each for number, each in enumerate(item.maps)}
    arrays |= {"size": np.array(item.size), "boxes": item.boxes, "scores": item.scores}
    for name in ("subject", "vector"):
        if (value := getattr(item, name)) is not None:
            arrays[name] = value
    with atomic_write(file) as part:
        part.write_bytes(save({n: np.ascontiguousarray(each) for n, each in arrays.items()}))


def _read(file: Path, source: str, count: int) -> CropItem:
    from safetensors.numpy import load

    arrays = load(file.read_bytes())
    maps = tuple(arrays[f"map{n}"] for n in range(sum(name.startswith("map") for name in arrays)))
    height, width = (int(side) for side in arrays["size"])
    return CropItem(
        (height, width),
        arrays["boxes"],
        arrays["scores"],
        arrays.get("subject"),
        source,
        maps=maps,
        vector=arrays.get("vector"),
        count=count,
    )
