"""Good photographs as tokens and vectors, for croppers that are shown some (section 3.2).

Tokens and vectors come from the convolutional trunk that ships, so that a set is made without any
other weights; what is searched is exact.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..core.errors import ModelError
from ..core.files import atomic_write
from ..core.names import printable
from .crop_detr_backbone import EmbeddedBackbone
from .crop_detr_config import CropDetrConfig
from .retrieval_fusion import Retrieved

SIDE = 256  # pixels of the long side
CELLS = 4  # a side; their square are the tokens of a photograph
STAGE = 6  # the trunk's last map, stride 32


class ReferenceEncoder:
    """Pictures to tokens (16,352) and a vector (352,) of length 1."""

    def __init__(self) -> None:
        self._trunk = EmbeddedBackbone(CropDetrConfig(backbone="embedded", stages=(STAGE,)))

    def encode(self, rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
        """Of a picture HxWx3."""
        height, width = rgb.shape[:2]
        scale = SIDE / max(height, width)
        size = [max(round(s * scale), 1) for s in (width, height)]
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(rgb, size, interpolation=way)
        picture = torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255
        pad = torch.zeros(1, *picture.shape[2:], dtype=torch.bool)
        top = self._trunk(picture, pad)[0][0]
        tokens = F.adaptive_avg_pool2d(top, CELLS).flatten(1).T
        return tokens.half().numpy(), vector_of(top)


def vector_of(top: Tensor) -> NDArray[np.float32]:
    """(C,) the direction of the mean of a map (C,h,w)."""
    return np.asarray(F.normalize(top.float().mean((1, 2)), dim=0).numpy(), np.float32)


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """N photographs."""

    tokens: NDArray[np.float16]  # (N,T,C)
    vectors: NDArray[np.float32]  # (N,E) of length 1
    names: tuple[str, ...]  # (N,) which photograph each is, or is of
    texts: NDArray[np.float16] | None = None  # (N,W,D) what BLIP makes of each and its caption
    silent: NDArray[np.bool_] | None = None  # (N,W) True where a text has no token

    def __len__(self) -> int:
        return len(self.names)

    def nearest(
        self, vector: NDArray[np.floating], count: int, without: str | None = None
    ) -> NDArray[np.int64]:
        """Up to `count` photographs, the most alike first, none of the name `without`."""
        likeness = self.vectors @ np.asarray(vector, np.float32)
        order = np.argsort(-likeness, kind="stable")
        found = [i for i in order[: count + self.names.count(without or "")]
                 if self.names[i] != without]  # fmt: skip
        return np.array(found[:count], np.int64)

    def taken(self, which: NDArray[np.int64], count: int) -> tuple[Tensor, Tensor]:
        """Tokens (count,T,C) and which are missing (count,), of photographs from `nearest`."""
        tokens = torch.zeros(count, *self.tokens.shape[1:])
        tokens[: len(which)] = torch.from_numpy(self.tokens[which]).float()
        return tokens, torch.arange(count) >= len(which)

    def said(self, which: NDArray[np.int64], count: int) -> Retrieved | None:
        """The texts (1,count,W,D) of photographs from `nearest`; None where there are none."""
        if self.texts is None or self.silent is None:
            return None
        tokens = torch.zeros(1, count, *self.texts.shape[1:])
        pad = torch.ones(1, count, self.texts.shape[1], dtype=torch.bool)
        tokens[0, : len(which)] = torch.from_numpy(self.texts[which]).float()
        pad[0, : len(which)] = torch.from_numpy(self.silent[which])
        return Retrieved(tokens, pad)

    def save(self, path: Path) -> None:
        """Write it as .npz.

        Raises:
            OutputError: it cannot be written.
        """
        with atomic_write(path) as part, part.open("wb") as stream:
            texts: dict[str, Any] = {}
            if self.texts is not None:
                texts = {"texts": self.texts, "silent": self.silent}
            names = np.array(self.names)
            np.savez(stream, tokens=self.tokens, vectors=self.vectors, names=names, **texts)


def load_references(path: Path) -> ReferenceSet:
    """What `ReferenceSet.save` wrote.

    Raises:
        ModelError: it is no such file.
    """
    try:
        # opened here, for numpy leaves a damaged file open
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            names = tuple(str(name) for name in kept["names"])
            texts = (kept["texts"], kept["silent"]) if "texts" in kept else ()
            found = ReferenceSet(kept["tokens"], kept["vectors"], names, *texts)
        shapes = found.tokens.ndim, found.vectors.ndim, len(found.tokens), len(found.vectors)
        if shapes != (3, 2, len(names), len(names)):
            raise ValueError("its parts do not fit")
        return found
    except (OSError, KeyError, ValueError, TypeError, EOFError, BadZipFile, zlib.error) as error:
        raise ModelError(
            f"{printable(path)} is no set of references ({error}); make it anew."
        ) from None


def encode_all(
    pictures: Sequence[NDArray[np.uint8]],
    names: Sequence[str],
    encoder: ReferenceEncoder,
    texts: Sequence[Tensor] | None = None,
) -> ReferenceSet:
    """The set of pictures HxWx3, at least one.

    Args:
        texts: (W,D) what BLIP makes of each picture and its caption; of any lengths.
    """
    encoded = [encoder.encode(rgb) for rgb in pictures]
    tokens, vectors = zip(*encoded, strict=True)
    parts = np.stack(tokens), np.stack(vectors), tuple(names)
    if texts is None:
        return ReferenceSet(*parts)
    longest = max(len(text) for text in texts)
    lines = [F.pad(text.half(), (0, 0, 0, longest - len(text))).numpy() for text in texts]
    silent = np.array([[at >= len(text) for at in range(longest)] for text in texts])
    return ReferenceSet(*parts, np.stack(lines), silent)
