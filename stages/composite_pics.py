"""Engine `pics` of compositing: the boxes painted anew by the network (section 4.5 of our notes).

Objects are painted together, at the hole, and pasted back at the picture's own resolution with a
feathered rim. Outside the rim every byte of the background stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..core.boxes import Box, round_inside
from ..core.errors import InputError, MaskError
from ..core.masks import Mask
from ..core.seeds import derive_seed
from ..models.pics_input import hint_and_masks, object_square, square_offset
from ..models.pics_load import PicsModel, load_pics
from ..models.pics_net import PicsInput
from ..models.pics_noise import SamplerConfig
from ..models.pics_sample import nothing_features, sample
from .composite_window import WindowConfig, feather, window_around

Pixels = NDArray[np.uint8]
PlacedObject = tuple[Pixels, Pixels | None, Box]  # rgb HxWx3, alpha HxW or None, box


class PicsEngine:
    """Paints objects into boxes.

    Args:
        model: the network and what it stands on.
        device: torch's name of a device, on which the model is.
        sampler: how it draws.
        window: what of the picture it sees.
        half: precision on the way, where not single.
        advance: called after every step of drawing.
    """

    name = "pics"

    def __init__(
        self,
        model: PicsModel,
        device: str = "cpu",
        sampler: SamplerConfig | None = None,
        window: WindowConfig | None = None,
        *,
        half: torch.dtype | None = None,
        advance: Callable[[], object] = lambda: None,
    ) -> None:
        self._model, self._device = model, device
        self._sampler = sampler or SamplerConfig()
        self._window = window or WindowConfig()
        self._half, self._advance = half, advance
        self._nothing = nothing_features(model.net, model.encoder)

    @property
    def knows_order(self) -> bool:
        """Whether the network can be told who is in front; the published one cannot."""
        return self._model.net.order is not None

    def compose(
        self,
        background: Pixels,
        objects: Sequence[PlacedObject],
        order: Sequence[int] | None = None,
        seed: int = 0,
    ) -> tuple[Pixels, Mask]:
        """The picture with the objects in it, and the zone outside which it is the background.

        Args:
            background: HxWx3.
            objects: each with its own pixels, its alpha (None: it stands on white) and the box of
                the background that it is painted into.
            order: the objects' indices from front to back; None lets the network decide, as the
                published one always does (see `knows_order`).
            seed: of the noise.

        Raises:
            InputError: a box is outside the picture.
            MaskError: an object is nowhere opaque.
        """
        height, width = background.shape[:2]
        boxes = _whole_boxes(objects, width, height)
        x1, y1, x2, y2 = (int(edge) for edge in window_around(boxes, width, height, self._window))
        inner = [Box(b.x1 - x1, b.y1 - y1, b.x2 - x1, b.y2 - y1) for b in boxes]
        window = background[y1:y2, x1:x2]
        painted = self._paint(window, objects, inner, order, seed)
        share = feather(inner, x2 - x1, y2 - y1, self._window)
        mixed = window + share[..., None] * (painted.astype(np.float32) - window)
        picture, zone = background.copy(), np.zeros((height, width), bool)
        touched = share > 0
        zone[y1:y2, x1:x2] = touched
        picture[zone] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)[touched]
        return picture, zone

    def _paint(
        self,
        window: Pixels,
        objects: Sequence[PlacedObject],
        boxes: Sequence[Box],
        order: Sequence[int] | None,
        seed: int,
    ) -> Pixels:
        """The window as the network paints it, of the window's size."""
        net, side = self._model.net, self._model.net.config.side
        hint, masks = hint_and_masks(window, boxes, side)
        squares = np.stack(
            [object_square(rgb, alpha, net.config.object_side) for rgb, alpha, _ in objects]
        )
        shown = torch.from_numpy(squares).permute(0, 3, 1, 2).float() / 255
        ranks = None
        if order is not None and self.knows_order:
            ranks = torch.tensor([[list(order).index(k) for k in range(len(objects))]])
        known = PicsInput(
            torch.from_numpy(hint)[None].to(self._device),
            torch.from_numpy(masks)[None].to(self._device),
            self._model.encoder(shown.to(self._device))[None],
            None if ranks is None else ranks.to(self._device),
        )
        noise = torch.Generator().manual_seed(derive_seed(seed, "composite-pics"))
        drawn = sample(
            net, self._model.codec, known, self._nothing, noise, self._sampler,
            half=self._half, advance=self._advance,
        )  # fmt: skip
        square = ((drawn[0].float().cpu() + 1) * 127.5).round().clamp(0, 255).byte()
        return _out_of_square(square.permute(1, 2, 0).numpy(), *window.shape[:2])


def open_pics(path: Path, device: str = "cpu", sampler: SamplerConfig | None = None) -> PicsEngine:
    """The engine with the networks of a file; see `pics_load.load_pics` for what it may be.

    Raises:
        UsageError, ModelError: see there.
    """
    return PicsEngine(load_pics(path, device), device, sampler)


def _whole_boxes(objects: Sequence[PlacedObject], width: int, height: int) -> list[Box]:
    for number, (_, alpha, box) in enumerate(objects):
        if box.x2 <= 0 or box.y2 <= 0 or box.x1 >= width or box.y1 >= height:
            raise InputError(
                f"the box of object {number} is outside the picture; move it inside "
                f"{width}x{height}."
            )
        if alpha is not None and not alpha.any():
            raise MaskError(f"object {number} is nowhere opaque; give it a mask that marks it.")
    rounded = round_inside(np.asarray([box for *_, box in objects]), width, height)
    return [Box(*(float(edge) for edge in row)) for row in rounded]


def _out_of_square(square: Pixels, height: int, width: int) -> Pixels:
    """What `to_square` and a resize made of a picture of this size, undone."""
    longer = max(height, width)
    way = cv2.INTER_CUBIC if longer > len(square) else cv2.INTER_AREA
    large = np.asarray(cv2.resize(square, (longer, longer), interpolation=way), np.uint8)
    top, left = square_offset(height, width)
    return large[top : top + height, left : left + width]
