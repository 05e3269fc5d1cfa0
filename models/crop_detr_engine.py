"""The engines `procrop` and `multi-in-one` of `compose crop`: a trained cropper on a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.errors import ModelError
from ..core.names import printable
from .context_model import ContextModel, choose_context, load_context
from .crop_belief import CropBelief
from .crop_detr import CropDetr, CropInputs
from .crop_detr_config import CropDetrConfig
from .crop_detr_load import load_crop_detr
from .detr_parts import corners
from .reference_set import ReferenceEncoder, ReferenceSet
from .retrieval_fusion import Retrieved

SIDE = 640  # pixels of the short side that both papers test at
_LONGEST = 1333
_LEAST = 0.02  # of a side; a smaller box is no crop


@dataclass(frozen=True, eq=False)
class Detections:
    """Crops of a picture, the likeliest first."""

    boxes: NDArray[np.float64]  # (N,4) x1, y1, x2, y2 in shares, within the picture
    scores: NDArray[np.float64]  # (N,) in [0,1]
    points: NDArray[np.float64]  # (N,2) the reference point that each crop comes from, in shares
    references: tuple[str, ...]  # what was retrieved for it, the most alike first


@dataclass(frozen=True, eq=False)
class Look:
    """A picture as a cropper sees it."""

    pad: Tensor  # (1,h,w)
    maps: list[Tensor]  # of the backbone
    vector: NDArray[np.float32] | None  # that references are found by
    context: Tensor | None  # of SCRM


class DetrCropper:
    """See `crop_engine.CropEngine`; safe to call from several threads.

    Args:
        net: in evaluation mode.
        device: torch's name of the one it is on.
        references: photographs to crop like; the network has to have been trained with some.
        shown: of them at most for a picture.
        context: the second detector, where the network was trained with one.
        seed: of the context that is drawn by lot.
    """

    def __init__(
        self,
        net: CropDetr,
        device: str = "cpu",
        *,
        references: ReferenceSet | None = None,
        shown: int = 10,
        context: ContextModel | None = None,
        seed: int = 0,
    ) -> None:
        config = net.config
        if references is not None and config.fusion == "none":
            raise ModelError(
                f"this {config.engine} was trained without references, so that it can look at "
                "none; train it with --refs, or leave the references out."
            )
        if references is not None:
            _check_fit(config, references)
        if config.context in ("random", "topk") and context is None:
            raise ModelError(
                f"this {config.engine} needs the detector that it was trained with; name its file "
                "by --checkpoint context=FILE."
            )
        self.name = config.engine
        self.side = config.square or SIDE
        self._net, self._device, self._context, self._seed = net, device, context, seed
        self._references, self._shown = references, min(shown, config.references)
        self._encoder = ReferenceEncoder() if references is not None else None

    def read(self, rgb: NDArray[np.uint8]) -> CropBelief:
        """The belief about the crop of `rgb`, HxWx3: each crop as probable as its score says."""
        found = self.detect(rgb)
        weights = found.scores / found.scores.sum()
        return CropBelief(found.boxes.astype(np.float32), weights.astype(np.float32))

    def detect(self, rgb: NDArray[np.uint8], without: str | None = None) -> Detections:
        """The crops themselves.

        Args:
            rgb: HxWx3 upright sRGB.
            without: the name of a reference that is not to be retrieved.
        """
        return self.choose(self.look(rgb), without)

    def look(self, rgb: NDArray[np.uint8]) -> Look:
        """What all answers about a picture HxWx3 begin with."""
        picture, pad = self._prepared(rgb)
        vector = self._encoder.encode(rgb)[1] if self._encoder is not None else None
        with torch.inference_mode():
            maps = self._net.maps(picture, pad)
            context = None if self._context is None else self._found_context(picture, pad)
        return Look(pad, maps, vector, context)

    def choose(self, look: Look, without: str | None = None) -> Detections:
        """See `detect`; of a picture that was looked at before."""
        retrieved, text, names = self._retrieved(look.vector, without)
        with torch.inference_mode():
            answer = self._net(CropInputs(look.pad, None, look.maps, retrieved, text, look.context))
        logits, boxes = answer.logits[-1, 0].float().cpu(), answer.boxes[-1, 0].float().cpu()
        edges = corners(boxes).clamp(0, 1).double().numpy()
        scores = logits.sigmoid().double().numpy()
        points = answer.points[0].float().cpu().double().numpy()
        order = np.argsort(-scores, kind="stable")
        real = (edges[:, 2:] - edges[:, :2] >= _LEAST).all(1)
        order = order[real[order]]
        if not len(order):  # a network that has learned nothing may have no box within
            whole = np.array([[0.0, 0.0, 1.0, 1.0]])
            return Detections(whole, np.ones(1), np.full((1, 2), 0.5), names)
        return Detections(edges[order], scores[order], points[order], names)

    def _prepared(self, rgb: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
        height, width = rgb.shape[:2]
        square = self._net.config.square
        scale = min(SIDE / min(height, width), _LONGEST / max(height, width))
        if square:
            scale = square / max(height, width)
        size = [max(round(s * scale), 1) for s in (width, height)]
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = np.asarray(cv2.resize(rgb, size, interpolation=way))
        picture = torch.from_numpy(small).permute(2, 0, 1).float() / 255
        shape = (square, square) if square else picture.shape[1:]
        batch = torch.zeros(1, 3, *shape)
        batch[0, :, : size[1], : size[0]] = picture
        pad = torch.ones(1, *shape, dtype=torch.bool)
        pad[0, : size[1], : size[0]] = False
        return batch.to(self._device), pad.to(self._device)

    def _retrieved(
        self, vector: NDArray[np.float32] | None, without: str | None
    ) -> tuple[Retrieved | None, Retrieved | None, tuple[str, ...]]:
        if self._references is None or vector is None or not self._shown:
            return None, None, ()
        nearest = self._references.nearest(vector, self._shown, without)
        tokens, missing = self._references.taken(nearest, self._shown)
        names = tuple(self._references.names[i] for i in nearest)
        found = Retrieved(tokens[None], missing[None]).to(self._device)
        text = None
        if self._net.config.text_channels and (said := self._references.said(nearest, self._shown)):
            text = said.to(self._device)
        return found, text, names

    def _found_context(self, picture: Tensor, pad: Tensor) -> Tensor:
        assert self._context is not None
        features, logits = self._context(picture, pad)
        draws = torch.Generator().manual_seed(self._seed)
        return choose_context(features, logits, self._net.config, draws)


def _check_fit(config: CropDetrConfig, references: ReferenceSet) -> None:
    if config.fusion == "token-mlp":
        fits = references.tokens.shape[1:] == (config.reference_tokens, config.reference_channels)
    else:
        fits = references.tokens.shape[2] == config.reference_channels
    if not fits:
        raise ModelError(
            f"this {config.engine} was trained with references of another encoder; train it again "
            "with --refs."
        )
    if not config.text_channels:
        return
    if references.texts is None:
        raise ModelError(
            f"this {config.engine} reads what BLIP makes of references; name BLIP's folder by "
            "--checkpoint blip=FOLDER."
        )
    if references.texts.shape[2] != config.text_channels:
        raise ModelError(
            f"this {config.engine} was trained with a BLIP of another width; name that one's "
            "folder by --checkpoint blip=FOLDER."
        )


def open_detr_cropper(
    path: Path,
    engine: str,
    device: str = "cpu",
    *,
    references: ReferenceSet | None = None,
    context: Path | None = None,
    seed: int = 0,
) -> DetrCropper:
    """The engine of a file that `compose train crop` wrote.

    Args:
        path: of the file.
        engine: what it should hold.
        device: torch's name.
        references: see `DetrCropper`.
        context: the second detector's published file.
        seed: see `DetrCropper`.

    Raises:
        ModelError: it cannot be read, or holds another engine.
    """
    net = load_crop_detr(path, device)
    if net.config.engine != engine:
        raise ModelError(
            f"{printable(path)} holds engine {net.config.engine}; name it by --checkpoint "
            f"{net.config.engine}=FILE and use --engine {net.config.engine}."
        )
    model = None if context is None else load_context(context).to(device)
    return DetrCropper(net, device, references=references, context=model, seed=seed)
