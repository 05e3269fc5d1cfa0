"""A SAM network of either version that looks at a picture once and then answers prompts.

The first version sees the picture with its own proportions in the upper left of a square, the
second sees it stretched to the square.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from ..core.boxes import Box
from .sam_pixels import normalised, picture_key


class SamPredictor:
    """See `amg.PointPredictor`.

    Args:
        net: transformers' `SamModel` or `Sam2Model` with its weights.
        device: torch's name of a device.
    """

    def __init__(self, net: nn.Module, device: str = "cpu") -> None:
        self._net = net.eval().requires_grad_(False).to(device)
        self._device = device
        config: Any = net.config
        self._side = int(config.prompt_encoder_config.image_size)
        self._mask_side = 4 * self._side // int(config.prompt_encoder_config.patch_size)
        self._square = config.model_type != "sam"
        self._key = b""
        self._size = (0, 0)  # width and height of the picture
        self._inner = (0, 0)  # and as the network sees it
        self._embedding: Tensor | list[Tensor]

    def look(self, rgb: NDArray[np.uint8]) -> None:
        """Embed a picture HxWx3, unless it is the one embedded last."""
        key = picture_key(rgb)
        if key == self._key:
            return
        height, width = rgb.shape[:2]
        self._size, self._key = (width, height), key
        scale = self._side / max(width, height)
        kept = (max(int(width * scale + 0.5), 1), max(int(height * scale + 0.5), 1))
        self._inner = (self._side, self._side) if self._square else kept
        small = Image.fromarray(rgb).resize(self._inner, Image.Resampling.BILINEAR)
        pixels = np.zeros((1, 3, self._side, self._side), np.float32)
        pixels[0, :, : self._inner[1], : self._inner[0]] = normalised(np.asarray(small))
        batch = torch.from_numpy(pixels).to(self._device)
        with torch.inference_mode():
            self._embedding = self._net.get_image_embeddings(batch)  # type: ignore[operator]

    def at_points(
        self, points: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Three answers at each of the points (N,2): logits (N,3,h,w) and expected IoU (N,3)."""
        prompts = torch.from_numpy(self._scaled(points)).to(self._device)[None, :, None]
        labels = torch.ones(prompts.shape[:3], dtype=torch.int32, device=self._device)
        return self._ask(input_points=prompts, input_labels=labels)

    def at_prompt(
        self,
        points: NDArray[np.float64],
        labels: NDArray[np.bool_],
        box: Box | None,
        mask: NDArray[np.float32] | None,
        *,
        several: bool,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Answers at one prompt: logits (K,h,w) and expected IoU (K).

        Args:
            points: (N,2), x and y in pixels of the picture.
            labels: (N,), whether each is on the object.
            box: around the object.
            mask: a first guess, as logits HxW.
            several: whether to give three answers instead of one.
        """
        given: dict[str, Tensor] = {}
        if len(points):
            given["input_points"] = self._tensor(self._scaled(points))[None, None]
            given["input_labels"] = self._tensor(labels.astype(np.int32))[None, None]
        if box is not None:
            corners = self._scaled(np.array(box, np.float64).reshape(2, 2))
            given["input_boxes"] = self._tensor(corners.reshape(1, 1, 4))
        if mask is not None:
            given["input_masks"] = self._tensor(self._mask_input(mask))[None, None]
        logits, expected = self._ask(**given, several=several)
        return logits[0], expected[0]

    def enlarged(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (h,w) of an answer at the picture's size HxW."""
        square = cv2.resize(logits, (self._side, self._side), interpolation=cv2.INTER_LINEAR)
        inner = square[: self._inner[1], : self._inner[0]]
        return np.asarray(cv2.resize(inner, self._size, interpolation=cv2.INTER_LINEAR), np.float32)

    def _ask(
        self,
        *,
        several: bool = True,
        input_points: Tensor | None = None,
        input_labels: Tensor | None = None,
        input_boxes: Tensor | None = None,
        input_masks: Tensor | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        kept = self._embedding
        with torch.inference_mode():
            found = self._net(
                image_embeddings=kept if isinstance(kept, Tensor) else list(kept),
                input_points=input_points,
                input_labels=input_labels,
                input_boxes=input_boxes,
                input_masks=input_masks,
                multimask_output=several,
            )
        logits, expected = found.pred_masks[0].float().cpu(), found.iou_scores[0].float().cpu()
        return logits.numpy(), expected.numpy()

    def _scaled(self, points: NDArray[np.float64]) -> NDArray[np.float32]:
        factors = np.array(self._inner, np.float64) / self._size
        return np.asarray(points * factors, np.float32)

    def _mask_input(self, mask: NDArray[np.float32]) -> NDArray[np.float32]:
        share = self._mask_side / self._side
        inside = [max(round(side * share), 1) for side in self._inner]
        small = np.full((self._mask_side, self._mask_side), mask.min(), np.float32)
        part = cv2.resize(mask, (inside[0], inside[1]), interpolation=cv2.INTER_AREA)
        small[: inside[1], : inside[0]] = part
        return small

    def _tensor(self, values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._device)
